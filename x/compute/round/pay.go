package round

import (
	"errors"

	"cosmossdk.io/math"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/thetaedge/theta/x/compute/types"
	edgenodetypes "github.com/thetaedge/theta/x/edgenode/types"
)

// Left returns what the chunk may still spend of its job's escrow in addition to the cost of
// its draws, in the reward's denom.
func (t *Chunk) Left() math.Int {
	return t.job.ReserveOf(t.count()).Sub(t.record.DrawFees).Sub(t.note.Spent)
}

// spend takes an amount from the chunk's reserve.
func (t *Chunk) spend(amount math.Int) error {
	if t.Left().LT(amount) {
		return types.ErrInsufficientEscrow.Wrapf("task %d of job %s has %s left, owes %s", t.record.Index, t.job.Id, t.Left(), amount)
	}
	t.note.Spent = t.note.Spent.Add(amount)
	return nil
}

// from returns the origin of a credit that the chunk makes.
func (t *Chunk) from(source types.CreditSource) types.CreditOrigin {
	return types.CreditOrigin{Source: source, Job: t.id, Task: t.record.Index}
}

// payFromEscrow credits an amount from the chunk's reserve to a node.
func (t *Chunk) payFromEscrow(b *ballot, amount math.Int, source types.CreditSource) error {
	if !amount.IsPositive() {
		return nil
	}
	if err := t.spend(amount); err != nil {
		return err
	}
	b.outcome.Paid = b.outcome.Paid.Add(amount)
	_, err := t.deps.Rewards.CreditReward(t.ctx, b.operator, sdk.NewCoin(t.job.Reward.Denom, amount), t.from(source))
	return err
}

// burnFromEscrow burns an amount from the chunk's reserve. In denoms other than the fee denom,
// the amount goes to the community pool: burning a voucher would not return the coins behind it.
func (t *Chunk) burnFromEscrow(amount math.Int) error {
	if !amount.IsPositive() {
		return nil
	}
	if err := t.spend(amount); err != nil {
		return err
	}
	t.burned = t.burned.Add(amount)
	requester, err := t.operator(t.job.Requester)
	if err != nil {
		return err
	}
	return t.deps.Rewards.Discard(t.ctx, requester, sdk.NewCoin(t.job.Reward.Denom, amount))
}

func (t *Chunk) bondDenom() (string, error) {
	params, err := t.deps.Nodes.Params(t.ctx)
	return params.BondDenom, err
}

// The record of a chunk contains the cost of its draws, which is never more than the chunk has
// set aside for them. It is burned when the chunk ends: the money moves once, and escrow holds
// it until then.

// charged reports whether the requester pays for the round's draws: they pay for the draws of
// the replicas that they ask for. The chain calls judges and auditors, and the number of
// draws for them is bounded.
func (t *Chunk) charged() bool { return t.drawsReplicas() && t.job.SeatFee.IsPositive() }

// charge adds a fee to the cost of the draws, at most up to the fees that the chunk has set
// aside.
func (t *Chunk) charge(fee math.Int) {
	t.record.DrawFees = math.MinInt(t.record.DrawFees.Add(fee), t.job.DrawReserve(t.count()))
}

// chargeDraw charges a draw that did not find a candidate.
func (t *Chunk) chargeDraw() {
	if t.charged() {
		t.charge(t.params.IdleFee(&t.job, t.count()))
	}
}

// chargeSeat charges a seat that its node has left, for whatever reason. If such a seat were
// drawn again for free, a requester could keep the inputs from other nodes, or use a program
// that no machine survives, until their own nodes hold all seats.
func (t *Chunk) chargeSeat() {
	if t.charged() {
		t.charge(t.job.SeatFeeOf(t.count()))
	}
}

// drawsUnpaid reports whether the chunk has spent all that it set aside for draws.
func (t *Chunk) drawsUnpaid() bool {
	return t.charged() && t.record.DrawFees.GTE(t.job.DrawReserve(t.count()))
}

// paySeats burns the fee of each seat of a chunk that ends without a verdict, less the cost of
// its draws and attempts. Otherwise a requester could draw again for free until their own
// nodes hold all seats. A chunk for which no node was drawn, or is about to be drawn, does not
// pay for seats.
func (t *Chunk) paySeats(ballots []ballot, drawing bool) error {
	if !drawing && len(ballots) == 0 && len(t.record.Departed) == 0 {
		return nil
	}
	paid := t.record.DrawFees
	for i := range ballots {
		paid = paid.Add(ballots[i].outcome.Paid)
	}
	due := t.job.SeatFeeOf(t.count()).MulRaw(int64(t.current().Target)).Sub(paid)
	return t.burnFromEscrow(math.MinInt(due, t.Left()))
}

// burnDrawFees burns the cost of the draws.
func (t *Chunk) burnDrawFees() error {
	fees := t.record.DrawFees
	t.record.DrawFees = math.ZeroInt()
	return t.burnFromEscrow(fees)
}

// namedNodeLost ends a chunk if its named node may not take work, and reports whether it did.
func (t *Chunk) namedNodeLost() (bool, error) {
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
	return true, t.abort(types.CHUNK_STATUS_EXPIRED)
}
