package keeper

import (
	"cosmossdk.io/math"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/thetaedge/theta/x/compute/types"
	edgenodetypes "github.com/thetaedge/theta/x/edgenode/types"
)

// left returns what the task may still spend of its job's escrow beside what its draws
// have cost, in the reward's denom.
func (w *work) left() math.Int { return w.job.TaskReserve.Sub(w.task.DrawFees).Sub(w.note.Spent) }

// spend takes an amount of what the task has reserved.
func (w *work) spend(amount math.Int) error {
	if w.left().LT(amount) {
		return types.ErrInsufficientEscrow.Wrapf("task %d of job %s has %s left, owes %s", w.task.Index, w.job.Id, w.left(), amount)
	}
	w.note.Spent = w.note.Spent.Add(amount)
	return nil
}

// payFromEscrow credits what the task has reserved.
func (w *work) payFromEscrow(operator sdk.AccAddress, outcome *types.Outcome, amount math.Int) error {
	if !amount.IsPositive() {
		return nil
	}
	if err := w.spend(amount); err != nil {
		return err
	}
	outcome.Paid = outcome.Paid.Add(amount)
	_, err := w.deps.Rewards.CreditReward(w.ctx, operator, sdk.NewCoin(w.job.Reward.Denom, amount))
	return err
}

// burnFromEscrow burns what the task has reserved.
func (w *work) burnFromEscrow(amount math.Int) error {
	if !amount.IsPositive() {
		return nil
	}
	if err := w.spend(amount); err != nil {
		return err
	}
	w.burned = w.burned.Add(amount)
	return w.deps.Bank.BurnCoins(w.ctx, types.ModuleName, sdk.NewCoins(sdk.NewCoin(w.job.Reward.Denom, amount)))
}

func (w *work) bondDenom() (string, error) {
	params, err := w.deps.Nodes.Params(w.ctx)
	return params.BondDenom, err
}

// end completes and writes the receipt of a task, which says what its result is. Of
// an array only the hash of the receipt stays, in the job's tree. Without a result a
// challenge is not judged.
func (w *work) end(receipt types.Receipt, ballots []ballot) error {
	if w.job.Challenged != nil && receipt.Status != types.TASK_STATUS_ACCEPTED {
		if err := w.leaveUndecided(); err != nil {
			return err
		}
	}
	if err := w.judgeMissed(); err != nil {
		return err
	}
	spent := w.task.DrawFees
	if err := w.burnDrawFees(); err != nil {
		return err
	}
	if err := w.burnUnfinished(spent); err != nil {
		return err
	}
	if err := w.describe(&receipt); err != nil {
		return err
	}
	receipt.JobId, receipt.Task, receipt.SpecDigest = w.job.Id, w.task.Index, w.job.SpecDigest
	receipt.TraceKey = w.task.Rounds[0].TraceKey
	receipt.Audited, receipt.Height = w.task.Rounds[0].Auditors > 0, w.height()
	receipt.Outcomes = append(receipt.Outcomes, w.task.Departed...)
	for i := range ballots {
		receipt.Outcomes = append(receipt.Outcomes, ballots[i].outcome)
	}
	leaf, err := types.ReceiptLeaf(receipt)
	if err != nil {
		return err
	}
	w.note.Ended, w.note.Leaf = receipt.Status, leaf
	w.note.Idle = w.task.Status == types.TASK_STATUS_OPEN
	w.changed(&types.TaskChange_Ended{Ended: &receipt})
	if err := w.task.MoveTo(receipt.Status); err != nil {
		return err
	}
	if w.job.Tasks > 1 {
		return nil
	}
	return w.deps.Records.SetReceipt(w.ctx, w.id, receipt)
}

// abandon ends a task in its first round without a verdict: nobody is at fault,
// every lock returns, and those who hold the task earn the attempt fee. Seats that were
// drawn cost their fee.
func (w *work) abandon(status types.TaskStatus) error {
	// A seed that never came has shown nobody a draw; and a named node is not drawn.
	drawing := w.round().Draw != nil && status == types.TASK_STATUS_CANCELLED && !w.job.Policy.NamesNode()
	if err := w.dropCandidates(); err != nil {
		return err
	}
	ballots, err := w.ballots()
	if err != nil {
		return err
	}
	for i := range ballots {
		if err := w.finishAttempt(&ballots[i]); err != nil {
			return err
		}
	}
	if err := w.paySeats(ballots, drawing); err != nil {
		return err
	}
	return w.end(types.Receipt{Status: status}, ballots)
}

// describe writes into a receipt what others need to know to judge what its result is
// worth: what was at stake, and of how many the nodes were drawn.
func (w *work) describe(receipt *types.Receipt) error {
	present, err := w.deps.Nodes.Epoch(w.ctx)
	if err != nil {
		return err
	}
	epoch := max(w.task.Rounds[0].Epoch, edgenodetypes.OldestKeptEpoch(present))
	class, err := w.deps.Nodes.ClassSnapshot(w.ctx, w.job.Class, epoch)
	if err != nil {
		return err
	}
	receipt.Reward, receipt.Liability, receipt.ClassWeight = w.job.Reward, w.job.Liability, class.Weight
	receipt.Placed = w.job.Policy.NamesNode() || w.job.Placement.Narrows()
	receipt.Burned = w.burned
	return nil
}
