package keeper

import (
	"fmt"

	"github.com/thetaedge/theta/x/compute/types"
)

// waiting says what the task waits for.
func (w *work) waiting() types.Waiting {
	round := w.round()
	out := types.Waiting{
		Ref: w.ref(), Phase: round.Phase, Height: w.height(), Draw: round.Draw,
		Target: round.Target, Assigned: uint32(len(round.Replicas)), ExpiresHeight: w.expires(),
	}
	switch round.Phase {
	case types.ROUND_PHASE_COMMIT:
		out.Summary = w.waitsToCommit(round)
	case types.ROUND_PHASE_AUDIT:
		out.Summary = "all replicas have committed; the seed that says whether auditors join is awaited"
	case types.ROUND_PHASE_REVEAL:
		out.Summary = fmt.Sprintf("%d of %d nodes have revealed; the others may up to height %d", round.Revealed, round.Target, round.RevealDeadline)
	case types.ROUND_PHASE_REVIEW:
		out.Summary = fmt.Sprintf("the requester may reject the result up to height %d", round.ReviewDeadline)
	default:
		out.Summary = "the round is closed; the task ends with the next block"
	}
	return out
}

// waitsToCommit says what a round waits for until all its replicas have committed.
func (w *work) waitsToCommit(round *types.Round) string {
	draw := round.Draw
	if draw == nil && round.ResumeHeight > w.height() {
		return w.pauses(round)
	}
	if draw == nil {
		return fmt.Sprintf("%d of %d nodes have committed; the next deadline is height %d", round.Committed, round.Target, round.NextDeadline)
	}
	looks := fmt.Sprintf("draw %d for %d of %d nodes", draw.Attempt+1, draw.Slots, round.Target)
	switch {
	case draw.CloseHeight != 0:
		looks += fmt.Sprintf(": nodes may claim below height %d, %d have", draw.CloseHeight, len(draw.Candidates))
	case w.job.Policy.NamesNode():
		looks += fmt.Sprintf(": %s may claim from the next block on", w.job.Policy.Node)
	default:
		looks += fmt.Sprintf(": the randomness that belongs to height %d is awaited; a relay brings it", draw.SeedHeight)
	}
	if w.drawsReplicas() {
		looks += fmt.Sprintf("; without enough nodes the task expires after height %d", w.expires())
	}
	return looks
}

// pauses says what a round waits for between draws.
func (w *work) pauses(round *types.Round) string {
	text := fmt.Sprintf("draw %d for %d of %d nodes begins at height %d, because earlier draws found too few",
		round.Draws+1, int(round.Target)-len(round.Replicas), round.Target, round.ResumeHeight)
	if w.charged() {
		text += "; its requester may buy it now. " + fmt.Sprintf("Without enough nodes the task expires after height %d, or once its draws have cost %s of %s%s",
			w.expires(), w.task.DrawFees, w.job.DrawReserve(), w.job.Reward.Denom)
	}
	return text
}
