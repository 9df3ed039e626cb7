package round

import (
	"fmt"

	"github.com/thetaedge/theta/x/compute/types"
)

// Waiting describes what the chunk waits for.
func (t *Chunk) Waiting() types.Waiting {
	round := t.current()
	out := types.Waiting{
		Ref: t.Ref(), Phase: round.Phase, Height: t.height(), Draw: round.Draw,
		Target: round.Target, Assigned: uint32(len(round.Replicas)), ExpiresHeight: t.expires(),
	}
	switch round.Phase {
	case types.ROUND_PHASE_COMMIT:
		out.Summary = t.waitsToCommit(round)
	case types.ROUND_PHASE_AUDIT:
		out.Summary = "all replicas have committed; the seed that says whether auditors join is awaited"
	case types.ROUND_PHASE_REVEAL:
		out.Summary = fmt.Sprintf("%d of %d nodes have revealed; the others may up to height %d", round.Revealed, round.Target, round.RevealDeadline)
	case types.ROUND_PHASE_LEAVES:
		out.Summary = fmt.Sprintf("replicas have revealed different results; they may show those of all %d tasks up to height %d", t.count(), round.RevealDeadline)
	case types.ROUND_PHASE_REVIEW:
		out.Summary = fmt.Sprintf("the requester may reject the result up to height %d", round.ReviewDeadline)
	default:
		out.Summary = "the round is closed; the task ends with the next block"
	}
	return out
}

// waitsToCommit describes what a round waits for until all its replicas have committed.
func (t *Chunk) waitsToCommit(round *types.Round) string {
	draw := round.Draw
	if draw == nil && round.ResumeHeight > t.height() {
		return t.pauses(round)
	}
	if draw == nil {
		return fmt.Sprintf("%d of %d nodes have committed; the next deadline is height %d", round.Committed, round.Target, round.NextDeadline)
	}
	looks := fmt.Sprintf("draw %d for %d of %d nodes", draw.Attempt+1, draw.Slots, round.Target)
	switch {
	case draw.CloseHeight != 0:
		looks += fmt.Sprintf(": nodes may claim below height %d, %d have", draw.CloseHeight, len(draw.Candidates))
	case t.job.Policy.NamesNode():
		looks += fmt.Sprintf(": %s may claim from the next block on", t.job.Policy.Node)
	default:
		looks += fmt.Sprintf(": the randomness that belongs to height %d is awaited; a relay brings it", draw.SeedHeight)
	}
	if t.drawsReplicas() {
		looks += fmt.Sprintf("; without enough nodes the task expires after height %d", t.expires())
	}
	return looks
}

// pauses describes what a round waits for between draws.
func (t *Chunk) pauses(round *types.Round) string {
	text := fmt.Sprintf("draw %d for %d of %d nodes begins at height %d, because earlier draws found too few",
		round.Draws+1, int(round.Target)-len(round.Replicas), round.Target, round.ResumeHeight)
	if t.charged() {
		text += "; its requester may buy it now. " + fmt.Sprintf("Without enough nodes the task expires after height %d, or once its draws have cost %s of %s%s",
			t.expires(), t.record.DrawFees, t.job.DrawReserve(t.count()), t.job.Reward.Denom)
	}
	return text
}

// WorkItem returns what the chunk requires of a node, if the node holds a part of it.
func (t *Chunk) WorkItem(operator string) (types.WorkItem, bool) {
	a, held := t.part(operator)
	if !held {
		return types.WorkItem{}, false
	}
	ref := t.Ref()
	ref.Round = a.round
	opens := t.mustDisclose(a)
	samples, shows := t.record.Rounds[a.round].Samples, []uint32(nil)
	if t.covers(a) {
		samples, shows = nil, samples
	}
	return types.WorkItem{
		Ref:            ref,
		Assignment:     *a.Assignment,
		CurrentRound:   t.index(),
		Phase:          t.current().Phase,
		RevealDeadline: t.current().RevealDeadline,
		ReviewDeadline: t.current().ReviewDeadline,
		MustOpen:       len(opens) > 0,
		Opens:          opens,
		TraceKeys:      t.traceKeys(a.round),
		Count:          t.count(),
		Samples:        samples,
		Shows:          shows,
		MustShowAll:    t.mustShowAll(a),
		Excusable:      a.Status == types.ASSIGNMENT_STATUS_ASSIGNED && t.excusable(),
	}, true
}

// Draw returns the draw of the chunk, if it has one.
func (t *Chunk) Draw() (types.OpenDraw, bool) {
	if t.Ended() || t.current().Draw == nil {
		return types.OpenDraw{}, false
	}
	return types.OpenDraw{
		Ref: t.Ref(), Draw: *t.current().Draw, Executor: t.job.Executor, Policy: t.job.Policy, Reward: t.job.Reward,
		Tasks: t.seats(),
	}, true
}
