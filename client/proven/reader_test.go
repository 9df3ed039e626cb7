// The race detector would have to compile the whole app for these tests.
//go:build !race

package proven_test

import (
	"context"
	"math"
	"slices"
	"testing"
	"time"

	abci "github.com/cometbft/cometbft/abci/types"
	"github.com/cometbft/cometbft/light/provider"
	"github.com/cometbft/cometbft/types"
	"github.com/stretchr/testify/require"

	"github.com/thetaedge/theta/client/proven"
	"github.com/thetaedge/theta/testutil/edge"
	computetypes "github.com/thetaedge/theta/x/compute/types"
)

func TestRecordsAreProvenAgainstAnyHeader(t *testing.T) {
	chain, id := edge.SettledJob(t)
	node := serve(t, chain, validators)
	reader := reader(t, node)
	want, err := chain.App.ComputeKeeper.Receipt(chain.Ctx(), id, 0)
	require.NoError(t, err)

	for name, height := range map[string]int64{"the newest": 0, "one before": chain.Height() - 1} {
		t.Run(name, func(t *testing.T) {
			receipt, record, err := reader.Receipt(t.Context(), id, 0, height)
			require.NoError(t, err)
			require.Equal(t, &want, receipt)
			if height == 0 {
				height = chain.Height()
			}
			require.Equal(t, height, record.Height)
			require.Equal(t, node.Header(height+1).Hash(), record.Header.Hash())
		})
	}

	job, _, err := reader.Job(t.Context(), id, 0)
	require.NoError(t, err)
	require.Equal(t, id.String(), job.Id)
	require.Equal(t, computetypes.JOB_STATUS_COMPLETED, job.Status)
}

func TestAbsenceIsProven(t *testing.T) {
	chain, id := edge.SettledJob(t)
	reader := reader(t, serve(t, chain, validators))
	for name, read := range map[string]func() (any, *proven.Record, error){
		"another task": func() (any, *proven.Record, error) {
			receipt, record, err := reader.Receipt(t.Context(), id, 1, 0)
			require.Nil(t, receipt)
			return receipt, record, err
		},
		"a job that never was": func() (any, *proven.Record, error) {
			job, record, err := reader.Job(t.Context(), computetypes.JobID{Height: math.MaxInt64}, 0)
			require.Nil(t, job)
			return job, record, err
		},
		"before the job was posted": func() (any, *proven.Record, error) {
			job, record, err := reader.Job(t.Context(), id, int64(id.Height)-1)
			require.Nil(t, job)
			return job, record, err
		},
	} {
		t.Run(name, func(t *testing.T) {
			_, record, err := read()
			require.NoError(t, err)
			require.Nil(t, record.Value)
		})
	}
}

// A changed answer of a node is refused: the proof alone exposes each of these lies.
func TestTamperedAnswersAreRefused(t *testing.T) {
	chain, id := edge.SettledJob(t)
	node := serve(t, chain, validators)
	reader := reader(t, node)
	key, err := computetypes.ReceiptStoreKey(id, 0)
	require.NoError(t, err)
	absent, err := computetypes.ReceiptStoreKey(id, 1)
	require.NoError(t, err)
	honest := func(key []byte, height int64) *abci.ResponseQuery {
		answer, err := chain.App.Query(t.Context(), &abci.RequestQuery{Path: "/store/compute/key", Data: key, Height: height, Prove: true})
		require.NoError(t, err)
		return answer
	}

	for name, lie := range map[string]func(*abci.ResponseQuery){
		"another value":     func(a *abci.ResponseQuery) { a.Value[len(a.Value)-1] ^= 1 },
		"a longer value":    func(a *abci.ResponseQuery) { a.Value = append(a.Value, 0) },
		"no value":          func(a *abci.ResponseQuery) { a.Value = nil },
		"a broken proof":    func(a *abci.ResponseQuery) { a.ProofOps.Ops[0].Data[40] ^= 1 },
		"a broken root":     func(a *abci.ResponseQuery) { a.ProofOps.Ops[1].Data[40] ^= 1 },
		"no proof":          func(a *abci.ResponseQuery) { a.ProofOps = nil },
		"half a proof":      func(a *abci.ResponseQuery) { a.ProofOps.Ops = a.ProofOps.Ops[:1] },
		"a proof too many":  func(a *abci.ResponseQuery) { a.ProofOps.Ops = append(a.ProofOps.Ops, a.ProofOps.Ops[1]) },
		"steps in disorder": func(a *abci.ResponseQuery) { slices.Reverse(a.ProofOps.Ops) },
		"another step":      func(a *abci.ResponseQuery) { a.ProofOps.Ops[0].Type = "ics23:smt" },
		"another store":     func(a *abci.ResponseQuery) { a.ProofOps.Ops[1].Key = []byte("bank") },
		"another key":       func(a *abci.ResponseQuery) { a.ProofOps.Ops[0].Key = absent },
		"another record":    func(a *abci.ResponseQuery) { *a = *honest(computetypes.ParamsPrefix.Bytes(), chain.Height()) },
		"another height":    func(a *abci.ResponseQuery) { *a = *honest(key, chain.Height()-1) },
		"the proof of naught": func(a *abci.ResponseQuery) {
			other := honest(absent, chain.Height())
			a.Value, a.ProofOps = nil, other.ProofOps
		},
	} {
		t.Run(name, func(t *testing.T) {
			node.Answer = lie
			receipt, _, err := reader.Receipt(t.Context(), id, 0, 0)
			require.ErrorIs(t, err, proven.ErrProof)
			require.Nil(t, receipt)
		})
	}

	t.Run("a refusal is told from a lie", func(t *testing.T) {
		node.Answer = func(a *abci.ResponseQuery) { *a = abci.ResponseQuery{Code: 18, Codespace: "sdk", Log: "pruned"} }
		_, _, err := reader.Receipt(t.Context(), id, 0, 0)
		require.ErrorContains(t, err, "pruned")
		require.NotErrorIs(t, err, proven.ErrProof)
	})
	t.Run("the truth is believed", func(t *testing.T) {
		node.Answer = nil
		receipt, _, err := reader.Receipt(t.Context(), id, 0, 0)
		require.NoError(t, err)
		require.NotNil(t, receipt)
	})
}

func TestHeadersThatAreYetToComeAreWaitedFor(t *testing.T) {
	chain, id := edge.SettledJob(t)
	node := serve(t, chain, validators)
	late := &laggard{Provider: dial(t, node).Provider(), times: 2}
	headers, err := proven.FromRoot(t.Context(), rootAt(node, 3), late, nil, time.Now)
	require.NoError(t, err)
	receipt, _, err := proven.NewReader(dial(t, node), headers).Receipt(t.Context(), id, 0, chain.Height())
	require.NoError(t, err)
	require.NotNil(t, receipt)
	require.Zero(t, late.times)
}

// laggard is behind the first few times it is asked for a late header.
type laggard struct {
	provider.Provider
	times int
}

func (l *laggard) LightBlock(ctx context.Context, height int64) (*types.LightBlock, error) {
	if height > 3 && l.times > 0 {
		l.times--
		return nil, provider.ErrHeightTooHigh
	}
	return l.Provider.LightBlock(ctx, height)
}

func TestNothingIsProvenOfTheFirstBlock(t *testing.T) {
	chain, id := edge.SettledJob(t)
	_, _, err := reader(t, serve(t, chain, validators)).Receipt(t.Context(), id, 0, 1)
	require.ErrorContains(t, err, "expected height 2 or above, found 1")
}
