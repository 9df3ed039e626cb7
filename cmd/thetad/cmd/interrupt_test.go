package cmd

import (
	"bytes"
	"context"
	"os"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestTheFirstInterruptEndsAWait(t *testing.T) {
	ctx, stop := untilInterrupted(t.Context())
	defer stop()
	require.NoError(t, ctx.Err())
	require.NoError(t, syscall.Kill(os.Getpid(), syscall.SIGINT))
	<-ctx.Done()
	require.ErrorContains(t, context.Cause(ctx), "interrupt")
}

func TestNothingIsSpentWithoutAPersonOrAYes(t *testing.T) {
	var out bytes.Buffer
	err := confirm(t.Context(), &out, &bytes.Buffer{}, false, "Post it?")
	require.ErrorIs(t, err, errNoTerminal)
	require.ErrorContains(t, err, "-y")
	null, err := os.Open(os.DevNull)
	require.NoError(t, err)
	defer null.Close()
	require.ErrorIs(t, confirm(t.Context(), &out, null, false, "Post it?"), errNoTerminal)
	require.NoError(t, confirm(t.Context(), &out, &bytes.Buffer{}, true, "Post it?"))
	require.Empty(t, out.String())
}
