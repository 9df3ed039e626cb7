package bench

import (
	"context"
	"fmt"
	"runtime/pprof"

	abci "github.com/cometbft/cometbft/abci/types"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/thetaedge/theta/app"
	"github.com/thetaedge/theta/x/beacon/bls"
	computetypes "github.com/thetaedge/theta/x/compute/types"
)

const (
	// awake is the number of nodes of a large class that look at a job. The others are
	// asleep. The sortition factor grows with their number, so that as many claims reach the
	// chain as with the default factor if all nodes are awake.
	awake = 1_000
	// margin is the multiple of the default factor that is used, so that no draw of a cohort
	// finds too few nodes.
	margin = 2
	// maxFactor is the largest factor that the chain accepts.
	maxFactor = 1_000
)

// sortitionFactor returns the factor for a number of nodes.
func sortitionFactor(nodes int) uint32 {
	factor := margin * computetypes.DefaultParams().SortitionFactor
	return uint32(min(maxFactor, max(int(factor), int(factor)*nodes/awake))) //nolint:gosec // at most maxFactor
}

// world is a loaded chain with its people.
type world struct {
	*chain
	people *population
	beacon bls.SecretKey
	factor uint32
	// label marks blocks in a CPU profile.
	label string
}

// setup is the initial state of a world.
type setup struct {
	dir      string
	executor string
	nodes    int
	live     live
	// leaseEnd is the last height at which leases are valid; 0 means that they do not end.
	leaseEnd int64
	queue    uint32
}

// newWorld loads a chain into a new folder.
func newWorld(s setup) (*world, error) {
	beacon, err := beaconKey()
	if err != nil {
		return nil, err
	}
	defaults := computetypes.DefaultParams()
	w := &world{
		people: newPopulation(s.nodes), beacon: beacon, factor: sortitionFactor(s.nodes),
	}
	w.chain, err = openChain(s.dir, s.executor, func(ctx sdk.Context, a *app.App) error {
		l := loader{
			app: a, ctx: ctx, people: w.people, live: s.live, leaseEnd: s.leaseEnd, factor: w.factor,
			queueLimit: defaults.QueueLimit,
		}
		if s.leaseEnd == 0 {
			l.leaseEnd = neverDue
		}
		if s.queue > 0 {
			l.queueLimit = s.queue
		}
		return l.run()
	})
	if err != nil {
		return nil, fmt.Errorf("load %d nodes and %d jobs: %w", s.nodes, s.live.jobs, err)
	}
	if _, _, err := w.block(nil); err != nil {
		return nil, err
	}
	if err := w.warm(); err != nil {
		return nil, err
	}
	// The weights of new nodes count from the next epoch on.
	return w, w.roll()
}

// profiled runs a block under the world's label. Use -tagfocus to read a profile without
// signing.
func (w *world) profiled(txs [][]byte) (response *abci.ResponseFinalizeBlock, spent cost, err error) {
	pprof.Do(context.Background(), pprof.Labels("block", w.label), func(context.Context) {
		response, spent, err = w.block(txs)
	})
	return response, spent, err
}

// accepted checks that tasks have ended with a verdict. before is the number of tasks of
// their jobs that had been accepted earlier.
func (w *world) accepted(tasks []*task, before uint64) error {
	ctx, err := w.ctx()
	if err != nil {
		return err
	}
	wanted := make(map[computetypes.JobID]uint64)
	for _, t := range tasks {
		wanted[t.id]++
	}
	for id, want := range wanted {
		job, err := w.app.ComputeKeeper.Job(ctx, id)
		if err != nil {
			return err
		}
		if job.TasksAccepted != before+want {
			return fmt.Errorf("job %s: expected %d tasks accepted, found %d", id, before+want, job.TasksAccepted)
		}
	}
	return nil
}
