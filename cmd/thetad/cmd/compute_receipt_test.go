package cmd_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	abci "github.com/cometbft/cometbft/abci/types"
	"github.com/stretchr/testify/require"

	"github.com/thetaedge/theta/testutil/edge"
	"github.com/thetaedge/theta/testutil/rpcnode"
)

func TestReceiptIsShownOnceItIsProven(t *testing.T) {
	chain, id := edge.SettledJob(t)
	started := time.Now().Add(-time.Hour)
	node, witness := rpcnode.Start(t, chain, "validators", started), rpcnode.Start(t, chain, "validators", started)
	liar := rpcnode.Start(t, chain, "strangers", started)
	root := []string{"--trust-height", "5", "--trust-hash", fmt.Sprintf("%X", node.Header(5).Hash())}
	home := t.TempDir()
	ask := func(flags []string, command ...string) (string, error) {
		return run(t, home, slices.Concat([]string{"compute"}, command, flags, []string{"--node", node.Address})...)
	}
	inJSON := []string{"--output", "json"}

	for name, flags := range map[string][]string{
		"from a root":                root,
		"from a root with a witness": append([]string{"--witness", witness.Address}, root...),
		"by two nodes":               {"--witness", witness.Address},
	} {
		t.Run(name, func(t *testing.T) {
			out, err := ask(slices.Concat(flags, inJSON), "receipt", id.String())
			require.NoError(t, err)
			require.Contains(t, out, `"status":"CHUNK_STATUS_ACCEPTED"`)
			out, err = ask(slices.Concat(flags, inJSON), "job", id.String())
			require.NoError(t, err)
			require.Contains(t, out, `"status":"JOB_STATUS_COMPLETED"`)
		})
	}
	for name, c := range map[string]struct {
		flags, command []string
		says           string
	}{
		"what is not there":      {root, []string{"receipt", id.String(), "7"}, "the record does not exist"},
		"no such job":            {root, []string{"job", "1-2-3"}, "the record does not exist"},
		"a node of its own":      {[]string{"--witness", liar.Address}, []string{"receipt", id.String()}, "one of them lies"},
		"nobody to trust":        {nil, []string{"receipt", id.String()}, "expected a header to trust"},
		"half a root":            {root[:2], []string{"receipt", id.String()}, "64 hex digits"},
		"another chain":          {append([]string{"--chain-id", "another"}, root...), []string{"receipt", id.String()}, "expected a node of chain another"},
		"files that are not his": {root, []string{"verify", id.String(), "--dir", t.TempDir()}, "does not exist"},
		"no task":                {root, []string{"receipt", id.String(), "first"}, "number of a task"},
	} {
		t.Run(name, func(t *testing.T) {
			out, err := ask(c.flags, c.command...)
			require.ErrorContains(t, err, c.says)
			require.Empty(t, out)
		})
	}

	node.Answer = func(a *abci.ResponseQuery) { a.Value[0] ^= 1 }
	out, err := ask(root, "receipt", id.String())
	require.ErrorContains(t, err, "proof does not hold")
	require.Empty(t, out)
}

func TestReceiptOfAnArraysTaskIsProvenUnderTheJobsRoot(t *testing.T) {
	chain, id, results := edge.SettledArray(t, 4)
	node := rpcnode.Start(t, chain, "validators", time.Now().Add(-time.Hour))
	node.Results = results
	flags := []string{"--trust-height", "5", "--trust-hash", fmt.Sprintf("%X", node.Header(5).Hash()), "--node", node.Address, "--output", "json"}
	home := t.TempDir()
	out, err := run(t, home, slices.Concat([]string{"compute", "receipt", id.String(), "3"}, flags)...)
	require.NoError(t, err)
	require.Contains(t, out, `"task":"3"`)
	require.Contains(t, out, `"status":"CHUNK_STATUS_ACCEPTED"`)

	_, err = run(t, home, slices.Concat([]string{"compute", "receipt", id.String(), "4"}, flags)...)
	require.ErrorContains(t, err, "has no receipt of that task")
}
