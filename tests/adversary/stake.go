package adversary

import (
	"fmt"

	"cosmossdk.io/math"

	computetypes "github.com/thetaedge/theta/x/compute/types"
)

// splitParts is the number of nodes into which a bond is split.
const splitParts = 3

// stakers are behaviours that do honest work and try to be drawn more often than their stake
// justifies. They are compared with the same stake played honestly.
func stakers() []behaviour {
	return []behaviour{
		cheat{label: "splits one bond", force: strangers(splitParts, tactics{}), jobs: 2 * wave, forecast: splitForecast},
		cheat{label: "races", force: racer(), jobs: 2 * wave, forecast: fairForecast("claims first, at five times the gas price")},
	}
}

// racer claims in the first block that it can, at a high gas price.
func racer() force {
	f := strangers(1, tactics{})
	f.gasFactor = 5
	return f
}

// weightOf returns the weight of a node with this bond and this many slots, in whole tfuel.
func (s *stage) weightOf(bond int64, slots uint32) float64 {
	most := inTfuel(s.nodes.BondPerSlot.Mul(math.NewIntFromUint64(uint64(slots))))
	return min(float64(bond), most)
}

// field lists the weights of the honest nodes, followed by others.
func (s *stage) field(others ...float64) []float64 {
	weights := make([]float64, 0, s.honest()+len(others))
	for range s.honest() {
		weights = append(weights, s.weightOf(honestBond, honestSlots))
	}
	return append(weights, others...)
}

// paidFor returns what honest parts in a job earn, for an expected number of parts.
func (t terms) paidFor(parts float64) float64 { return parts * t.reward * t.kept }

// splitForecast compares a bond in several nodes with the same bond in one.
func splitForecast(s *stage, r run) forecast {
	t, own := s.terms(), s.weightOf(strangerBond, strangerSlots)
	n := s.honest()
	split := draws(s.field(own, own, own), []int{n, n + 1, n + 2}, replicas)
	whole := draws(s.field(splitParts*own), []int{n}, replicas)
	mean, spread := split.times(r.jobs)
	fair, _ := whole.times(r.jobs)
	return forecast{
		mean: t.paidFor(mean), spread: t.paidFor(spread), baseline: t.paidFor(fair), trials: len(r.parts),
		formula: fmt.Sprintf("jobs·R·kept·(Σ P(part drawn) - P(whole drawn)) - gas: %.4f against %.4f a job", split.mean, whole.mean),
		note:    fmt.Sprintf("%d parts paid", count(r.parts, computetypes.ASSIGNMENT_STATUS_PAID)),
	}
}

// fairForecast expects exactly the share that corresponds to the stake.
func fairForecast(what string) func(*stage, run) forecast {
	return func(s *stage, r run) forecast {
		t, own := s.terms(), s.weightOf(strangerBond, strangerSlots)
		share := draws(s.field(own), []int{s.honest()}, replicas)
		mean, spread := share.times(r.jobs)
		return forecast{
			mean: t.paidFor(mean), spread: t.paidFor(spread), baseline: t.paidFor(mean), trials: len(r.parts),
			formula: fmt.Sprintf("-gas against the fair share of jobs·R·kept·P(drawn), P = %.4f: %s", share.mean, what),
			note:    fmt.Sprintf("%d parts paid, %.1f expected", count(r.parts, computetypes.ASSIGNMENT_STATUS_PAID), mean),
		}
	}
}
