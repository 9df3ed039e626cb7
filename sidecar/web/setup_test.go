package web

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// checking is a node of which only the checks are asked.
type checking struct {
	Node
	made    int
	verdict string
}

func (c *checking) Checks(context.Context) []Check {
	c.made++
	return []Check{{Verdict: c.verdict, What: "node"}}
}

func TestACheckThatMissesSomethingIsSoonMadeAgain(t *testing.T) {
	now := time.Unix(1_800_000_000, 0)
	for verdict, kept := range map[string]time.Duration{"missing": missingAge, "warn": checkAge, "ok": checkAge} {
		node := &checking{verdict: verdict}
		c := checks{now: func() time.Time { return now }}
		c.run(t.Context(), node)
		now = now.Add(kept - time.Millisecond)
		c.run(t.Context(), node)
		require.Equal(t, 1, node.made, verdict)
		now = now.Add(time.Millisecond)
		c.run(t.Context(), node)
		require.Equal(t, 2, node.made, verdict)
	}
}
