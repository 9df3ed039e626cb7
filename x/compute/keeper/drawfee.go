package keeper

import (
	"errors"

	"cosmossdk.io/math"

	"github.com/thetaedge/theta/x/compute/types"
	edgenodetypes "github.com/thetaedge/theta/x/edgenode/types"
)

// What draws cost a task stands in its record, is never more than it has set aside for
// them, and is burned with its end: money moves once, and until then escrow holds it.

// charged says whether what draws cost is the requester's: those of the replicas that he
// asks for. Judges and auditors are not his to call, and a bounded number of draws seeks
// them.
func (w *work) charged() bool { return w.drawsReplicas() && w.job.SeatFee.IsPositive() }

// charge adds to what draws have cost, as far as the task has set fees aside.
func (w *work) charge(fee math.Int) {
	w.task.DrawFees = math.MinInt(w.task.DrawFees.Add(fee), w.job.DrawReserve())
}

// chargeDraw charges a draw that has brought no candidate.
func (w *work) chargeDraw() {
	if w.charged() {
		w.charge(w.params.IdleFee(&w.job))
	}
}

// chargeSeat charges a seat that its node has left, in whatever way. Were it drawn again
// for nothing, a requester could have the seats of others vacated, by keeping the inputs
// from them or by a program that no machine survives, until his own nodes hold all.
func (w *work) chargeSeat() {
	if w.charged() {
		w.charge(w.job.SeatFee)
	}
}

// drawsUnpaid says whether the task has nothing left to draw with.
func (w *work) drawsUnpaid() bool {
	return w.charged() && w.task.DrawFees.GTE(w.job.DrawReserve())
}

// paySeats has a task that ends without a verdict cost its requester the fee of each
// seat, together with what its draws and attempts have cost: else he could draw until
// his own nodes hold all seats. A task that nobody was ever drawn for, nor is about to
// be, costs none.
func (w *work) paySeats(ballots []ballot, drawing bool) error {
	if !drawing && len(ballots) == 0 && len(w.task.Departed) == 0 {
		return nil
	}
	paid := w.task.DrawFees
	for i := range ballots {
		paid = paid.Add(ballots[i].outcome.Paid)
	}
	due := w.job.SeatFee.MulRaw(int64(w.round().Target)).Sub(paid)
	return w.burnFromEscrow(math.MinInt(due, w.left()))
}

// burnDrawFees burns what draws have cost.
func (w *work) burnDrawFees() error {
	fees := w.task.DrawFees
	w.task.DrawFees = math.ZeroInt()
	return w.burnFromEscrow(fees)
}

// namedNodeLost ends a task whose named node may take on no work, and says whether it
// has.
func (w *work) namedNodeLost() (bool, error) {
	if !w.job.Policy.NamesNode() {
		return false, nil
	}
	operator, err := w.operator(w.job.Policy.Node)
	if err != nil {
		return false, err
	}
	node, err := w.deps.Nodes.Node(w.ctx, operator)
	if err == nil && node.State.Live(w.height()) {
		return false, nil
	}
	if err != nil && !errors.Is(err, edgenodetypes.ErrNodeNotFound) {
		return false, err
	}
	w.chargeDraw()
	return true, w.abandon(types.TASK_STATUS_EXPIRED)
}
