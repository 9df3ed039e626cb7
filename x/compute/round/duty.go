package round

import (
	"slices"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/thetaedge/theta/x/compute/types"
)

// OwesCommit reports whether the task waits for a node to commit, and up to which height.
func (t *Task) OwesCommit(operator sdk.AccAddress, item types.CommitItem) (int64, bool) {
	a, err := t.held(operator, item.Ref)
	if err != nil || a.Status != types.ASSIGNMENT_STATUS_ASSIGNED {
		return 0, false
	}
	return a.CommitDeadline, true
}

// OwesReveal reports whether the task waits for this reveal of a node, and up to which
// height.
func (t *Task) OwesReveal(operator sdk.AccAddress, item types.RevealItem) (int64, bool) {
	a, err := t.held(operator, item.Ref)
	due := err == nil && a.Status == types.ASSIGNMENT_STATUS_COMMITTED && a.round == t.index() &&
		t.current().Phase == types.ROUND_PHASE_REVEAL && t.revealable(a, operator, item) == nil
	return t.current().RevealDeadline, due
}

// OwesOpen reports whether the task waits for a node to open this result, and up to which
// height.
func (t *Task) OwesOpen(operator sdk.AccAddress, item types.OpenItem) (int64, bool) {
	a, err := t.held(operator, item.Ref)
	if err != nil || !t.discloses() || t.current().Phase != types.ROUND_PHASE_REVEAL {
		return 0, false
	}
	if a.Status == types.ASSIGNMENT_STATUS_COMMITTED { // its reveal goes before it in the same tx
		return t.current().RevealDeadline, true
	}
	if a.Status != types.ASSIGNMENT_STATUS_REVEALED {
		return 0, false
	}
	_, err = t.disclosure(a, item)
	return t.current().RevealDeadline, err == nil
}

// MayRelease reports whether a node may give the task back, and up to which height.
func (t *Task) MayRelease(operator sdk.AccAddress, item types.ReleaseItem) (int64, bool) {
	a, err := t.held(operator, item.Ref)
	if err != nil || a.Status != types.ASSIGNMENT_STATUS_ASSIGNED || item.InputUnavailable && item.Input >= t.job.Inputs {
		return 0, false
	}
	last := a.AssignedHeight + int64(t.job.PrepareBlocks)
	return last, t.height() <= last
}

// MayClaim reports whether a claim of a node would be taken, and up to which height.
func (t *Task) MayClaim(operator sdk.AccAddress, ref types.TaskRef) (int64, bool) {
	if ref.Round != t.index() {
		return 0, false
	}
	_, rules, err := t.Match(operator)
	if err != nil || slices.ContainsFunc(rules, func(r Rule) bool { return r.Err != nil }) {
		return 0, false
	}
	return t.current().Draw.CloseHeight - 1, true
}
