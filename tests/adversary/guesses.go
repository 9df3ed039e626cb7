package adversary

import (
	"context"
	"crypto/sha256"
	"fmt"

	computetypes "github.com/thetaedge/theta/x/compute/types"
)

// guessBps is the probability, in basis points, that a result is right although no node has
// computed it: for a program that answers yes or no, or for a cheaper program that almost
// always gives the same result.
const guessBps = 9_900

// guessers are behaviours of nodes that know the result, or mostly do, without having run the
// program for it.
func guessers() []behaviour {
	cheap := small(cheaper)
	return []behaviour{
		cheat{
			label: "guesses", jobs: wave,
			force:    strangers(1, tactics{claims: onlyReplicas, answer: mostlyRight(nil)}),
			forecast: loseEach(fmt.Sprintf("its result is right with p = %.2f, and its trace never", float64(guessBps)/computetypes.BasisPoints), 1),
		},
		cheat{
			label: "echoes the first round", jobs: 2 * wave,
			force:       strangers(1, tactics{claims: onlyJudges, answer: echo}),
			accomplices: strangers(2, tactics{claims: onlyReplicas, answer: guess}),
			forecast:    loseEach("it knows result, fuel and first trace, and not the trace of its own round", 1),
		},
		cheat{
			label: "runs a cheaper program", policy: auditPolicy, spec: audited, jobs: 2 * wave,
			force:    strangers(1, tactics{claims: onlyExecutes, answer: mostlyRight(&cheap)}),
			forecast: hopeUnaudited(auditChance),
		},
	}
}

// cheaper is a program that leaves less in its memory than the one that it replaces.
const cheaper = "\x00asm\x01\x00\x00\x00" +
	"\x01\x04\x01\x60\x00\x00" +
	"\x03\x02\x01\x00" +
	"\x07\x0a\x01\x06_start\x00\x00" +
	"\x0a\x04\x01\x02\x00\x0b"

// onlyReplicas reports whether a draw is one of a first round.
func onlyReplicas(_ context.Context, _ *hand, draw computetypes.ClaimableChunk) bool {
	return draw.Ref.Round == 0
}

// mostlyRight commits to a result that is right with the probability of a good guess. Its
// traces are those of other work, or made up.
func mostlyRight(w *work) func(context.Context, *hand, computetypes.WorkItem) *answer {
	return func(_ context.Context, h *hand, item computetypes.WorkItem) *answer {
		found := h.stage.truth(item.Ref.JobId)
		found.work = w
		sum := sha256.Sum256([]byte(item.Ref.JobId))
		if int(sum[0])<<8+int(sum[1]) >= guessBps*(1<<16)/computetypes.BasisPoints {
			found = found.altered(h.address())
		}
		return &found
	}
}

// echo commits to the result of a first round, which a requester may tell a judge. It only
// lacks the trace of its own round.
func echo(_ context.Context, h *hand, item computetypes.WorkItem) *answer {
	found := h.stage.truth(item.Ref.JobId)
	found.unproven = true
	return &found
}
