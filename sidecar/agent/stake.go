package agent

import (
	"cosmossdk.io/math"

	"github.com/thetaedge/theta/sidecar/chain"
	computetypes "github.com/thetaedge/theta/x/compute/types"
)

// stakes returns what this node loses by missing each duty of a batch, and the last height at
// which each counts.
func (a *Agent) stakes(batch *chain.Batch) map[chain.Duty]chain.Stake {
	stakes := map[chain.Duty]chain.Stake{}
	add := func(action chain.Action, ref computetypes.ChunkRef) {
		stakes[chain.Duty{Action: action, Ref: ref}] = a.stakeOf(action, ref)
	}
	for _, item := range batch.Reveals {
		add(chain.Reveal, item.Ref)
	}
	for _, item := range batch.Opens {
		add(chain.Open, item.Ref)
	}
	for _, item := range batch.Commits {
		add(chain.Commit, item.Ref)
	}
	for _, item := range batch.Releases {
		add(chain.Release, item.Ref)
	}
	for _, ref := range batch.Yields {
		add(chain.Yield, ref)
	}
	return stakes
}

// stakeOf returns what the node loses by missing a duty. If a commitment would not be revealed
// or opened, that is all that the assignment locks. Before the commitment, it is the fee of a
// missed deadline; a yield costs the same, and a missed deadline may count towards jail too.
func (a *Agent) stakeOf(action chain.Action, ref computetypes.ChunkRef) chain.Stake {
	stake := chain.Stake{}
	if j, known := a.jobs[ref.JobId]; known {
		stake.Loss = j.liability
		if action == chain.Commit || action == chain.Release || action == chain.Yield {
			stake.Loss = missedFee(a.view.params, j.worth)
		}
	}
	w, tracked := a.assignments[keyOf(ref)]
	if !tracked {
		return stake
	}
	if (action == chain.Reveal || action == chain.Open) && w.item != nil && !stake.Loss.IsNil() {
		if locked := w.item.Assignment.Locked; !locked.IsNil() && locked.IsPositive() {
			stake.Loss = math.MinInt(stake.Loss, locked)
		}
	}
	if (action == chain.Commit || action == chain.Release || action == chain.Yield) && !stake.Loss.IsNil() {
		stake.Loss = stake.Loss.Mul(math.NewIntFromUint64(w.tasks())) // the fee is per task
	}
	switch action {
	case chain.Commit, chain.Yield:
		stake.Deadline = w.record.Deadlines.Commit
	case chain.Release:
		stake.Deadline = w.record.Deadlines.Prepare
	case chain.Reveal, chain.Open, chain.Claim, chain.Renew:
		stake.Deadline = w.record.Deadlines.Reveal
	}
	return stake
}

// missedFee returns nil if the worth of the reward is not known.
func missedFee(params computetypes.Params, worth math.Int) math.Int {
	if worth.IsNil() {
		return worth
	}
	return params.MissedFault(worth)
}
