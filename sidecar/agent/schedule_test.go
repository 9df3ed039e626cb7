package agent

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/thetaedge/theta/sidecar/bid"
	"github.com/thetaedge/theta/sidecar/store"
	computetypes "github.com/thetaedge/theta/x/compute/types"
)

// TestAnAuditGetsAPlaceBeforeAChunkThatCanWait: assignments that do not wait for a place keep the
// order of their deadlines.
func TestAnAuditGetsAPlaceBeforeAChunkThatCanWait(t *testing.T) {
	const height = 100
	spec := &computetypes.JobSpec{Resources: computetypes.Resources{Fuel: 10}, CommitBlocks: 100}
	all := assignments{}
	add := func(task uint64, phase store.Phase, deadline int64, tasks uint64, samples ...uint32) *assignment {
		key := store.Key{JobID: "1-0-0", Task: task}
		w := &assignment{
			record: store.Assignment{Key: key, Phase: phase, Deadlines: store.Deadlines{Commit: deadline}}, spec: spec,
			item: &computetypes.WorkItem{Count: tasks, Samples: samples}, executing: phase == store.PhaseRunning,
		}
		all[key] = w
		return w
	}
	committed := add(1, store.PhaseCommitted, 120, 50)
	running := add(2, store.PhaseRunning, 130, 50)
	chunk := add(3, store.PhaseAssigned, 170, 50)
	revealed := add(4, store.PhaseRevealed, 180, 50)
	audit := add(5, store.PhasePreparing, 190, 50, 3, 7)
	require.Equal(t, []*assignment{committed, running, audit, revealed, chunk}, all.inTurn(bid.Policy{MaxJobs: 1, FuelPerBlock: 20}, height))
	chunk.record.Deadlines.Commit = 151
	require.Equal(t, []*assignment{committed, running, chunk, revealed, audit}, all.inTurn(bid.Policy{MaxJobs: 1, FuelPerBlock: 20}, height), "the chunk would be late")
	require.Equal(t, all.byUrgency(), all.inTurn(bid.Policy{MaxJobs: 1}, height), "no rate")
}
