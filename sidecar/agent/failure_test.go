package agent

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/thetaedge/theta/executor/manifest"
	"github.com/thetaedge/theta/sidecar/store"
)

// TestANodeStatesHowManyTasksOfAChunkHaveFailed: the other replicas state the same, whether wrong
// results are slashed or not. Where they are not, the node then leaves the job to others.
func TestANodeStatesHowManyTasksOfAChunkHaveFailed(t *testing.T) {
	for name, c := range map[string]struct {
		vouched []string
		earns   uint64
		exit    int32
	}{
		"slashed":   {vouched: []string{"wasm/1"}, exit: 3},
		"majority":  {earns: 6, exit: 3},
		"succeeded": {},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			w.engine.says, w.engine.reason, w.engine.exit = said, manifest.ReasonExited, c.exit
			w.chain.read(func() { w.chain.params.DeterministicExecutors = c.vouched })
			chunk := w.chain.postChunk(w.web, 1, 6, func(t *fakeTask) {
				t.spec.Policy, t.says, t.exit = quorum, said, uint32(c.exit)
			})
			defer w.chain.blocks(2 * time.Millisecond)()
			a, stop := w.run()
			record := w.untilPhase(chunk, store.PhaseSettled)
			require.Equal(t, "paid", record.Verdict.Status, record.LastError)
			require.True(t, record.Verdict.Accepted)
			require.Equal(t, c.earns, record.Verdict.FailedTasks)
			failed := uint32(0)
			if c.exit != 0 {
				failed = 6
			}
			require.Equal(t, failed, record.FailedTasks)
			w.chain.read(func() {
				require.Len(t, chunk.record.Rounds, 1, "all three agree")
				require.Equal(t, c.earns, chunk.receipt.FailedTasks)
			})
			stop()
			left := a.shuns.Job(chunk.ref.JobId, a.view.height)
			if c.earns == 0 {
				require.Empty(t, left)
			} else {
				require.Contains(t, left, "6 of 6 tasks of it have failed, and earned the attempt fee only")
			}
		})
	}
}
