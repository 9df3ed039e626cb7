package round

import (
	"bytes"
	"slices"

	"cosmossdk.io/math"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/thetaedge/theta/x/compute/types"
	edgenodetypes "github.com/thetaedge/theta/x/edgenode/types"
)

// Claim enters a node into the draw of the round that it names.
func (t *Task) Claim(operator sdk.AccAddress, ref types.TaskRef) error {
	if ref.Round != t.index() {
		return types.ErrWrongRound.Wrapf("task is in round %d, got a claim for round %d", t.index(), ref.Round)
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

// held returns the part that a node has in the round it names.
func (t *Task) held(operator sdk.AccAddress, ref types.TaskRef) (part, error) {
	text, err := t.deps.Addresses.BytesToString(operator)
	if err != nil {
		return part{}, err
	}
	p, ok := t.part(text)
	if !ok {
		return p, t.notHeld(text, ref)
	}
	if p.round != ref.Round {
		return p, types.ErrWrongRound.Wrapf("node was drawn in round %d, got round %d", p.round, ref.Round)
	}
	return p, nil
}

// notHeld says why a node holds no part of the task.
func (t *Task) notHeld(operator string, ref types.TaskRef) error {
	for _, o := range t.record.Departed {
		if o.Operator == operator && o.Status == types.ASSIGNMENT_STATUS_MISSED {
			return types.ErrCommitLate.Wrapf("the task was taken from %s at its deadline; this is height %d", operator, t.height())
		}
	}
	return types.ErrNotAssigned.Wrapf("%s holds no part of task %d of job %s", operator, ref.Task, ref.JobId)
}

// Commit fixes a node's result without revealing it.
func (t *Task) Commit(operator sdk.AccAddress, item types.CommitItem) error {
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
	if err := a.MoveTo(types.ASSIGNMENT_STATUS_COMMITTED); err != nil {
		return err
	}
	a.Commitment = item.Commitment
	round := t.current()
	round.Committed++
	if round.WaitUntil == 0 {
		// A seat may fall empty as late as its node's deadline, and has to be drawn again
		// for as long after it: else one node that stalls ends the task for all.
		round.WaitUntil = t.height() + int64(t.job.CommitBlocks) + int64(t.params.MaxWaitBlocks)
	}
	return nil
}

// finishCommits goes on once every slot is filled and committed: to the question
// whether auditors join, which is asked once, or to the reveals.
func (t *Task) finishCommits() (bool, error) {
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
func (t *Task) startReveals() error {
	if err := t.classifyMissed(); err != nil {
		return err
	}
	round := t.current()
	if err := round.MoveTo(types.ROUND_PHASE_REVEAL); err != nil {
		return err
	}
	round.RevealDeadline = t.height() + int64(t.params.RevealBlocks)
	t.changed(&types.TaskChange_RevealOpened{RevealOpened: &types.RevealOpened{Deadline: round.RevealDeadline}})
	return nil
}

// Reveal shows the tag and the exit code to which a node has committed.
func (t *Task) Reveal(operator sdk.AccAddress, item types.RevealItem) error {
	a, err := t.held(operator, item.Ref)
	if err != nil {
		return err
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
	a.Tag, a.ExitCode, a.Metrics = item.Tag, item.ExitCode, item.Metrics
	t.current().Revealed++
	return nil
}

// revealable checks that an item shows what the node has committed to, with a fuel that
// the task had. It wraps ErrRevealMismatch and ErrFuelOverSpec.
func (t *Task) revealable(a part, operator sdk.AccAddress, item types.RevealItem) error {
	if !bytes.Equal(types.Commitment(operator, item.Tag, item.ExitCode, item.Salt), a.Commitment) {
		return types.ErrRevealMismatch.Wrapf("expected tag, exit code and salt that hash to %x with the operator", a.Commitment)
	}
	return t.checkFuel(item.Metrics.Fuel)
}

// checkFuel refuses more fuel than a run can have used: one that its fuel has ended says
// that it has used all of it, and none uses more.
func (t *Task) checkFuel(fuel uint64) error {
	if fuel > t.job.Fuel {
		return types.ErrFuelOverSpec.Wrapf("task %d of job %s: expected at most the %d that its spec allows, got %d", t.record.Index, t.job.Id, t.job.Fuel, fuel)
	}
	return nil
}

// Open discloses the result behind a revealed tag. One of the nodes that agree in a round is
// enough: the chain recognises the tags of the others, and the tags of a first round by what
// any round discloses.
func (t *Task) Open(operator sdk.AccAddress, item types.OpenItem) error {
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

// disclosure returns the result that an item opens of a revealed part. It wraps
// ErrAlreadyOpened when that is open, ErrFuelOverSpec when no run can have used its fuel,
// and ErrOpenMismatch when the item does not give what was revealed.
func (t *Task) disclosure(a part, item types.OpenItem) (types.Opening, error) {
	shown := item.Opening()
	if t.disclosedBy(a) != nil {
		return shown, types.ErrAlreadyOpened.Wrapf("result %x of round %d", item.Digest, a.round)
	}
	if err := t.checkFuel(shown.Fuel); err != nil {
		return shown, err
	}
	if own := len(shown.OwnTrace) > 0; own != t.provesWork(a.round) {
		return shown, types.ErrOpenMismatch.Wrapf("a trace under the key of round %d: expected one is %t, got one is %t", a.round, !own, own)
	}
	if !bytes.Equal(t.tag(shown), a.Tag) {
		return shown, types.ErrOpenMismatch.Wrapf("digest %x, fuel %d and the traces have not the tag revealed in round %d", shown.Digest, shown.Fuel, a.round)
	}
	if shown.Fuel != a.Metrics.Fuel {
		return shown, types.ErrOpenMismatch.Wrapf("fuel: expected the %d that was revealed, got %d", a.Metrics.Fuel, shown.Fuel)
	}
	return shown, nil
}

func (t *Task) tag(shown types.Opening) []byte {
	return types.Tag(sdk.UnwrapSDKContext(t.ctx).ChainID(), t.job.Id, t.record.Index, shown)
}

// disclosedBy returns the result that was disclosed for a revealed tag, nil if there is none.
// A node that has revealed another fuel than its tag contains contradicts itself, and counts
// as silent.
func (t *Task) disclosedBy(a part) *types.Opening {
	own := t.provesWork(a.round)
	for i := range t.record.Opened {
		shown := t.record.Opened[i]
		if own && shown.Round != a.round || shown.Fuel != a.Metrics.Fuel {
			continue
		}
		if shown.Round = a.round; !own {
			shown.OwnTrace = nil
		}
		if bytes.Equal(t.tag(shown), a.Tag) {
			return &shown
		}
	}
	return nil
}

// provesWork reports whether the replicas of a round fold a trace of their own. They do
// where they may have learned the first round's trace from somebody.
func (t *Task) provesWork(round uint32) bool { return round > 0 || t.job.Challenged != nil }

// traceKeys returns the keys of the traces that a tag of a round is made of; none before
// they are known.
func (t *Task) traceKeys(round uint32) [][]byte {
	return types.TraceKeys(&t.job, &t.record, round)
}

// discloses reports whether digests are disclosed in the current round. They have to be
// where votes of several rounds, or of another job, are compared: their tags differ.
func (t *Task) discloses() bool { return t.index() > 0 || t.job.Challenged != nil }

// mustDisclose reports whether the task waits for the node to disclose its digest.
func (t *Task) mustDisclose(a part) bool {
	return t.discloses() && t.current().Phase == types.ROUND_PHASE_REVEAL &&
		a.Status == types.ASSIGNMENT_STATUS_REVEALED && t.disclosedBy(a) == nil
}

// Release gives the task back inside the prepare window. Reports that an input
// is not there end the task when they are enough and more than the nodes that
// still work on it, unless somebody has shown by committing that it is there.
// They earn nothing: a paid report would be a wage for ending others' jobs; and a false
// one costs a fee, see classifyReports.
func (t *Task) Release(operator sdk.AccAddress, item types.ReleaseItem) error {
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
		return types.ErrInvalidBatch.Wrapf("input: expected 0 (program) to %d, got %d", t.job.Inputs-1, item.Input)
	}
	if err := a.MoveTo(types.ASSIGNMENT_STATUS_RELEASED); err != nil {
		return err
	}
	outcome := newOutcome(a)
	t.chargeSeat()
	if item.InputUnavailable {
		err = t.report(operator, outcome.Operator)
	} else {
		outcome.Slashed, err = t.giveBack(operator)
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
	return t.abort(types.TASK_STATUS_INPUT_UNAVAILABLE)
}

// giveBack gives a node its lock back that reports nothing. The choice was its own: who
// makes it again a little later pays what a missed deadline costs, and has no fault counted.
// It returns what was burned, in units of the bond denom.
func (t *Task) giveBack(operator sdk.AccAddress) (math.Int, error) {
	return t.deps.Nodes.GiveBack(t.ctx, edgenodetypes.GiveBackRequest{
		Operator: operator, Liability: t.job.Liability, Fee: t.params.MissedFault(t.job.BondValue),
		JobID: t.job.Id, Task: t.record.Index,
	})
}

func newOutcome(a part) types.Outcome {
	return types.Outcome{
		Operator: a.Operator, Round: a.round, Status: a.Status, Tag: a.Tag, Metrics: a.Metrics,
		Paid: math.ZeroInt(), Slashed: math.ZeroInt(), Share: math.ZeroInt(),
	}
}
