package round

import (
	"github.com/thetaedge/theta/x/compute/types"
	edgenodetypes "github.com/thetaedge/theta/x/edgenode/types"
)

// writeReceipt completes and writes the receipt of a chunk. Of a chunk of an array, only the
// hash of the receipt is kept, in the job's tree. A challenge whose judges do not find a
// result ends without a verdict.
func (t *Chunk) writeReceipt(receipt types.Receipt, ballots []ballot) error {
	if t.job.Challenged != nil && receipt.Status != types.CHUNK_STATUS_ACCEPTED {
		if err := t.abortChallenge(); err != nil {
			return err
		}
	}
	if err := t.believeReports(); err != nil {
		return err
	}
	if err := t.classifyMissed(); err != nil {
		return err
	}
	spent := t.record.DrawFees
	if err := t.burnDrawFees(); err != nil {
		return err
	}
	if err := t.burnUnfinished(spent); err != nil {
		return err
	}
	if err := t.describe(&receipt); err != nil {
		return err
	}
	receipt.JobId, receipt.Task, receipt.Count, receipt.SpecDigest = t.job.Id, t.record.Index, t.count(), t.job.SpecDigest
	receipt.TraceKey = t.record.Rounds[0].TraceKey
	receipt.Audited, receipt.Height = t.record.Rounds[0].Auditors > 0, t.height()
	receipt.Outcomes = append(receipt.Outcomes, t.record.Departed...)
	for i := range ballots {
		receipt.Outcomes = append(receipt.Outcomes, ballots[i].outcome)
	}
	leaf, err := types.ReceiptLeaf(receipt)
	if err != nil {
		return err
	}
	t.noteEnergy(ballots)
	t.note.Granted = t.grantUsed(receipt.Status, ballots)
	t.note.Ended, t.note.Leaf, t.note.Count = receipt.Status, leaf, t.count()
	t.note.Idle = t.record.Status == types.CHUNK_STATUS_OPEN
	t.changed(&types.ChunkChange_Ended{Ended: &receipt})
	if err := t.record.MoveTo(receipt.Status); err != nil {
		return err
	}
	if t.job.Tasks > 1 {
		return nil
	}
	return t.deps.Records.SetReceipt(t.ctx, t.id, receipt)
}

// abort ends a chunk in its first round without a verdict. No node is at fault: every lock is
// returned, and the nodes that hold the chunk earn the attempt fee. Drawn seats cost their
// fee.
func (t *Chunk) abort(status types.ChunkStatus) error {
	// If the seed did not arrive, no party has seen the draw; and a named node is not drawn.
	drawing := t.current().Draw != nil && status == types.CHUNK_STATUS_CANCELLED && !t.job.Policy.NamesNode()
	t.drawn = drawing
	if err := t.dropCandidates(); err != nil {
		return err
	}
	ballots, err := t.ballots()
	if err != nil {
		return err
	}
	for i := range ballots {
		if err := t.payAttempt(&ballots[i]); err != nil {
			return err
		}
	}
	if err := t.paySeats(ballots, drawing); err != nil {
		return err
	}
	return t.writeReceipt(types.Receipt{Status: status}, ballots)
}

// describe writes into a receipt what third parties need to judge how reliable its result is:
// the amount at stake, and the weight of the class from which the nodes were drawn.
func (t *Chunk) describe(receipt *types.Receipt) error {
	present, err := t.deps.Nodes.Epoch(t.ctx)
	if err != nil {
		return err
	}
	epoch := max(t.record.Rounds[0].Epoch, edgenodetypes.OldestKeptEpoch(present))
	class, err := t.deps.Nodes.ClassSnapshot(t.ctx, t.job.Class, epoch)
	if err != nil {
		return err
	}
	receipt.Reward, receipt.Liability, receipt.ClassWeight = t.job.Reward, t.record.Liability, class.Weight
	receipt.Placed = t.job.Policy.NamesNode() || t.job.Placement.Narrows()
	receipt.Burned = t.burned
	return nil
}
