package round

import (
	"bytes"
	"slices"

	"github.com/thetaedge/theta/x/compute/types"
)

// Replicas of a quorum that do not agree on a chunk show the results of all its tasks: if they
// have revealed different roots, or if one of them is silent and no samples have been shown.
// The chain then finds the tasks about which they disagree, and judges execute those alone.

// needsLeaves reports whether the replicas have to show the results of all tasks before judges
// can be called.
func (t *Chunk) needsLeaves(ballots []ballot) bool {
	return t.index() == 0 && !t.single() && t.current().Phase == types.ROUND_PHASE_REVEAL &&
		(len(t.current().Samples) == 0 || t.rootsDiffer(ballots))
}

// rootsDiffer reports whether replicas of a first round have revealed different roots.
func (t *Chunk) rootsDiffer(ballots []ballot) bool {
	if t.single() { // tags of judges also differ by traces of their own
		return false
	}
	var root []byte
	for i := range ballots {
		b := &ballots[i]
		if !t.covers(b.a) || b.vote.Key == "" {
			continue
		}
		if root != nil && !bytes.Equal(root, b.a.Tag) {
			return true
		}
		root = b.a.Tag
	}
	return false
}

// startLeaves lets the replicas show the results of all tasks.
func (t *Chunk) startLeaves() error {
	round := t.current()
	if err := round.MoveTo(types.ROUND_PHASE_LEAVES); err != nil {
		return err
	}
	round.RevealDeadline = t.height() + int64(t.params.RevealBlocks)
	t.changed(&types.ChunkChange_RevealOpened{RevealOpened: &types.RevealOpened{Deadline: round.RevealDeadline}})
	return nil
}

// concludeLeaves decides when all replicas have shown their results, or the deadline is past.
func (t *Chunk) concludeLeaves() (bool, error) {
	if t.height() <= t.current().RevealDeadline && slices.ContainsFunc(t.replicas(), t.mustShowAll) {
		return false, nil
	}
	return true, t.decide()
}

// mustShowAll reports whether the chunk waits for a part to show the results of all tasks.
func (t *Chunk) mustShowAll(a part) bool {
	return t.current().Phase == types.ROUND_PHASE_LEAVES && t.covers(a) &&
		a.Status == types.ASSIGNMENT_STATUS_REVEALED && !t.showsAll(a)
}

// showsAll reports whether a part has shown the results of all tasks.
func (t *Chunk) showsAll(a part) bool { return uint64(len(a.Leaves)) == t.count() }

// leavesMatch checks that an item shows the results of all tasks under the root that the node
// has revealed.
func (t *Chunk) leavesMatch(a part, item types.RevealItem) error {
	all := make([]uint32, t.count())
	for i := range all {
		all[i] = uint32(i)
	}
	root, err := types.ProvenChunk(t.count(), all, item.Leaves, item.Siblings, t.job.Fuel)
	if err != nil {
		return err
	}
	if !bytes.Equal(root.Hash, a.Tag) || root.Fuel != a.Fuel {
		return types.ErrRevealMismatch.Wrapf("expected the leaves of the tree with the root %x and the fuel %d, found those of %x and %d",
			a.Tag, a.Fuel, root.Hash, root.Fuel)
	}
	return nil
}

// disagreements returns the first position at which each two parts of the first round
// disagree, in ascending order. Of two parts that judges find right at all of them, none is
// missing: their results are the same. Policy.MostJudged says how many positions there are at
// most.
func (t *Chunk) disagreements(ballots []ballot) []uint32 {
	var judged []uint32
	for i := range ballots {
		for j := range ballots[:i] {
			if position, found := t.disagreement(ballots[j].a, ballots[i].a); found {
				judged = append(judged, position)
			}
		}
	}
	slices.Sort(judged)
	return slices.Compact(judged)
}

// disagreement returns the first position at which two parts of the first round have revealed
// different results. If both have shown the results of all tasks, these are compared;
// otherwise those of the samples, because at least one of the two has shown no others.
func (t *Chunk) disagreement(a, b part) (uint32, bool) {
	positions := t.record.Rounds[0].Samples
	if t.showsAll(a) && t.showsAll(b) {
		positions = make([]uint32, t.count())
		for i := range positions {
			positions[i] = uint32(i)
		}
	}
	for _, position := range positions {
		x, shown := t.leaf(a, position)
		y, alsoShown := t.leaf(b, position)
		if shown && alsoShown && !x.Equal(&y) {
			return position, true
		}
	}
	return 0, false
}
