package adversary

import (
	"bytes"
	"context"
	"fmt"
	"slices"

	computetypes "github.com/thetaedge/theta/x/compute/types"
)

// liars are behaviours that commit to wrong results.
func liars() []behaviour {
	return []behaviour{
		cheat{
			label: "lies", force: strangers(1, tactics{answer: lie("alone")}), jobs: wave, forecast: loseEach("lies", 1),
		},
		cheat{
			label: "lies only if unaudited", jobs: wave, forecast: loseEach("hides its lie once others disagree", 1),
			force: strangers(1, tactics{answer: lie("timid"), reveal: revealIfUnopposed}),
		},
		cheat{
			label: "copies", jobs: wave, forecast: loseEach("cannot reveal what it copied", 1),
			force: strangers(1, tactics{commit: copyCommitment, reveal: copyTag}),
		},
		cheat{
			label: "colludes", force: strangers(3, tactics{answer: lie("agreed")}), jobs: 2 * wave, forecast: ringForecast,
		},
		cheat{
			label: "audits lazily", jobs: wave, forecast: loseEach("judges by a guess", 1),
			force:       strangers(3, tactics{claims: onlyJudges, answer: guess}),
			accomplices: strangers(2, tactics{answer: guess}),
		},
	}
}

// lie commits to the same wrong answer as all nodes that know the note.
func lie(note string) func(context.Context, *hand, computetypes.WorkItem) *answer {
	return func(_ context.Context, h *hand, item computetypes.WorkItem) *answer {
		wrong := h.stage.truth(item.Ref.JobId).altered(note)
		return &wrong
	}
}

// guess commits to a made-up answer.
func guess(_ context.Context, h *hand, item computetypes.WorkItem) *answer {
	wrong := h.stage.truth(item.Ref.JobId).altered(h.address())
	return &wrong
}

// onlyJudges waits for escalations and does not claim anything else.
func onlyJudges(_ context.Context, _ *hand, draw computetypes.ClaimableChunk) bool {
	return draw.Ref.Round > 0
}

// others returns the parts of the other nodes in the round of an assignment.
func (h *hand) others(ctx context.Context, item computetypes.WorkItem) []computetypes.Assignment {
	answer, err := computetypes.NewQueryClient(h.stage.net.Conn()).Chunk(ctx, &computetypes.QueryChunkRequest{
		JobId: item.Ref.JobId, Task: item.Ref.Task,
	})
	if err != nil || int(item.Ref.Round) >= len(answer.Chunk.Rounds) {
		return nil
	}
	return slices.DeleteFunc(answer.Chunk.Rounds[item.Ref.Round].Replicas, func(other computetypes.Assignment) bool {
		return other.Operator == item.Assignment.Operator
	})
}

// revealIfUnopposed waits for the tags of the others, and stays silent if one differs.
func revealIfUnopposed(ctx context.Context, h *hand, item computetypes.WorkItem, made computetypes.RevealItem) *computetypes.RevealItem {
	for _, other := range h.others(ctx, item) {
		if !bytes.Equal(other.Tag, made.Tag) {
			return nil
		}
	}
	return &made
}

// copyCommitment waits for another node's commitment and uses it as its own.
func copyCommitment(ctx context.Context, h *hand, item computetypes.WorkItem, _ []byte) []byte {
	for _, other := range h.others(ctx, item) {
		if len(other.Commitment) > 0 {
			return other.Commitment
		}
	}
	return nil
}

// copyTag waits for another node's tag and reveals it.
func copyTag(ctx context.Context, h *hand, item computetypes.WorkItem, made computetypes.RevealItem) *computetypes.RevealItem {
	for _, other := range h.others(ctx, item) {
		if len(other.Tag) > 0 {
			made.Tag = other.Tag
			return &made
		}
	}
	return nil
}

// loseEach predicts a loss of some liabilities each time that the owner's nodes took part. It
// does not depend on chance: the measurement must match to the last unit.
func loseEach(why string, liabilities float64) func(*stage, run) forecast {
	return func(s *stage, r run) forecast {
		t := s.terms()
		lost := count(r.parts, computetypes.ASSIGNMENT_STATUS_SLASHED) + count(r.parts, computetypes.ASSIGNMENT_STATUS_NO_REVEAL)
		return forecast{
			mean: -liabilities * t.liability * float64(len(r.parts)), trials: len(r.parts),
			formula: fmt.Sprintf("-n·L - gas, n = %d draws, L = %g: %s", len(r.parts), t.liability, why),
			note:    fmt.Sprintf("%d of %d slashed, %d of %d jobs accepted with the right result", lost, len(r.parts), accepted(r.over), r.jobs),
		}
	}
}

// ringForecast sums over all draws of all rounds.
func ringForecast(s *stage, r run) forecast {
	g := ring{terms: s.terms(), nodes: s.honest() + len(r.hands), members: len(r.hands)}
	mean, spread := g.perJob(replicas).times(r.jobs)
	return forecast{
		mean: mean, spread: spread, trials: len(r.parts),
		formula: fmt.Sprintf("jobs · Σ over draws of P(draw)·outcome - gas, for %d of %d nodes that agree on a lie", g.members, g.nodes),
		note:    fmt.Sprintf("%d parts were slashed, %d paid", count(r.parts, computetypes.ASSIGNMENT_STATUS_SLASHED), count(r.parts, computetypes.ASSIGNMENT_STATUS_PAID)),
	}
}
