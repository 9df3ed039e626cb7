package round

import (
	"slices"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/thetaedge/theta/x/compute/types"
)

// OwesCommit reports whether the chunk waits for a node to commit, and up to which height. Its
// errors, like those of the functions below, refuse the item or come from the store.
func (t *Chunk) OwesCommit(operator sdk.AccAddress, item types.CommitItem) (int64, bool, error) {
	a, err := t.held(operator, item.Ref)
	if err != nil || a.Status != types.ASSIGNMENT_STATUS_ASSIGNED {
		return 0, false, err
	}
	err = t.checkCommit(a, item)
	return a.CommitDeadline, err == nil, err
}

// OwesReveal reports whether the chunk waits for this reveal of a node, and up to which
// height.
func (t *Chunk) OwesReveal(operator sdk.AccAddress, item types.RevealItem) (int64, bool, error) {
	a, err := t.held(operator, item.Ref)
	if err == nil && t.mustShowAll(a) {
		err = t.leavesMatch(a, item)
		return t.current().RevealDeadline, err == nil, err
	}
	if err != nil || a.Status != types.ASSIGNMENT_STATUS_COMMITTED || a.round != t.index() ||
		t.current().Phase != types.ROUND_PHASE_REVEAL {
		return 0, false, err
	}
	err = t.revealable(a, operator, item)
	return t.current().RevealDeadline, err == nil, err
}

// OwesOpen reports whether the chunk waits for a node to open this result, and up to which
// height.
func (t *Chunk) OwesOpen(operator sdk.AccAddress, item types.OpenItem) (int64, bool, error) {
	a, err := t.held(operator, item.Ref)
	if err != nil || !t.discloses() || t.current().Phase != types.ROUND_PHASE_REVEAL {
		return 0, false, err
	}
	if a.Status == types.ASSIGNMENT_STATUS_COMMITTED { // its reveal goes before it in the same tx
		return t.current().RevealDeadline, slices.Contains(t.judged(), item.Position), nil
	}
	if a.Status != types.ASSIGNMENT_STATUS_REVEALED {
		return 0, false, nil
	}
	_, err = t.disclosure(a, item)
	return t.current().RevealDeadline, err == nil, err
}

// MayRelease reports whether a node may give the chunk back, and up to which height.
func (t *Chunk) MayRelease(operator sdk.AccAddress, item types.ReleaseItem) (int64, bool, error) {
	a, err := t.held(operator, item.Ref)
	if err != nil || a.Status != types.ASSIGNMENT_STATUS_ASSIGNED || item.InputUnavailable && item.Input >= t.job.Inputs {
		return 0, false, err
	}
	last := a.AssignedHeight + int64(t.job.PrepareBlocks)
	return last, t.height() <= last, nil
}

// MayYield reports whether a node may yield the chunk, and up to which height.
func (t *Chunk) MayYield(operator sdk.AccAddress, ref types.ChunkRef) (int64, bool, error) {
	a, err := t.held(operator, ref)
	if err != nil || a.Status != types.ASSIGNMENT_STATUS_ASSIGNED {
		return 0, false, err
	}
	return a.CommitDeadline, true, nil
}

// MayClaim reports whether a claim of a node would be taken, and up to which height.
func (t *Chunk) MayClaim(operator sdk.AccAddress, ref types.ChunkRef) (int64, bool, error) {
	if ref.Round != t.index() {
		return 0, false, nil
	}
	_, rules, err := t.Match(operator)
	if err != nil || slices.ContainsFunc(rules, func(r Rule) bool { return r.Err != nil }) {
		return 0, false, err
	}
	return t.current().Draw.CloseHeight - 1, true, nil
}
