package client

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"cosmossdk.io/math"

	"github.com/thetaedge/theta/app/params"
	"github.com/thetaedge/theta/executor/manifest"
	computetypes "github.com/thetaedge/theta/x/compute/types"
)

// waitingSteps is a job whose draw finds no node for a number of looks.
func waitingSteps(t *testing.T, looks int) []step {
	t.Helper()
	ended := settledWith(t, manifest.Manifest{Profile: "wasm/1", Reason: manifest.ReasonExited})
	open := computetypes.Job{Id: testJob, Status: computetypes.JOB_STATUS_OPEN, Reward: params.TfuelCoin(1), Reserved: math.ZeroInt(), Liability: math.ZeroInt(), Refunded: math.ZeroInt()}
	var steps []step
	for range looks {
		steps = append(steps, step{job: open, task: &computetypes.Chunk{Rounds: []computetypes.Round{{
			Target: 3, Phase: computetypes.ROUND_PHASE_COMMIT, Draw: &computetypes.Draw{CloseHeight: 9},
		}}}})
	}
	return append(steps, step{job: ended.Job, receipt: ended.Receipt})
}

func watched(t *testing.T, chain *chain) []string {
	t.Helper()
	var lines []string
	_, err := testClient(t, chain).Watch(t.Context(), testJob, func(p Progress) { lines = append(lines, p.String()) })
	require.NoError(t, err)
	return lines
}

func TestAJobThatWaitsSaysWhyOnceNothingHasHappenedForAWhile(t *testing.T) {
	chain := newChain()
	chain.explains = &computetypes.QueryExplainResponse{
		Waiting: computetypes.Waiting{Summary: "draw 1 for 3 of 3 nodes: nodes may claim below height 9, 0 have"},
		Fit: &computetypes.Fit{Live: 5, Fitting: 2, Busy: 1, Visited: 5, Exclusions: []computetypes.Exclusion{
			{Rule: "memory", Nodes: 3, Detail: "take at most 2GiB of memory, the job asks for 3GiB"},
		}},
	}
	chain.steps = waitingSteps(t, 3*quietLooks)
	require.Equal(t, []string{
		"candidates 0",
		"candidates 0; waits: draw 1 for 3 of 3 nodes: nodes may claim below height 9, 0 have; it fits 2 of 5 live nodes: " +
			"3 take at most 2GiB of memory, the job asks for 3GiB; 1 of them are busy",
		"settled: COMPLETED",
	}, watched(t, chain), "it is said once")

	chain.steps = waitingSteps(t, quietLooks-2)
	require.Equal(t, []string{"candidates 0", "settled: COMPLETED"}, watched(t, chain), "a short wait needs no reason")
}

func TestAChainThatCannotExplainIsWatchedAllTheSame(t *testing.T) {
	chain := newChain()
	chain.steps = waitingSteps(t, 2*quietLooks)
	require.Equal(t, "candidates 0|settled: COMPLETED", strings.Join(watched(t, chain), "|"))
}

func TestTheTaskToAskForIsTheFirstThatHasNotEnded(t *testing.T) {
	log, err := openReceiptLog(t.TempDir())
	require.NoError(t, err)
	require.Zero(t, log.firstMissing())
	for _, task := range []uint64{0, 1, 3} {
		log.tasks[task] = computetypes.Receipt{Task: task}
	}
	require.EqualValues(t, 2, log.firstMissing())
	require.False(t, Progress{Stage: StageArray}.waitsForNodes(), "its tasks run")
	require.True(t, Progress{Stage: StageArray, ChunksWaiting: 1}.waitsForNodes())
}
