package bid

import (
	"cmp"
	"slices"
	"strings"
	"time"

	computetypes "github.com/thetaedge/theta/x/compute/types"
)

const (
	// tallySpan is the time for which a draw is counted.
	tallySpan = time.Hour
	// maxTallied bounds the number of draws that are counted, and maxCounts the number of
	// different reasons that are told apart.
	maxTallied = 4096
	maxCounts  = 20
)

// Tally counts the draws of the last hour by what the node did with them. A draw is open for many
// blocks and is decided in each of them; it counts once, with the last decision.
type Tally struct {
	draws map[computetypes.ChunkRef]tallied
}

// tallied is what a node did with one draw. The cause is CauseNone if it claimed the draw.
type tallied struct {
	cause  Cause
	reason string
	at     time.Time
}

// NewTally returns an empty tally.
func NewTally() *Tally { return &Tally{draws: map[computetypes.ChunkRef]tallied{}} }

// Note counts the draws of a decision that was made at a time.
func (t *Tally) Note(d *Decision, now time.Time) {
	for i := range d.Claims {
		t.note(d.Claims[i].Ref, tallied{cause: CauseNone, at: now})
	}
	for i := range d.Left {
		left := &d.Left[i]
		known := t.draws[left.Draw.Ref]
		switch {
		case left.Cause == CauseHeld:
			t.note(left.Draw.Ref, tallied{cause: CauseNone, at: now})
		case left.Cause.Routine():
		case left.Cause == CauseOutranked && !known.at.IsZero() && known.cause != CauseOutranked:
			// Other nodes take what this node has left: the first reason is the one that matters.
		default:
			t.note(left.Draw.Ref, tallied{cause: left.Cause, reason: left.Reason, at: now})
		}
	}
	t.forget(now)
}

func (t *Tally) note(ref computetypes.ChunkRef, what tallied) {
	if _, known := t.draws[ref]; !known && len(t.draws) >= maxTallied {
		return
	}
	t.draws[ref] = what
}

// forget drops the draws that are older than the span of the tally.
func (t *Tally) forget(now time.Time) {
	for ref, what := range t.draws {
		if now.Sub(what.at) > tallySpan {
			delete(t.draws, ref)
		}
	}
}

// Count says how many draws of the last hour had the same outcome.
type Count struct {
	// Cause is CauseNone for draws that the node has claimed.
	Cause Cause
	// Draws is the number of draws.
	Draws int
	// Reason is the reason of the latest of these draws, for the owner. The reasons of the others
	// differ from it only in their numbers and names.
	Reason string
	// Last is the time of the latest of these draws.
	Last time.Time
}

// Counts returns the counts, the largest first, and at most 20 of them.
func (t *Tally) Counts() []Count {
	type kind struct {
		cause Cause
		shape string
	}
	counts := map[kind]Count{}
	for _, what := range t.draws {
		k := kind{what.cause, shapeOf(what.reason)}
		c := counts[k]
		c.Cause, c.Draws = what.cause, c.Draws+1
		if newer := what.at.Compare(c.Last); newer > 0 || newer == 0 && what.reason < c.Reason {
			c.Reason, c.Last = what.reason, what.at
		}
		counts[k] = c
	}
	list := make([]Count, 0, len(counts))
	for _, c := range counts {
		list = append(list, c)
	}
	slices.SortFunc(list, func(x, y Count) int {
		return cmp.Or(cmp.Compare(y.Draws, x.Draws), cmp.Compare(x.Cause, y.Cause), cmp.Compare(x.Reason, y.Reason))
	})
	return list[:min(len(list), maxCounts)]
}

// shapeOf returns a reason without its numbers, amounts, digests and addresses, so that the same
// rule gives the same text for all draws.
func shapeOf(reason string) string {
	words := strings.Fields(reason)
	for i, word := range words {
		if strings.ContainsAny(word, "0123456789") {
			words[i] = "…"
		}
	}
	return strings.Join(words, " ")
}
