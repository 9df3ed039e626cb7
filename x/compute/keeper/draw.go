package keeper

import (
	"bytes"
	"slices"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/thetaedge/theta/x/compute/types"
)

// startRound appends a round and starts its first draw.
func (w *work) startRound(target uint32) error {
	w.task.Rounds = append(w.task.Rounds, types.Round{Target: target, Phase: types.ROUND_PHASE_COMMIT})
	return w.startDraw(target)
}

// startDraw pins a seed that nobody can know yet and the weights of this epoch. A task
// whose named node may take on no work ends: nobody else can take it.
func (w *work) startDraw(slots uint32) error {
	if lost, err := w.namedNodeLost(); lost || err != nil {
		return err
	}
	epoch, err := w.deps.Nodes.Epoch(w.ctx)
	if err != nil {
		return err
	}
	round := w.round()
	round.Draw = &types.Draw{SeedHeight: w.height(), Epoch: epoch, Attempt: round.Draws, Slots: slots}
	round.Epoch, round.ResumeHeight = epoch, 0
	round.Draws++
	w.changed(&types.TaskChange_DrawStarted{DrawStarted: &types.DrawStarted{
		SeedHeight: w.height(), Attempt: round.Draw.Attempt, Slots: slots,
	}})
	return nil
}

// maxDrawPause is the longest pause before a draw that somebody waits for, in blocks.
const maxDrawPause = 64

// drawPause returns for how many blocks a draw is put off when its round has drawn
// before: 1, 3, 7 … A job that nobody takes up waits up to a quarter of its life.
func (w *work) drawPause() int64 {
	longest, quarter := int64(maxDrawPause), max(1, (w.job.ExpiresHeight-w.job.PostedHeight)/4)
	switch {
	case !w.drawsReplicas():
	case w.charged() && len(w.round().Replicas) == 0: // nobody waits for it but its requester
		longest = quarter
	default:
		longest = min(longest, quarter)
	}
	return min(int64(1)<<min(w.round().Draws, 32)-1, longest)
}

// seedGraceBlocks is how long a seed takes in the ordinary course of things: it
// is public only after its pin, and then somebody has to bring it.
const seedGraceBlocks = 8

// openClaims lets nodes claim once the seed is known. The task's lifetime grows
// by as long as the seed is late. A seed that never comes ends the draw. A named
// node has nobody to draw against, and needs no seed.
func (w *work) openClaims() (bool, error) {
	draw := w.round().Draw
	if draw == nil || draw.CloseHeight != 0 {
		return false, nil
	}
	if w.job.Policy.NamesNode() {
		draw.CloseHeight = draw.SeedHeight + int64(w.params.ClaimBlocks)
		w.setTraceKey(nil)
		return true, nil
	}
	seed, known, err := w.deps.Beacon.Seed(w.ctx, draw.SeedHeight)
	if err != nil {
		return false, err
	}
	if known {
		draw.CloseHeight = seed.Height + int64(w.params.ClaimBlocks)
		w.task.SeedDelay += max(0, seed.Height-draw.SeedHeight-seedGraceBlocks)
		w.setTraceKey(seed.Randomness)
		return true, nil
	}
	if w.height()-draw.SeedHeight <= int64(w.params.SeedTimeoutBlocks) {
		return false, nil
	}
	return true, w.giveUpDrawing()
}

// setTraceKey fixes the key of the round's traces by the seed of its first draw. A node
// that is chosen by name is not drawn: its key is known before, and its requester judges.
func (w *work) setTraceKey(seed []byte) {
	if round := w.round(); len(round.TraceKey) == 0 {
		round.TraceKey = types.TraceKey(sdk.UnwrapSDKContext(w.ctx).ChainID(), w.job.Id, w.task.Index, w.index(), seed)
	}
}

// closeDraw assigns the task to the candidates when the claim window is over.
func (w *work) closeDraw() (bool, error) {
	round := w.round()
	draw := round.Draw
	if draw == nil || draw.CloseHeight == 0 || w.height() < draw.CloseHeight {
		return false, nil
	}
	deadline := w.height() + int64(w.job.CommitBlocks)
	operators := make([]string, 0, len(draw.Candidates))
	for _, a := range draw.Candidates {
		if err := a.MoveTo(types.ASSIGNMENT_STATUS_ASSIGNED); err != nil {
			return false, err
		}
		a.Rank, a.AssignedHeight, a.CommitDeadline = nil, w.height(), deadline
		round.Replicas = append(round.Replicas, a)
		operators = append(operators, a.Operator)
	}
	round.Draw = nil
	if len(draw.Candidates) == 0 {
		w.chargeDraw()
		return true, nil
	}
	if round.NextDeadline == 0 || deadline < round.NextDeadline {
		round.NextDeadline = deadline
	}
	if err := w.markRunning(); err != nil {
		return false, err
	}
	w.changed(&types.TaskChange_Assigned{Assigned: &types.Assigned{Operators: operators, CommitDeadline: deadline}})
	return true, nil
}

// markRunning notes the task's first node.
func (w *work) markRunning() error {
	if w.task.Status != types.TASK_STATUS_OPEN {
		return nil
	}
	w.note.Started = true
	return w.task.MoveTo(types.TASK_STATUS_RUNNING)
}

// dropMissed takes the task from nodes whose commit deadline has passed.
func (w *work) dropMissed() (bool, error) {
	round := w.round()
	if round.NextDeadline == 0 || w.height() <= round.NextDeadline {
		return false, nil
	}
	round.NextDeadline = 0
	var kept []types.Assignment
	for _, a := range round.Replicas {
		if a.Status != types.ASSIGNMENT_STATUS_ASSIGNED || w.height() <= a.CommitDeadline {
			kept = append(kept, a)
			if a.Status == types.ASSIGNMENT_STATUS_ASSIGNED &&
				(round.NextDeadline == 0 || a.CommitDeadline < round.NextDeadline) {
				round.NextDeadline = a.CommitDeadline
			}
			continue
		}
		if err := w.miss(a); err != nil {
			return false, err
		}
	}
	round.Replicas = kept
	return true, nil
}

// patientDraws is how many draws a further round, or an audit, makes before it is
// content with half of the nodes that it asked for: two tasks may wait for each
// other's nodes.
const patientDraws = 5

// fillSlots draws again for slots that are empty, after a pause, or gives up on them.
func (w *work) fillSlots() (bool, error) {
	round := w.round()
	missing := int(round.Target) - len(round.Replicas)
	if round.Draw != nil || missing <= 0 {
		return false, nil
	}
	if len(w.task.Departed) >= types.MaxDepartures || w.drawnOut() || w.outruns() {
		return true, w.giveUpDrawing()
	}
	if round.ResumeHeight == 0 {
		round.ResumeHeight = w.height() + w.drawPause()
		if w.drawsReplicas() { // once more at its last height, whatever the pause
			round.ResumeHeight = min(round.ResumeHeight, max(w.height(), w.expires()))
		}
	}
	if w.height() < round.ResumeHeight {
		return false, nil
	}
	return true, w.startDraw(uint32(missing))
}

// drawsReplicas says whether the round draws the replicas that the requester asked
// for, and neither auditors nor the judges of a further round.
func (w *work) drawsReplicas() bool { return w.index() == 0 && w.round().Auditors == 0 }

// drawnOut says whether the round has drawn for long enough. The requester's
// replicas are drawn as long as the job lives and pays for it, and for a bounded time
// beside one that has committed: a requester who prolongs the job must not hold its bond for
// ever. For auditors and judges it waits no longer than a number of draws.
func (w *work) drawnOut() bool {
	round := w.round()
	if w.drawsReplicas() {
		return w.height() > w.expires() || round.WaitUntil != 0 && w.height() > round.WaitUntil || w.drawsUnpaid()
	}
	return round.Draws >= w.params.MaxDraws || round.Draws >= patientDraws && w.halfHaveCome()
}

// halfHaveCome says whether there are half of the nodes that a further round, or
// the audit of a first one, asked for at first. Its target may have been lowered since,
// and nodes may have left: half of what is left would be a jury that shrinks to one.
func (w *work) halfHaveCome() bool {
	round := w.round()
	if w.index() > 0 {
		return types.HalfAJury(len(round.Replicas), round.Asked)
	}
	auditors := len(round.Replicas) - int(round.Target-round.Auditors)
	return types.HalfAJury(auditors, w.job.Policy.Auditors)
}

// enoughJudges says whether a challenge may be judged by those that have come: half
// of the judges that it asked for, three at least, and more than have agreed on the
// result. One that takes the task and stays away must not keep a result from being
// judged.
func (w *work) enoughJudges() (bool, error) {
	if w.job.Challenged == nil {
		return false, nil
	}
	_, c, err := w.challenged()
	n := len(w.round().Replicas)
	return n >= types.MinQuorum && 2*n >= int(w.job.Policy.Replicas) && n > len(c.Defendants), err
}

// giveUpDrawing ends a first round that found too few nodes. A further round, or
// an audit, goes on with the nodes it has if they are at least half of those it
// asked for; fewer might be whom an attacker has left able to come. Such a round
// judges nobody, and what was drawn for such an audit is not accepted.
func (w *work) giveUpDrawing() error {
	enough, err := w.enoughJudges()
	if err != nil {
		return err
	}
	if w.drawsReplicas() && !enough {
		return w.abandon(types.TASK_STATUS_EXPIRED)
	}
	if err := w.dropCandidates(); err != nil {
		return err
	}
	if !w.drawsReplicas() && !w.halfHaveCome() {
		if w.index() == 0 {
			return w.abandon(types.TASK_STATUS_FAILED)
		}
		return w.dismiss()
	}
	round := w.round()
	missing := round.Target - uint32(len(round.Replicas))
	round.Target -= missing
	if round.Auditors > 0 {
		round.Auditors -= missing
	}
	return nil
}

// dropCandidates frees the candidates of the open draw and closes it.
func (w *work) dropCandidates() error {
	round := w.round()
	if round.Draw == nil {
		return nil
	}
	for i := range round.Draw.Candidates {
		if err := w.dropCandidate(&round.Draw.Candidates[i]); err != nil {
			return err
		}
	}
	round.Draw = nil
	return nil
}

// dropCandidate gives a candidate its lock back.
func (w *work) dropCandidate(a *types.Assignment) error {
	addr, err := w.operator(a.Operator)
	if err != nil {
		return err
	}
	return w.deps.Nodes.Release(w.ctx, addr, w.job.Liability)
}

// claim enters a node into the open draw. When lower ranks hold all slots, the
// highest of them makes room. Nobody else can come after a named node: its draw
// closes at once.
func (w *work) claim(c candidate) error {
	draw := w.round().Draw
	at := slices.IndexFunc(draw.Candidates, func(a types.Assignment) bool { return bytes.Compare(c.rank, a.Rank) < 0 })
	if at < 0 {
		at = len(draw.Candidates)
	}
	if err := w.deps.Nodes.Reserve(w.ctx, c.operator, w.job.Liability); err != nil {
		return err
	}
	text, err := w.deps.Addresses.BytesToString(c.operator)
	if err != nil {
		return err
	}
	if w.job.Policy.NamesNode() {
		draw.CloseHeight = w.height()
	}
	draw.Candidates = slices.Insert(draw.Candidates, at, types.Assignment{
		Operator: text, Status: types.ASSIGNMENT_STATUS_CANDIDATE, Rank: c.rank,
	})
	if len(draw.Candidates) <= int(draw.Slots) {
		return nil
	}
	last := &draw.Candidates[draw.Slots]
	draw.Candidates = draw.Candidates[:draw.Slots]
	return w.dropCandidate(last)
}
