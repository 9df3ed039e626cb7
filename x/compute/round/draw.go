package round

import (
	"bytes"
	"slices"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/thetaedge/theta/x/compute/types"
)

// startRound appends a round and starts its first draw.
func (t *Chunk) startRound(target uint32) error {
	t.record.Rounds = append(t.record.Rounds, types.Round{Target: target, Phase: types.ROUND_PHASE_COMMIT})
	return t.startDraw(target)
}

// startDraw pins a seed that is not known to any party yet, and the weights of this epoch. If
// the job names a node that may not take work, the chunk ends, because no other node can take
// it.
func (t *Chunk) startDraw(slots uint32) error {
	if lost, err := t.namedNodeLost(); lost || err != nil {
		return err
	}
	epoch, err := t.deps.Nodes.Epoch(t.ctx)
	if err != nil {
		return err
	}
	round := t.current()
	round.Draw = &types.Draw{SeedHeight: t.height(), Epoch: epoch, Attempt: round.Draws, Slots: slots}
	round.Epoch, round.ResumeHeight = epoch, 0
	round.Draws++
	t.changed(&types.ChunkChange_DrawStarted{DrawStarted: &types.DrawStarted{
		SeedHeight: t.height(), Attempt: round.Draw.Attempt, Slots: slots,
	}})
	return nil
}

// maxDrawPause is the longest pause, in blocks, before a draw for which a node waits.
const maxDrawPause = 64

// drawPause returns how many blocks a round that has drawn before waits for its next draw: 1,
// 3, 7 and so on. A job that no node has taken waits up to a quarter of its life.
func (t *Chunk) drawPause() int64 {
	longest, quarter := int64(maxDrawPause), max(1, (t.job.ExpiresHeight-t.job.PostedHeight)/4)
	switch {
	case !t.drawsReplicas():
	case t.charged() && len(t.current().Replicas) == 0: // only the requester waits for it
		longest = quarter
	default:
		longest = min(longest, quarter)
	}
	return min(int64(1)<<min(t.current().Draws, 32)-1, longest)
}

// seedGraceBlocks is the number of blocks within which a seed normally arrives: it becomes
// public only after its pin, and a relay then has to deliver it.
const seedGraceBlocks = 8

// startClaims lets nodes claim once the seed is known. The chunk's lifetime grows by the delay
// of the seed. If the seed does not arrive in time, the draw ends. A named node does not
// compete with others and does not need a seed.
func (t *Chunk) startClaims() (bool, error) {
	draw := t.current().Draw
	if draw == nil || draw.CloseHeight != 0 {
		return false, nil
	}
	if t.job.Policy.NamesNode() {
		draw.CloseHeight = draw.SeedHeight + int64(t.params.ClaimBlocks)
		t.setTraceKey(nil)
		return true, nil
	}
	seed, known, err := t.deps.Beacon.Seed(t.ctx, draw.SeedHeight)
	if err != nil {
		return false, err
	}
	if known {
		draw.CloseHeight = seed.Height + int64(t.params.ClaimBlocks)
		t.record.SeedDelay += max(0, seed.Height-draw.SeedHeight-seedGraceBlocks)
		t.setTraceKey(seed.Randomness)
		return true, nil
	}
	if t.height()-draw.SeedHeight <= int64(t.params.SeedTimeoutBlocks) {
		return false, nil
	}
	return true, t.giveUpDrawing()
}

// setTraceKey derives the key of the round's traces from the seed of its first draw. A node
// that is chosen by name is not drawn: its key is known in advance, and its requester judges
// the result.
func (t *Chunk) setTraceKey(seed []byte) {
	if round := t.current(); len(round.TraceKey) == 0 {
		round.TraceKey = types.TraceKey(sdk.UnwrapSDKContext(t.ctx).ChainID(), t.job.Id, t.record.Index, t.index(), seed)
	}
}

// assignCandidates assigns the chunk to the candidates when the claim window is over.
func (t *Chunk) assignCandidates() (bool, error) {
	round := t.current()
	draw := round.Draw
	if draw == nil || draw.CloseHeight == 0 || t.height() < draw.CloseHeight {
		return false, nil
	}
	deadline := t.height() + int64(t.job.CommitBlocks)
	operators := make([]string, 0, len(draw.Candidates))
	for _, a := range draw.Candidates {
		if err := a.MoveTo(types.ASSIGNMENT_STATUS_ASSIGNED); err != nil {
			return false, err
		}
		a.Rank, a.AssignedHeight, a.CommitDeadline = nil, t.height(), deadline
		round.Replicas = append(round.Replicas, a)
		operators = append(operators, a.Operator)
	}
	round.Draw = nil
	if len(draw.Candidates) == 0 {
		t.chargeDraw()
		return true, nil
	}
	if round.NextDeadline == 0 || deadline < round.NextDeadline {
		round.NextDeadline = deadline
	}
	if err := t.markRunning(); err != nil {
		return false, err
	}
	t.changed(&types.ChunkChange_Assigned{Assigned: &types.Assigned{Operators: operators, CommitDeadline: deadline}})
	return true, nil
}

// markRunning notes the chunk's first node.
func (t *Chunk) markRunning() error {
	if t.record.Status != types.CHUNK_STATUS_OPEN {
		return nil
	}
	t.note.Started = true
	return t.record.MoveTo(types.CHUNK_STATUS_RUNNING)
}

// dropMissed removes the nodes whose commit deadline has passed.
func (t *Chunk) dropMissed() (bool, error) {
	round := t.current()
	if round.NextDeadline == 0 || t.height() <= round.NextDeadline {
		return false, nil
	}
	round.NextDeadline = 0
	var kept []types.Assignment
	for _, a := range round.Replicas {
		if a.Status != types.ASSIGNMENT_STATUS_ASSIGNED || t.height() <= a.CommitDeadline {
			kept = append(kept, a)
			if a.Status == types.ASSIGNMENT_STATUS_ASSIGNED &&
				(round.NextDeadline == 0 || a.CommitDeadline < round.NextDeadline) {
				round.NextDeadline = a.CommitDeadline
			}
			continue
		}
		if err := t.miss(a); err != nil {
			return false, err
		}
	}
	round.Replicas = kept
	return true, nil
}

// patientDraws is the number of draws after which a further round, or an audit, accepts half
// of the nodes that it asked for: two tasks may wait for each other's nodes.
const patientDraws = 5

// fillSlots draws again for empty slots after a pause, or gives up drawing.
func (t *Chunk) fillSlots() (bool, error) {
	round := t.current()
	missing := int(round.Target) - len(round.Replicas)
	if round.Draw != nil || missing <= 0 {
		return false, nil
	}
	if len(t.record.Departed) >= types.MaxDepartures || t.drawnOut() || t.outruns() || t.vacatedOut() {
		return true, t.giveUpDrawing()
	}
	if round.ResumeHeight == 0 {
		round.ResumeHeight = t.height() + t.drawPause()
		if t.drawsReplicas() { // draw once more at the last height, however long the pause
			round.ResumeHeight = min(round.ResumeHeight, max(t.height(), t.expires()))
		}
	}
	if t.height() < round.ResumeHeight {
		return false, nil
	}
	return true, t.startDraw(uint32(missing))
}

// drawsReplicas reports whether the round draws the replicas that the requester asked for, as
// opposed to auditors or the judges of a further round.
func (t *Chunk) drawsReplicas() bool { return t.index() == 0 && t.current().Auditors == 0 }

// drawnOut reports whether the round has drawn for long enough. It draws the requester's
// replicas while the job lives and pays for it, and for a bounded time after a node has
// committed: a requester who prolongs the job must not hold the bond of that node for ever.
// The number of draws for auditors and judges is bounded.
func (t *Chunk) drawnOut() bool {
	round := t.current()
	if t.drawsReplicas() {
		return t.height() > t.expires() || round.WaitUntil != 0 && t.height() > round.WaitUntil || t.drawsUnpaid()
	}
	return round.Draws >= t.params.MaxDraws || round.Draws >= patientDraws && t.halfHaveCome()
}

// halfHaveCome reports whether the round has at least half of the nodes that a further round,
// or the audit of a first one, asked for at first. The target may have been lowered since
// then, and nodes may have left: half of the lowered target could be a jury that shrinks to
// one.
func (t *Chunk) halfHaveCome() bool {
	round := t.current()
	if t.index() > 0 {
		return types.HalfAJury(len(round.Replicas), round.Asked)
	}
	auditors := len(round.Replicas) - int(round.Target-round.Auditors)
	return types.HalfAJury(auditors, t.job.Policy.Auditors)
}

// enoughJudges reports whether the nodes that have come may judge a challenge: at least half
// of the judges that it asked for, at least three, and more than have agreed on the result. A
// judge that takes the chunk and stays away must not keep a result from being judged.
func (t *Chunk) enoughJudges() (bool, error) {
	if t.job.Challenged == nil {
		return false, nil
	}
	_, c, err := t.challenge()
	n := len(t.current().Replicas)
	return n >= types.MinQuorum && 2*n >= int(t.job.Policy.Replicas) && n > len(c.Defendants), err
}

// giveUpDrawing ends a first round that found too few nodes. A further round, or an audit,
// continues with its nodes if they are at least half of the number that it asked for. If they
// are fewer, an attacker may have kept the others away: such a round does not give a verdict,
// and a result that was drawn for such an audit is not accepted.
func (t *Chunk) giveUpDrawing() error {
	enough, err := t.enoughJudges()
	if err != nil {
		return err
	}
	if t.drawsReplicas() && !enough {
		return t.abort(types.CHUNK_STATUS_EXPIRED)
	}
	if err := t.dropCandidates(); err != nil {
		return err
	}
	if !t.drawsReplicas() && !t.halfHaveCome() {
		if t.index() == 0 {
			return t.abort(types.CHUNK_STATUS_FAILED)
		}
		return t.failWithoutJury()
	}
	round := t.current()
	missing := round.Target - uint32(len(round.Replicas))
	round.Target -= missing
	if round.Auditors > 0 {
		round.Auditors -= missing
	}
	return nil
}

// dropCandidates releases the candidates of the draw and ends it.
func (t *Chunk) dropCandidates() error {
	round := t.current()
	if round.Draw == nil {
		return nil
	}
	for i := range round.Draw.Candidates {
		if err := t.dropCandidate(&round.Draw.Candidates[i]); err != nil {
			return err
		}
	}
	round.Draw = nil
	return nil
}

// dropCandidate returns the candidate's lock.
func (t *Chunk) dropCandidate(a *types.Assignment) error {
	addr, err := t.operator(a.Operator)
	if err != nil {
		return err
	}
	return t.deps.Nodes.Release(t.ctx, addr, a.Locked)
}

// admit adds a node to the open draw. If lower ranks hold all slots, the highest of them
// makes room. A named node is the only one that can claim, so its draw closes at once.
func (t *Chunk) admit(c Candidate) error {
	draw := t.current().Draw
	at := slices.IndexFunc(draw.Candidates, func(a types.Assignment) bool { return bytes.Compare(c.Rank, a.Rank) < 0 })
	if at < 0 {
		at = len(draw.Candidates)
	}
	locked := t.lock()
	reserve := t.deps.Nodes.Reserve
	if t.callsForChunk() {
		reserve = t.deps.Nodes.ReserveCall
	}
	if err := reserve(t.ctx, c.operator, locked); err != nil {
		return err
	}
	text, err := t.deps.Addresses.BytesToString(c.operator)
	if err != nil {
		return err
	}
	if t.job.Policy.NamesNode() {
		draw.CloseHeight = t.height()
	}
	draw.Candidates = slices.Insert(draw.Candidates, at, types.Assignment{
		Operator: text, Status: types.ASSIGNMENT_STATUS_CANDIDATE, Rank: c.Rank, Locked: locked,
	})
	if len(draw.Candidates) <= int(draw.Slots) {
		return nil
	}
	last := &draw.Candidates[draw.Slots]
	draw.Candidates = draw.Candidates[:draw.Slots]
	return t.dropCandidate(last)
}

// checkRedraw returns an error if the chunk does not wait for its next draw.
func (t *Chunk) checkRedraw() error {
	if t.Ended() {
		return types.ErrTaskEnded.Wrapf("task %d of job %s; its receipt says how", t.record.Index, t.job.Id)
	}
	round := t.current()
	switch {
	case t.calls():
		return types.ErrNoRedraw.Wrap("judges and auditors are drawn in turn, and not at anybody's word")
	case round.Draw != nil:
		return types.ErrNoRedraw.Wrapf("draw %d is pinned at height %d; wait until it closes", round.Draw.Attempt+1, round.Draw.SeedHeight)
	case round.ResumeHeight <= t.height():
		return types.ErrNoRedraw.Wrapf("task %d of job %s has the nodes that it asks for", t.record.Index, t.job.Id)
	default:
		return nil
	}
}

// Redraw starts the next draw of a chunk that pauses between draws. It returns ErrTaskEnded,
// ErrNoRedraw, or ErrNotQualified if the node that the job names may not take work.
func (t *Chunk) Redraw() error {
	if err := t.checkRedraw(); err != nil {
		return err
	}
	round := t.current()
	if err := t.startDraw(round.Target - uint32(len(round.Replicas))); err != nil {
		return err
	}
	if t.Ended() {
		return types.ErrNotQualified.Wrapf("the node that the job names, %s, may take on no work", t.job.Policy.Node)
	}
	return nil
}
