package round

import (
	"errors"

	"cosmossdk.io/math"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/thetaedge/theta/x/compute/types"
	edgenodetypes "github.com/thetaedge/theta/x/edgenode/types"
)

// Left returns what the task may still spend of its job's escrow beside what its draws
// have cost, in the reward's denom.
func (t *Task) Left() math.Int { return t.job.TaskReserve.Sub(t.record.DrawFees).Sub(t.note.Spent) }

// spend takes an amount of what the task has reserved.
func (t *Task) spend(amount math.Int) error {
	if t.Left().LT(amount) {
		return types.ErrInsufficientEscrow.Wrapf("task %d of job %s has %s left, owes %s", t.record.Index, t.job.Id, t.Left(), amount)
	}
	t.note.Spent = t.note.Spent.Add(amount)
	return nil
}

// payFromEscrow credits what the task has reserved.
func (t *Task) payFromEscrow(operator sdk.AccAddress, outcome *types.Outcome, amount math.Int) error {
	if !amount.IsPositive() {
		return nil
	}
	if err := t.spend(amount); err != nil {
		return err
	}
	outcome.Paid = outcome.Paid.Add(amount)
	_, err := t.deps.Rewards.CreditReward(t.ctx, operator, sdk.NewCoin(t.job.Reward.Denom, amount))
	return err
}

// burnFromEscrow burns what the task has reserved.
func (t *Task) burnFromEscrow(amount math.Int) error {
	if !amount.IsPositive() {
		return nil
	}
	if err := t.spend(amount); err != nil {
		return err
	}
	t.burned = t.burned.Add(amount)
	return t.deps.Bank.BurnCoins(t.ctx, types.ModuleName, sdk.NewCoins(sdk.NewCoin(t.job.Reward.Denom, amount)))
}

func (t *Task) bondDenom() (string, error) {
	params, err := t.deps.Nodes.Params(t.ctx)
	return params.BondDenom, err
}

// What draws cost a task stands in its record, is never more than it has set aside for
// them, and is burned with its end: money moves once, and until then escrow holds it.

// charged reports whether what draws cost is the requester's: those of the replicas that
// the requester asks for. The requester does not decide about calls, and their number is
// bounded.
func (t *Task) charged() bool { return t.drawsReplicas() && t.job.SeatFee.IsPositive() }

// charge adds to what draws have cost, as far as the task has set fees aside.
func (t *Task) charge(fee math.Int) {
	t.record.DrawFees = math.MinInt(t.record.DrawFees.Add(fee), t.job.DrawReserve())
}

// chargeDraw charges a draw that has brought no candidate.
func (t *Task) chargeDraw() {
	if t.charged() {
		t.charge(t.params.IdleFee(&t.job))
	}
}

// chargeSeat charges a seat that its node has left, in whatever way. If a
// new draw cost nothing, a requester could make other nodes leave, by withholding the inputs
// or with a program that no machine survives, until the requester's own nodes hold all seats.
func (t *Task) chargeSeat() {
	if t.charged() {
		t.charge(t.job.SeatFee)
	}
}

// drawsUnpaid reports whether the task has nothing left to draw with.
func (t *Task) drawsUnpaid() bool {
	return t.charged() && t.record.DrawFees.GTE(t.job.DrawReserve())
}

// paySeats charges the requester of a task that ends without a verdict the fee of each
// seat, less what its draws and attempts have cost: otherwise a requester could draw until
// its own nodes hold all seats. A task for which no node was drawn, or is about to be
// drawn, costs nothing.
func (t *Task) paySeats(ballots []ballot, drawing bool) error {
	if !drawing && len(ballots) == 0 && len(t.record.Departed) == 0 {
		return nil
	}
	paid := t.record.DrawFees
	for i := range ballots {
		paid = paid.Add(ballots[i].outcome.Paid)
	}
	due := t.job.SeatFee.MulRaw(int64(t.current().Target)).Sub(paid)
	return t.burnFromEscrow(math.MinInt(due, t.Left()))
}

// burnDrawFees burns what draws have cost.
func (t *Task) burnDrawFees() error {
	fees := t.record.DrawFees
	t.record.DrawFees = math.ZeroInt()
	return t.burnFromEscrow(fees)
}

// namedNodeLost ends a task whose named node may take on no work, and says whether it
// has.
func (t *Task) namedNodeLost() (bool, error) {
	if !t.job.Policy.NamesNode() {
		return false, nil
	}
	operator, err := t.operator(t.job.Policy.Node)
	if err != nil {
		return false, err
	}
	node, err := t.deps.Nodes.Node(t.ctx, operator)
	if err == nil && node.State.Live(t.height()) {
		return false, nil
	}
	if err != nil && !errors.Is(err, edgenodetypes.ErrNodeNotFound) {
		return false, err
	}
	t.chargeDraw()
	return true, t.abort(types.TASK_STATUS_EXPIRED)
}
