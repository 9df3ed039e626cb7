package round

import (
	"bytes"
	"slices"

	"cosmossdk.io/math"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/thetaedge/theta/x/compute/types"
	edgenodetypes "github.com/thetaedge/theta/x/edgenode/types"
)

// Claim enters a node into a draw.
func (t *Chunk) Claim(operator sdk.AccAddress, ref types.ChunkRef) error {
	if ref.Round != t.index() {
		return types.ErrWrongRound.Wrapf("the task is in round %d, found a claim for round %d", t.index(), ref.Round)
	}
	c, rules, err := t.Match(operator)
	if err != nil {
		return err
	}
	for _, r := range rules {
		if r.Err != nil {
			return r.Err
		}
	}
	return t.admit(c)
}

// held returns the node's part in the round that ref names.
func (t *Chunk) held(operator sdk.AccAddress, ref types.ChunkRef) (part, error) {
	text, err := t.deps.Addresses.BytesToString(operator)
	if err != nil {
		return part{}, err
	}
	p, ok := t.part(text)
	if !ok {
		return p, t.notHeld(text, ref)
	}
	if p.round != ref.Round {
		return p, types.ErrWrongRound.Wrapf("the node was drawn in round %d, found round %d", p.round, ref.Round)
	}
	return p, nil
}

// notHeld returns an error that says why a node does not hold a part of the task.
func (t *Chunk) notHeld(operator string, ref types.ChunkRef) error {
	for _, o := range t.record.Departed {
		if o.Operator == operator && o.Status == types.ASSIGNMENT_STATUS_MISSED {
			return types.ErrCommitLate.Wrapf("the task was taken from %s at its deadline; this is height %d", operator, t.height())
		}
		if o.Operator == operator && o.Status == types.ASSIGNMENT_STATUS_YIELDED {
			return types.ErrNotAssigned.Wrapf("%s has yielded its part of task %d of job %s", operator, ref.Task, ref.JobId)
		}
	}
	return types.ErrNotAssigned.Wrapf("%s holds no part of task %d of job %s", operator, ref.Task, ref.JobId)
}

// Commit stores the node's commitment to its result.
func (t *Chunk) Commit(operator sdk.AccAddress, item types.CommitItem) error {
	a, err := t.held(operator, item.Ref)
	if err != nil {
		return err
	}
	switch a.Status {
	case types.ASSIGNMENT_STATUS_ASSIGNED:
	case types.ASSIGNMENT_STATUS_CANDIDATE:
		return types.ErrNotAssigned.Wrapf("the draw closes at height %d", t.current().Draw.CloseHeight)
	default:
		return types.ErrAlreadyCommitted.Wrap("a commitment cannot be replaced")
	}
	if err := t.checkCommit(a, item); err != nil {
		return err
	}
	if err := a.MoveTo(types.ASSIGNMENT_STATUS_COMMITTED); err != nil {
		return err
	}
	a.Commitment = item.Commitment
	if t.covers(a) && !t.single() {
		a.Fuel = item.Fuel
	}
	if item.Tasks != 0 && item.Tasks < t.executes(a) {
		t.split(item.Tasks)
		a.Partial = true
		if err := t.unlockRest(operator, a); err != nil {
			return err
		}
	}
	round := t.current()
	round.Committed++
	if round.WaitUntil == 0 {
		// A seat may become empty as late as its node's deadline, and has to be drawn again for
		// as long after it: otherwise one node that stalls would end the task for all.
		round.WaitUntil = t.height() + int64(t.job.CommitBlocks) + int64(t.params.MaxWaitBlocks)
	}
	return nil
}

// checkCommit refuses a commitment to more tasks than the node executes, or to a part of them
// if other nodes execute them too, and to more fuel than the tasks can have used.
func (t *Chunk) checkCommit(a part, item types.CommitItem) error {
	bad, most := types.ErrInvalidCommitment, t.executes(a)
	if item.Tasks > most {
		return bad.Wrapf("tasks: expected at most the %d that the node executes, found %d", most, item.Tasks)
	}
	tasks := item.Tasks
	if tasks == 0 {
		tasks = most
	}
	if !t.covers(a) || t.single() {
		if tasks < most {
			return bad.Wrapf("tasks: expected all %d that the node executes, found %d", most, tasks)
		}
		return nil
	}
	if tasks < most && t.current().Target > 1 {
		return bad.Wrapf("tasks: expected all %d, because other nodes execute them too, found %d", most, tasks)
	}
	if limit := t.job.Fuel * tasks; item.Fuel > limit {
		return types.ErrFuelOverSpec.Wrapf("%d tasks of job %s: expected at most %d, found %d", tasks, t.job.Id, limit, item.Fuel)
	}
	if err := t.checkSamples(tasks, item.Fuel); err != nil {
		return err
	}
	if tasks < most && !t.job.Policy.PaysAudit(tasks, t.job.Fuel, item.Fuel) {
		return bad.Wrapf("tasks: %d auditors would execute %d tasks of this part of %d each, which is more than its pay covers; commit to more tasks",
			t.job.Policy.Auditors, types.SampleSize(tasks, t.job.Policy.Samples, t.job.Fuel, item.Fuel), tasks)
	}
	return nil
}

// finishCommits continues once every slot is filled and has committed: with the decision
// whether auditors join, which is made once, or with the reveals.
func (t *Chunk) finishCommits() (bool, error) {
	round := t.current()
	if round.Draw != nil || round.Target == 0 || len(round.Replicas) != int(round.Target) || round.Committed != round.Target {
		return false, nil
	}
	if err := t.classifyReports(); err != nil {
		return false, err
	}
	if t.index() == 0 && t.job.Policy.AuditBps > 0 && round.AuditSeedHeight == 0 {
		return true, t.pinAudit()
	}
	return true, t.startReveals()
}

// startReveals starts the reveal phase.
func (t *Chunk) startReveals() error {
	if err := t.classifyMissed(); err != nil {
		return err
	}
	round := t.current()
	if err := round.MoveTo(types.ROUND_PHASE_REVEAL); err != nil {
		return err
	}
	round.RevealDeadline = t.height() + int64(t.params.RevealBlocks)
	t.changed(&types.ChunkChange_RevealOpened{RevealOpened: &types.RevealOpened{Deadline: round.RevealDeadline}})
	return nil
}

// Reveal stores what the node committed to: its tag, and an exit code or a number of failed tasks.
func (t *Chunk) Reveal(operator sdk.AccAddress, item types.RevealItem) error {
	a, err := t.held(operator, item.Ref)
	if err != nil {
		return err
	}
	if t.mustShowAll(a) {
		if err := t.leavesMatch(a, item); err != nil {
			return err
		}
		a.Leaves = item.Leaves
		return nil
	}
	if a.Status == types.ASSIGNMENT_STATUS_REVEALED {
		return types.ErrAlreadyRevealed.Wrap("the tag is on chain")
	}
	if a.Status != types.ASSIGNMENT_STATUS_COMMITTED || a.round != t.index() || t.current().Phase != types.ROUND_PHASE_REVEAL {
		return types.ErrNotRevealing.Wrapf("round %d has %d of %d commitments and is in %s",
			t.index(), t.current().Committed, t.current().Target, t.current().Phase)
	}
	if err := t.revealable(a, operator, item); err != nil {
		return err
	}
	if err := a.MoveTo(types.ASSIGNMENT_STATUS_REVEALED); err != nil {
		return err
	}
	a.Tag, a.ExitCode, a.Metrics, a.Leaves = item.Tag, item.ExitCode, item.Metrics, item.Leaves
	a.FailedTasks = item.FailedTasks
	t.current().Revealed++
	return nil
}

// revealable checks that an item reveals what the node has committed to, with no more fuel
// than the task allows. It wraps ErrRevealMismatch and ErrFuelOverSpec.
func (t *Chunk) revealable(a part, operator sdk.AccAddress, item types.RevealItem) error {
	if !bytes.Equal(types.Commitment(operator, item.Tag, t.states(item), item.Salt), a.Commitment) {
		return types.ErrRevealMismatch.Wrapf("expected tag, exit code or failed tasks, and salt that hash to %x with the operator", a.Commitment)
	}
	if err := t.checkFailures(a, item); err != nil {
		return err
	}
	if t.single() {
		if n := len(item.Leaves) + len(item.Siblings); n > 0 {
			return types.ErrRevealMismatch.Wrapf("expected no leaves or siblings of a single result, found %d", n)
		}
		return t.checkFuel(item.Metrics.Fuel)
	}
	return t.revealsChunk(a, item)
}

// revealsChunk checks that an item of a chunk of several tasks contains the results of the
// round's samples, and that they are part of the tree whose root and fuel the node has
// committed to. Auditors and judges have committed to the samples alone.
func (t *Chunk) revealsChunk(a part, item types.RevealItem) error {
	if item.ExitCode != 0 {
		return types.ErrRevealMismatch.Wrapf("exit code: expected 0 for a chunk of several tasks, found %d", item.ExitCode)
	}
	samples := t.record.Rounds[a.round].Samples
	count, fuel := uint64(len(samples)), item.Metrics.Fuel
	switch {
	case !t.covers(a):
		samples = make([]uint32, count)
		for i := range samples {
			samples[i] = uint32(i)
		}
	case fuel != a.Fuel:
		return types.ErrRevealMismatch.Wrapf("fuel: expected the %d that the node committed to, found %d", a.Fuel, fuel)
	case count == 0: // it is not audited
		if n := len(item.Leaves) + len(item.Siblings); n > 0 {
			return types.ErrRevealMismatch.Wrapf("expected no leaves or siblings, because the chunk is not audited, found %d", n)
		}
		return nil
	default:
		count = t.count()
	}
	root, err := types.ProvenChunk(count, samples, item.Leaves, item.Siblings, t.job.Fuel)
	if err != nil {
		return err
	}
	if !bytes.Equal(root.Hash, item.Tag) || root.Fuel != fuel {
		return types.ErrRevealMismatch.Wrapf("expected leaves and siblings of the tree with the root %x and the fuel %d, found those of %x and %d",
			item.Tag, fuel, root.Hash, root.Fuel)
	}
	return nil
}

// checkFuel refuses more fuel than a run can have used. A run that ended because it ran out
// of fuel has used all of it, and no run uses more. Judges of a whole chunk state the fuel of
// all its tasks.
func (t *Chunk) checkFuel(fuel uint64) error {
	most := t.job.Fuel
	if t.single() {
		most *= t.count()
	}
	if fuel > most {
		return types.ErrFuelOverSpec.Wrapf("task %d of job %s: expected at most the %d that its spec allows, found %d", t.record.Index, t.job.Id, most, fuel)
	}
	return nil
}

// Open stores the result that belongs to a revealed tag. In each round one of the nodes that
// agree is enough: the chain recognises the tags of the others, and recognises the tags of a
// first round from the result that any round opens.
func (t *Chunk) Open(operator sdk.AccAddress, item types.OpenItem) error {
	a, err := t.held(operator, item.Ref)
	if err != nil {
		return err
	}
	if !t.discloses() || t.current().Phase != types.ROUND_PHASE_REVEAL {
		return types.ErrNotOpening.Wrap("digests are opened once the replicas of a further round, or the judges of a challenge, have committed")
	}
	if a.Status != types.ASSIGNMENT_STATUS_REVEALED {
		return types.ErrNotOpening.Wrap("reveal the tag first")
	}
	shown, err := t.disclosure(a, item)
	if err != nil {
		return err
	}
	t.record.Opened = append(t.record.Opened, shown)
	return nil
}

// disclosure returns the result that an item opens for a revealed part. It wraps
// ErrAlreadyOpened if this result is open already, ErrFuelOverSpec if no run can have used
// its fuel, and ErrOpenMismatch if the item does not match what was revealed.
func (t *Chunk) disclosure(a part, item types.OpenItem) (types.Opening, error) {
	shown := item.Opening()
	leaf, found := t.leaf(a, item.Position)
	if !found || !slices.Contains(t.judged(), item.Position) {
		return shown, types.ErrNotOpening.Wrapf("position: expected one of %v, found %d", t.judged(), item.Position)
	}
	if t.disclosedBy(a, item.Position) != nil {
		return shown, types.ErrAlreadyOpened.Wrapf("result %x of round %d", item.Digest, a.round)
	}
	if err := t.checkFuel(shown.Fuel); err != nil {
		return shown, err
	}
	if own := len(shown.OwnTrace) > 0; own != t.provesWork(a.round) {
		expected, found := "none", "one"
		if !own {
			expected, found = found, expected
		}
		return shown, types.ErrOpenMismatch.Wrapf("trace under the key of round %d: expected %s, found %s", a.round, expected, found)
	}
	if !bytes.Equal(t.tag(shown), leaf.Hash) {
		return shown, types.ErrOpenMismatch.Wrapf("digest %x, fuel %d, exit code %d and the traces do not match the tag revealed in round %d",
			shown.Digest, shown.Fuel, shown.ExitCode, a.round)
	}
	if shown.Fuel != leaf.Fuel {
		return shown, types.ErrOpenMismatch.Wrapf("fuel: expected the %d that was revealed, found %d", leaf.Fuel, shown.Fuel)
	}
	if t.contradicts(a, shown) {
		return shown, types.ErrOpenMismatch.Wrapf("exit code: expected the %d that was revealed, found %d", a.ExitCode, shown.ExitCode)
	}
	return shown, nil
}

// contradicts reports whether an opened result has another exit code than the node has
// revealed with its tag. Nodes reveal none with the root of a chunk.
func (t *Chunk) contradicts(a part, shown types.Opening) bool {
	return t.single() && shown.ExitCode != a.ExitCode
}

func (t *Chunk) tag(shown types.Opening) []byte {
	return types.Tag(sdk.UnwrapSDKContext(t.ctx).ChainID(), t.job.Id, t.record.Index+uint64(shown.Position), shown)
}

// disclosedBy returns the open result of the task at a position that a part has revealed, or
// nil if there is none. A node that has revealed other fuel, or another exit code, than its
// tag contains contradicts itself, and counts as silent.
func (t *Chunk) disclosedBy(a part, position uint32) *types.Opening {
	leaf, revealed := t.leaf(a, position)
	if !revealed {
		return nil
	}
	own := t.provesWork(a.round)
	for i := range t.record.Opened {
		shown := t.record.Opened[i]
		if shown.Position != position || own && shown.Round != a.round || shown.Fuel != leaf.Fuel || t.contradicts(a, shown) {
			continue
		}
		if shown.Round = a.round; !own {
			shown.OwnTrace = nil
		}
		if bytes.Equal(t.tag(shown), leaf.Hash) {
			return &shown
		}
	}
	return nil
}

// provesWork reports whether the replicas of a round fold a trace of their own. They do if a
// node may have learned the first round's trace.
func (t *Chunk) provesWork(round uint32) bool { return round > 0 || t.job.Challenged != nil }

// traceKeys returns the keys of the traces that a tag of a round contains, or none before
// they are known.
func (t *Chunk) traceKeys(round uint32) [][]byte {
	return types.TraceKeys(&t.job, &t.record, round)
}

// discloses reports whether the current round opens digests, because tags of different rounds
// or jobs cannot be compared.
func (t *Chunk) discloses() bool { return t.index() > 0 || t.job.Challenged != nil }

// mustDisclose returns the positions of the tasks whose digests the chunk waits for the node
// to disclose.
func (t *Chunk) mustDisclose(a part) []uint32 {
	if !t.discloses() || t.current().Phase != types.ROUND_PHASE_REVEAL || a.Status != types.ASSIGNMENT_STATUS_REVEALED {
		return nil
	}
	return slices.DeleteFunc(t.ownJudged(a), func(position uint32) bool { return t.disclosedBy(a, position) != nil })
}

// Release gives the task back inside the prepare window. Reports that an input is missing end
// the task if they are enough and more than the nodes that still work on it, unless a node
// has shown by committing that the input is available. Reports do not earn anything, because
// otherwise nodes would be paid for ending jobs of others. A false report costs a fee; see
// classifyReports.
func (t *Chunk) Release(operator sdk.AccAddress, item types.ReleaseItem) error {
	a, err := t.held(operator, item.Ref)
	if err != nil {
		return err
	}
	if a.Status != types.ASSIGNMENT_STATUS_ASSIGNED {
		return types.ErrNotAssigned.Wrapf("only an assigned task can be given back, this one is %s", a.Status)
	}
	if last := a.AssignedHeight + int64(t.job.PrepareBlocks); t.height() > last {
		return types.ErrReleaseLate.Wrapf("prepare window ended at height %d, this is %d; commit a result", last, t.height())
	}
	if item.InputUnavailable && item.Input >= t.job.Inputs {
		return types.ErrInvalidBatch.Wrapf("input: expected 0 (program) to %d, found %d", t.job.Inputs-1, item.Input)
	}
	if err := a.MoveTo(types.ASSIGNMENT_STATUS_RELEASED); err != nil {
		return err
	}
	outcome := newOutcome(a)
	t.chargeSeat()
	if item.InputUnavailable {
		err = t.report(operator, outcome.Operator, a.Locked)
	} else {
		outcome.Slashed, err = t.giveBack(operator, a.Locked)
	}
	if err != nil {
		return err
	}
	t.record.Departed = append(t.record.Departed, outcome)
	round := t.current()
	round.Replicas = slices.DeleteFunc(round.Replicas, func(r types.Assignment) bool { return r.Operator == outcome.Operator })
	if !item.InputUnavailable {
		return nil
	}
	reports := len(t.record.InputReports)
	if reports < int(t.params.InputReports) || reports <= len(round.Replicas) || t.index() > 0 || round.Committed > 0 {
		return nil
	}
	return t.abort(types.CHUNK_STATUS_INPUT_UNAVAILABLE)
}

// giveBack returns the lock of a node that releases without a report. This is the node's own
// choice: if it does so again soon, it pays as much as for a missed deadline, but the release
// does not count as a fault. giveBack returns the amount burned, in units of the bond denom.
func (t *Chunk) giveBack(operator sdk.AccAddress, locked math.Int) (math.Int, error) {
	return t.deps.Nodes.GiveBack(t.ctx, edgenodetypes.GiveBackRequest{
		Operator: operator, Liability: locked, Fee: t.params.MissedFault(t.job.Value(t.seats())),
		JobID: t.job.Id, Task: t.record.Index,
	})
}

func newOutcome(a part) types.Outcome {
	return types.Outcome{
		Operator: a.Operator, Round: a.round, Status: a.Status, Tag: a.Tag, Metrics: a.Metrics,
		Paid: math.ZeroInt(), Slashed: math.ZeroInt(), Share: math.ZeroInt(),
	}
}
