package keeper

import (
	"bytes"
	"slices"

	"cosmossdk.io/math"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/thetaedge/theta/x/compute/types"
	edgenodetypes "github.com/thetaedge/theta/x/edgenode/types"
)

// enter is the claim of one draw.
func (w *work) enter(operator sdk.AccAddress, ref types.TaskRef) error {
	if ref.Round != w.index() {
		return types.ErrWrongRound.Wrapf("task is in round %d, got a claim for round %d", w.index(), ref.Round)
	}
	c, rules, err := w.match(operator)
	if err != nil {
		return err
	}
	for _, r := range rules {
		if r.err != nil {
			return r.err
		}
	}
	return w.claim(c)
}

// held returns the part that a node has in the round it names.
func (w *work) held(operator sdk.AccAddress, ref types.TaskRef) (part, error) {
	text, err := w.deps.Addresses.BytesToString(operator)
	if err != nil {
		return part{}, err
	}
	p, ok := w.part(text)
	if !ok {
		return p, w.notHeld(text, ref)
	}
	if p.round != ref.Round {
		return p, types.ErrWrongRound.Wrapf("node was drawn in round %d, got round %d", p.round, ref.Round)
	}
	return p, nil
}

// notHeld says why a node holds no part of the task.
func (w *work) notHeld(operator string, ref types.TaskRef) error {
	for _, o := range w.task.Departed {
		if o.Operator == operator && o.Status == types.ASSIGNMENT_STATUS_MISSED {
			return types.ErrCommitLate.Wrapf("the task was taken from %s at its deadline; this is height %d", operator, w.height())
		}
	}
	return types.ErrNotAssigned.Wrapf("%s holds no part of task %d of job %s", operator, ref.Task, ref.JobId)
}

// commit fixes the node's result.
func (w *work) commit(operator sdk.AccAddress, item types.CommitItem) error {
	a, err := w.held(operator, item.Ref)
	if err != nil {
		return err
	}
	switch a.Status {
	case types.ASSIGNMENT_STATUS_ASSIGNED:
	case types.ASSIGNMENT_STATUS_CANDIDATE:
		return types.ErrNotAssigned.Wrapf("the draw closes at height %d", w.round().Draw.CloseHeight)
	default:
		return types.ErrAlreadyCommitted.Wrap("a commitment cannot be replaced")
	}
	if err := a.MoveTo(types.ASSIGNMENT_STATUS_COMMITTED); err != nil {
		return err
	}
	a.Commitment = item.Commitment
	round := w.round()
	round.Committed++
	if round.WaitUntil == 0 {
		// A seat may fall empty as late as its node's deadline, and has to be drawn again
		// for as long after it: else one node that stalls ends the task for all.
		round.WaitUntil = w.height() + int64(w.job.CommitBlocks) + int64(w.params.MaxWaitBlocks)
	}
	return nil
}

// closeCommits goes on once every slot is filled and committed: to the question
// whether auditors join, which is asked once, or to the reveals.
func (w *work) closeCommits() (bool, error) {
	round := w.round()
	if round.Draw != nil || round.Target == 0 || len(round.Replicas) != int(round.Target) || round.Committed != round.Target {
		return false, nil
	}
	if w.index() == 0 && w.job.Policy.AuditBps > 0 && round.AuditSeedHeight == 0 {
		return true, w.pinAudit()
	}
	return true, w.openReveals()
}

// openReveals starts the reveal phase.
func (w *work) openReveals() error {
	if err := w.judgeMissed(); err != nil {
		return err
	}
	round := w.round()
	if err := round.MoveTo(types.ROUND_PHASE_REVEAL); err != nil {
		return err
	}
	round.RevealDeadline = w.height() + int64(w.params.RevealBlocks)
	w.changed(&types.TaskChange_RevealOpened{RevealOpened: &types.RevealOpened{Deadline: round.RevealDeadline}})
	return nil
}

// reveal shows the tag and the exit code that the node committed to.
func (w *work) reveal(operator sdk.AccAddress, item types.RevealItem) error {
	a, err := w.held(operator, item.Ref)
	if err != nil {
		return err
	}
	if a.Status == types.ASSIGNMENT_STATUS_REVEALED {
		return types.ErrAlreadyRevealed.Wrap("the tag is on chain")
	}
	if a.Status != types.ASSIGNMENT_STATUS_COMMITTED || a.round != w.index() || w.round().Phase != types.ROUND_PHASE_REVEAL {
		return types.ErrNotRevealing.Wrapf("round %d has %d of %d commitments and is in %s",
			w.index(), w.round().Committed, w.round().Target, w.round().Phase)
	}
	if !bytes.Equal(types.Commitment(operator, item.Tag, item.ExitCode, item.Salt), a.Commitment) {
		return types.ErrRevealMismatch.Wrapf("expected tag, exit code and salt that hash to %x with the operator", a.Commitment)
	}
	if err := a.MoveTo(types.ASSIGNMENT_STATUS_REVEALED); err != nil {
		return err
	}
	a.Tag, a.ExitCode, a.Metrics = item.Tag, item.ExitCode, item.Metrics
	w.round().Revealed++
	return nil
}

// open shows the result behind a revealed tag. In each round one node of those that agree
// is enough: the chain recognises the others' tags, and those of a first round by what any
// round shows.
func (w *work) open(operator sdk.AccAddress, item types.OpenItem) error {
	a, err := w.held(operator, item.Ref)
	if err != nil {
		return err
	}
	if !w.opens() || w.round().Phase != types.ROUND_PHASE_REVEAL {
		return types.ErrNotOpening.Wrap("digests are opened once the replicas of a further round, or the judges of a challenge, have committed")
	}
	if a.Status != types.ASSIGNMENT_STATUS_REVEALED {
		return types.ErrNotOpening.Wrap("reveal the tag first")
	}
	shown, err := w.opened(a, item)
	if err != nil {
		return err
	}
	w.task.Opened = append(w.task.Opened, shown)
	return nil
}

// opened returns the result that an item opens of a revealed part. It wraps
// ErrAlreadyOpened when that is open, and ErrOpenMismatch when the item does not give what
// was revealed.
func (w *work) opened(a part, item types.OpenItem) (types.Opening, error) {
	shown := item.Opening()
	if w.shownBy(a) != nil {
		return shown, types.ErrAlreadyOpened.Wrapf("result %x of round %d", item.Digest, a.round)
	}
	if own := len(shown.OwnTrace) > 0; own != w.provesWork(a.round) {
		return shown, types.ErrOpenMismatch.Wrapf("a trace under the key of round %d: expected one is %t, got one is %t", a.round, !own, own)
	}
	if !bytes.Equal(w.tag(shown), a.Tag) {
		return shown, types.ErrOpenMismatch.Wrapf("digest %x, fuel %d and the traces have not the tag revealed in round %d", shown.Digest, shown.Fuel, a.round)
	}
	if shown.Fuel != a.Metrics.Fuel {
		return shown, types.ErrOpenMismatch.Wrapf("fuel: expected the %d that was revealed, got %d", a.Metrics.Fuel, shown.Fuel)
	}
	return shown, nil
}

func (w *work) tag(shown types.Opening) []byte {
	return types.Tag(sdk.UnwrapSDKContext(w.ctx).ChainID(), w.job.Id, w.task.Index, shown)
}

// shownBy returns the open result behind a revealed tag, nil without one. Who has revealed
// another fuel than his tag has contradicts himself, and has said nothing.
func (w *work) shownBy(a part) *types.Opening {
	own := w.provesWork(a.round)
	for i := range w.task.Opened {
		shown := w.task.Opened[i]
		if own && shown.Round != a.round || shown.Fuel != a.Metrics.Fuel {
			continue
		}
		if shown.Round = a.round; !own {
			shown.OwnTrace = nil
		}
		if bytes.Equal(w.tag(shown), a.Tag) {
			return &shown
		}
	}
	return nil
}

// provesWork says whether the replicas of a round fold a trace of their own: where somebody
// may have learned the first round's.
func (w *work) provesWork(round uint32) bool { return round > 0 || w.job.Challenged != nil }

// traceKeys returns the keys of the traces that a tag of a round is made of; none before
// they are known.
func (w *work) traceKeys(round uint32) [][]byte {
	return types.TraceKeys(&w.job, &w.task, round)
}

// opens says whether the current round shows digests: tags of different rounds, or
// jobs, do not compare.
func (w *work) opens() bool { return w.index() > 0 || w.job.Challenged != nil }

// mustOpen says whether the task waits for the node to open its digest.
func (w *work) mustOpen(a part) bool {
	return w.opens() && w.round().Phase == types.ROUND_PHASE_REVEAL &&
		a.Status == types.ASSIGNMENT_STATUS_REVEALED && w.shownBy(a) == nil
}

// release gives the task back inside the prepare window. Reports that an input
// is not there end the task when they are enough and more than the nodes that
// still work on it, unless somebody has shown by committing that it is there.
// They earn nothing: a paid report would be a wage for ending others' jobs.
func (w *work) release(operator sdk.AccAddress, item types.ReleaseItem) error {
	a, err := w.held(operator, item.Ref)
	if err != nil {
		return err
	}
	if a.Status != types.ASSIGNMENT_STATUS_ASSIGNED {
		return types.ErrNotAssigned.Wrapf("only an assigned task can be given back, this one is %s", a.Status)
	}
	if last := a.AssignedHeight + int64(w.job.PrepareBlocks); w.height() > last {
		return types.ErrReleaseLate.Wrapf("prepare window ended at height %d, this is %d; commit a result", last, w.height())
	}
	if item.InputUnavailable && item.Input >= w.job.Inputs {
		return types.ErrInvalidBatch.Wrapf("input: expected 0 (program) to %d, got %d", w.job.Inputs-1, item.Input)
	}
	if err := a.MoveTo(types.ASSIGNMENT_STATUS_RELEASED); err != nil {
		return err
	}
	burned, err := w.giveBack(operator, item.InputUnavailable)
	if err != nil {
		return err
	}
	outcome := newOutcome(a)
	outcome.Slashed = burned
	w.task.Departed = append(w.task.Departed, outcome)
	w.chargeSeat()
	round := w.round()
	round.Replicas = slices.DeleteFunc(round.Replicas, func(r types.Assignment) bool { return r.Operator == outcome.Operator })
	if !item.InputUnavailable {
		return nil
	}
	w.task.InputReports = append(w.task.InputReports, outcome.Operator)
	reports := len(w.task.InputReports)
	if reports < int(w.params.InputReports) || reports <= len(round.Replicas) || w.index() > 0 || round.Committed > 0 {
		return nil
	}
	return w.abandon(types.TASK_STATUS_INPUT_UNAVAILABLE)
}

// giveBack gives a node its lock back. Without a report the choice was its own: who makes
// it again a little later pays what a missed deadline costs, and has no fault counted. It
// returns what was burned, in units of the bond denom.
func (w *work) giveBack(operator sdk.AccAddress, reports bool) (math.Int, error) {
	if reports {
		return math.ZeroInt(), w.deps.Nodes.Release(w.ctx, operator, w.job.Liability)
	}
	return w.deps.Nodes.GiveBack(w.ctx, edgenodetypes.GiveBackRequest{
		Operator: operator, Liability: w.job.Liability, Fee: w.params.MissedFault(w.job.BondValue),
		JobID: w.job.Id, Task: w.task.Index,
	})
}

func newOutcome(a part) types.Outcome {
	return types.Outcome{
		Operator: a.Operator, Round: a.round, Status: a.Status, Tag: a.Tag, Metrics: a.Metrics,
		Paid: math.ZeroInt(), Slashed: math.ZeroInt(), Share: math.ZeroInt(),
	}
}
