package adversary

import (
	"context"
	"crypto/sha256"
	"fmt"
	"math"
	"slices"

	"github.com/thetaedge/theta/executor/tensors"
	computetypes "github.com/thetaedge/theta/x/compute/types"
)

const (
	// majorityNodes is the number of honest nodes, and majorityRing that of the nodes of one owner,
	// where no wrong result is slashed. The ring often has two of three seats.
	majorityNodes, majorityRing = 4, 6
	majorityPolicy              = quorumPolicy + ", majority"
)

// majorityGenesis is the genesis of a network that does not vouch for the profile of the small
// program.
func majorityGenesis() map[string]map[string]any {
	params := genesis()
	params["compute"]["deterministic_executors"] = []any{tensors.Profile}
	return params
}

// majorities are behaviours where two thirds of a first round decide and no wrong result is slashed.
func majorities() []behaviour {
	return []behaviour{
		cheat{
			label: "agrees on a failure", policy: majorityPolicy, jobs: 2 * wave,
			force: strangers(majorityRing, tactics{answer: noOutputs}), forecast: attemptsOnly,
		},
		badJob{
			label: "fails on purpose", policy: majorityPolicy, spec: impossible, cost: attemptsPaid,
			why: "-jobs·max(M·attempt·R, M·seat) - posting - gas: where no wrong result is slashed, a failure earns the attempt fee",
		},
	}
}

// noOutputs commits without any work to the result of a machine that cannot run the program, as all
// nodes of the ring do.
func noOutputs(context.Context, *hand, computetypes.WorkItem) *answer {
	sum := sha256.Sum256([]byte("no outputs"))
	return &answer{digest: sum[:], exit: math.MaxUint32}
}

// attemptsOnly predicts an attempt fee for each part of the ring in a task whose accepted result is a
// failure, and nothing for its other parts. The ring is compared with nodes that work and are paid in
// full. Without the rule, it would earn as much as they do in each task in which it is the majority,
// and the honest minority would have come nearer to jail.
func attemptsOnly(s *stage, r run) forecast {
	t := s.terms()
	mine := make(map[string]bool, len(r.hands))
	for _, h := range r.hands {
		mine[h.address()] = true
	}
	paid, accused := 0, 0
	for _, e := range r.over {
		for _, receipt := range e.receipts {
			ring := len(slices.DeleteFunc(slices.Clone(receipt.Outcomes), func(o computetypes.Outcome) bool { return !mine[o.Operator] }))
			if receipt.FailedTasks > 0 {
				paid += ring
				accused += len(receipt.Outcomes) - ring
			}
		}
	}
	full := t.reward * t.kept
	return forecast{
		mean: t.attempt * full * float64(paid), baseline: full * float64(len(r.parts)), trials: len(r.parts),
		formula: fmt.Sprintf("attempt·R·kept·w - R·kept·n - gas, for n = %d parts, w = %d of them in the majority; without the rule R·kept·(w - n) - gas = %.4f - gas",
			len(r.parts), paid, full*float64(paid-len(r.parts))),
		note: fmt.Sprintf("%d of %d jobs accepted; %d parts of honest nodes contradicted a failure that was accepted, and were paid as much", accepted(r.over), r.jobs, accused),
	}
}

// attemptsPaid returns the cost of a failure for its requester: the attempt fees, or the fees of
// the seats if these are higher.
func attemptsPaid(t terms, _ *computetypes.Receipt) float64 {
	return replicas * max(t.attempt*t.reward, t.seat())
}
