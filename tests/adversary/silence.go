package adversary

import (
	"context"
	"fmt"

	"github.com/thetaedge/theta/sidecar/chain"
	computetypes "github.com/thetaedge/theta/x/compute/types"
)

// stallCommitBlocks is the commit window of jobs that are stalled, which is the shortest
// possible.
const stallCommitBlocks = minCommitBlocks

// silents are behaviours that hold work without doing it.
func silents() []behaviour {
	return []behaviour{
		cheat{
			label: "never reveals", jobs: wave, forecast: loseEach("a commitment that is not revealed", 1),
			force: strangers(1, tactics{reveal: revealNothing}),
		},
		cheat{
			label: "stalls", jobs: wave, forecast: missForecast,
			force: strangers(1, tactics{answer: answerNothing}),
			spec:  func(spec *computetypes.JobSpec) { spec.CommitBlocks = stallCommitBlocks },
		},
		cheat{
			label: "releases for ever", jobs: wave, forecast: releaseForecast,
			force: strangers(1, tactics{release: releaseAll, answer: answerNothing}),
			spec:  func(spec *computetypes.JobSpec) { spec.CommitBlocks = stallCommitBlocks },
		},
	}
}

func revealNothing(context.Context, *hand, computetypes.WorkItem, computetypes.RevealItem) *computetypes.RevealItem {
	return nil
}

func answerNothing(context.Context, *hand, computetypes.WorkItem) *answer { return nil }

func releaseAll(item computetypes.WorkItem) *computetypes.ReleaseItem {
	return &computetypes.ReleaseItem{Ref: item.Ref}
}

// missForecast predicts the fee of each missed deadline.
func missForecast(s *stage, r run) forecast {
	t := s.terms()
	missed := count(r.parts, computetypes.ASSIGNMENT_STATUS_MISSED)
	return forecast{
		mean: -t.missed * t.reward * float64(len(r.parts)), trials: len(r.parts),
		formula: fmt.Sprintf("-n·missed_fault·R - gas, n = %d draws, missed_fault = %g", len(r.parts), t.missed),
		note:    fmt.Sprintf("%d missed, all redrawn: %d of %d jobs accepted", missed, accepted(r.over), r.jobs),
	}
}

// releaseForecast predicts the fee of a missed deadline for each release, except for an
// occasional one.
func releaseForecast(s *stage, r run) forecast {
	t, paid := s.terms(), 0
	for _, part := range r.parts {
		if part.Status == computetypes.ASSIGNMENT_STATUS_RELEASED && part.Slashed.IsPositive() {
			paid++
		}
	}
	released := 0
	for _, h := range r.hands {
		taken, _ := h.counts(chain.Release)
		released += taken
	}
	return forecast{
		trials:  released,
		mean:    -t.missed * t.reward * float64(paid),
		formula: fmt.Sprintf("-n·missed_fault·R - gas, n = %d of the releases, each within 100 blocks of another", paid),
		note:    fmt.Sprintf("%d released, all redrawn: %d of %d jobs accepted", released, accepted(r.over), r.jobs),
	}
}
