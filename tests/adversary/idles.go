package adversary

import (
	"context"
	"fmt"
	"slices"

	"cosmossdk.io/math"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/thetaedge/theta/app/params"
)

const (
	// idleJobs is the number of jobs that are open at once without a node that takes them.
	// Each is as cheap as possible.
	idleJobs = 160
	// idleLifetime is the number of blocks for which they draw.
	idleLifetime = 160
	// idleFuel is more than any machine can use in the window, according to its settings.
	idleFuel = 1 << 50
)

// idler fills the list of draws with jobs that no node can take, so that nodes look at them
// in vain and do not see the others.
type idler struct{}

func (idler) name() string { return "floods idle draws" }

func (f idler) play(ctx context.Context, s *stage) (Row, error) {
	row := Row{Behaviour: f.name(), Policy: quorumPolicy, Jobs: idleJobs}
	v, err := s.vandalise(ctx, 1, 100)
	if err != nil {
		return row, err
	}
	least := s.compute.Denoms[0].MinReward
	t := s.termsAt(inTfuel(least))
	row.Formula = fmt.Sprintf("-n·idle - posting - gas, n = draws in vain, idle = %.6f: each is paid out of what the job has set aside, until it cannot", t.idle)
	spec := s.spec()
	spec.Reward, spec.Resources.Fuel, spec.LifetimeBlocks = sdk.NewCoin(params.BaseDenom, least), idleFuel, idleLifetime
	ids, err := v.post(ctx, s, 0, spec, idleJobs)
	if err != nil {
		return row, err
	}
	posted, err := s.post(ctx, s.customer, s.spec(), s.plain, wave)
	if err != nil {
		return row, err
	}
	others, err := s.finish(ctx, posted.ids)
	if err != nil {
		return row, err
	}
	over, err := s.finish(ctx, ids)
	if err != nil {
		return row, err
	}
	if row.Trials, err = v.account(ctx, s, &row, t, over); err != nil {
		return row, err
	}
	burned := math.ZeroInt()
	first, last := over[0].job.PostedHeight, int64(0)
	for i := range over {
		burned = burned.Add(over[i].receipts[0].Burned)
		last = max(last, over[i].job.ClosedHeight)
	}
	row.Note = fmt.Sprintf("%.6f burned by draws in %d blocks; %d of %d jobs of others accepted meanwhile, half of them within %d blocks",
		inTfuel(burned), last-first, accepted(others), wave, medianLife(others))
	if accepted(others) != wave || row.Trials < idleJobs {
		return row, fmt.Errorf("expected at least %d draws in vain and the others' jobs to go on, found %d: %s", idleJobs, row.Trials, row.Note)
	}
	return row.judged(), nil
}

// medianLife returns the median number of blocks for which some jobs were open.
func medianLife(over []ended) int64 {
	lives := make([]int64, len(over))
	for i := range over {
		lives[i] = over[i].job.ClosedHeight - over[i].job.PostedHeight
	}
	slices.Sort(lives)
	return lives[len(lives)/2]
}
