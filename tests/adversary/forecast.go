package adversary

import (
	"math"

	computetypes "github.com/thetaedge/theta/x/compute/types"
	rewardstypes "github.com/thetaedge/theta/x/rewards/types"
)

// The formulas of docs/trust.md, written down apart from the chain's code: what
// they say is held against what the chain does. All amounts are in whole tfuel.

// terms are what a job's money is reckoned with.
type terms struct {
	// reward is the gross pay of a replica, liability what it stakes.
	reward, liability float64
	// kept is the part of a reward that reaches the node.
	kept float64
	// attempt and missed are parts of the reward: the fee of an attempt without a
	// verdict, and the fault of a missed deadline.
	attempt, missed float64
	// honest is the part of a slash, after its cost, that goes to who was right.
	honest float64
	// idle is what a draw costs that brings no node.
	idle float64
	// escalation are the replicas of further rounds.
	escalation []int
}

// spareSeats is how many seats more than its replicas a task sets fees aside for, and
// idleDraws how many draws without a node it can pay at least.
const spareSeats, idleDraws = 2, 16

// drawReserve is what a task sets aside for draws.
func (t terms) drawReserve() float64 { return (replicas + spareSeats) * t.seat() }

// vain is what a task costs its author that ends without a verdict: draws that brought no
// node, the fee of each seat that was left, an attempt of each node that held it to the
// end, all that no less than the seats that it asked for; and where fewer nodes finish
// than miss the deadline an attempt of each that did.
func (t terms) vain(r *computetypes.Receipt, empty int) float64 {
	missed := float64(count(r.Outcomes, computetypes.ASSIGNMENT_STATUS_MISSED))
	left := missed + float64(count(r.Outcomes, computetypes.ASSIGNMENT_STATUS_RELEASED))
	draws := min(t.drawReserve(), left*t.seat()+float64(empty)*t.idle)
	held := t.attempt * t.reward * float64(count(r.Outcomes, computetypes.ASSIGNMENT_STATUS_PAID))
	cost := draws + held + max(0, t.attempt*t.reward*missed-draws)
	if len(r.Outcomes) > 0 {
		cost += max(0, replicas*t.seat()-draws-held)
	}
	return cost
}

// harm is what honest nodes pay where they cannot finish a task: the fee of each deadline
// that they miss, and of each task that they give back so soon after another.
func (t terms) harm(r *computetypes.Receipt) float64 {
	paid := 0
	for i := range r.Outcomes {
		o := &r.Outcomes[i]
		if o.Status == computetypes.ASSIGNMENT_STATUS_MISSED ||
			o.Status == computetypes.ASSIGNMENT_STATUS_RELEASED && o.Slashed.IsPositive() {
			paid++
		}
	}
	return t.missed * t.reward * float64(paid)
}

// seat is what a seat costs that was drawn in vain.
func (t terms) seat() float64 {
	return min(t.reward, max(t.attempt*t.reward, t.liability/100))
}

// terms of the usual job under the chain's parameters. A liar's liability covers
// the first escalation, which it alone may cause.
func (s *stage) terms() terms { return s.termsAt(reward) }

// termsAt are those of the usual job at another reward, in whole tfuel.
func (s *stage) termsAt(reward float64) terms {
	t := terms{
		reward:  reward,
		kept:    keptOf(s.rewards.FeeSplit),
		attempt: bps(s.compute.AttemptFeeBps),
		missed:  bps(s.compute.MissedFaultBps),
		honest:  bps(s.nodes.SlashSplit.HonestBps),
	}
	for _, n := range s.compute.Escalation {
		t.escalation = append(t.escalation, int(n))
	}
	t.liability = math.Max(inTfuel(s.compute.MinLiability), t.reward*math.Max(2, float64(t.escalation[0])))
	t.idle = min(t.drawReserve()/idleDraws, computetypes.DrawBytes*inTfuel(s.compute.PostingFeePerByte))
	return t
}

// audited are the terms of a job that is audited with chance q: what a lie is
// expected to cost must be more than what it gains when an auditor is honest with
// the chance that governance assumes.
func (s *stage) audited(q float64) terms {
	t := s.terms()
	found := q * bps(s.compute.HonestBps)
	t.liability = math.Max(t.liability, t.reward*(1-found)/found)
	return t
}

func bps(points uint32) float64 { return float64(points) / computetypes.BasisPoints }

// keptOf is what the fee split leaves of a reward.
func keptOf(split rewardstypes.FeeSplit) float64 {
	return 1 - bps(split.BurnBps+split.StakersBps+split.CommunityBps)
}

// expectation is a mean and its variance, of one job.
type expectation struct{ mean, variance float64 }

// times are n independent jobs.
func (e expectation) times(n int) (mean, spread float64) {
	return float64(n) * e.mean, math.Sqrt(float64(n) * e.variance)
}

// inclusion is the chance that a node is among the replicas of a draw, given the
// weights of all nodes that claim. A rank is a uniform ticket divided by the
// weight, so that it is uniform below 1/weight; the lowest ranks win.
func inclusion(weights []float64, node, slots int) float64 {
	const steps = 4_000
	top := 1 / weights[node]
	sum := 0.0
	for i := range steps {
		rank := top * (float64(i) + 0.5) / steps
		// fewer[n] is the chance that n others rank lower.
		fewer := make([]float64, slots)
		fewer[0] = 1
		for j, weight := range weights {
			if j == node {
				continue
			}
			lower := math.Min(1, rank*weight)
			for n := slots - 1; n > 0; n-- {
				fewer[n] = fewer[n]*(1-lower) + fewer[n-1]*lower
			}
			fewer[0] *= 1 - lower
		}
		for _, p := range fewer {
			sum += p
		}
	}
	return sum / steps
}

// draws is how many of a job's replicas fall to some of the nodes: each is drawn
// or not. Nodes of one owner exclude each other a little, so that the variance of
// independent ones is an upper bound.
func draws(weights []float64, nodes []int, slots int) expectation {
	var e expectation
	for _, node := range nodes {
		p := inclusion(weights, node, slots)
		e.mean += p
		e.variance += p * (1 - p)
	}
	return e
}

// ring is a group of nodes of equal weight that agree on a lie, in a class of
// honest ones; all claim every draw.
type ring struct {
	terms
	nodes, members int
	// audit is the chance that auditors join a first round, auditors how many.
	audit    float64
	auditors int
}

// tally is how many honest and lying replicas each round so far has had.
type tally struct{ honest, liars []int }

func sum(list []int) int {
	total := 0
	for _, n := range list {
		total += n
	}
	return total
}

func (t tally) with(honest, liars int) tally {
	return tally{
		honest: append(append([]int{}, t.honest...), honest),
		liars:  append(append([]int{}, t.liars...), liars),
	}
}

// perJob is what the ring wins by a job under a quorum of so many replicas: the
// sum over all draws of all rounds of their chance times their outcome. Auditors
// are further replicas of the first round.
func (r ring) perJob(quorum int) expectation {
	mean, square := r.rounds(tally{}, quorum)
	if r.audit > 0 {
		m, s := r.rounds(tally{}, quorum+r.auditors)
		mean, square = (1-r.audit)*mean+r.audit*m, (1-r.audit)*square+r.audit*s
	}
	return expectation{mean: mean, variance: square - mean*mean}
}

// filled is what the ring wins by a job all replicas of which are its own.
func (r ring) filled(quorum int) expectation {
	mean, square := r.verdict(tally{}.with(0, quorum))
	mean, square = (1-r.audit)*mean, (1-r.audit)*square
	honest, liars := r.nodes-r.members, r.members-quorum
	for drawn := max(0, r.auditors-honest); drawn <= min(r.auditors, liars); drawn++ {
		m, s := r.verdict(tally{}.with(r.auditors-drawn, quorum+drawn))
		chance := r.audit * hypergeometric(honest, liars, r.auditors-drawn, drawn)
		mean, square = mean+chance*m, square+chance*s
	}
	return expectation{mean: mean, variance: square - mean*mean}
}

// rounds returns the first two moments of the ring's money when the next round
// has so many replicas.
func (r ring) rounds(so tally, replicas int) (mean, square float64) {
	honestLeft := r.nodes - r.members - sum(so.honest)
	liarsLeft := r.members - sum(so.liars)
	for liars := max(0, replicas-honestLeft); liars <= min(replicas, liarsLeft); liars++ {
		chance := hypergeometric(honestLeft, liarsLeft, replicas-liars, liars)
		m, s := r.verdict(so.with(replicas-liars, liars))
		mean += chance * m
		square += chance * s
	}
	return mean, square
}

// verdict applies the rules after a round: a first round needs all, later ones
// two thirds of all replicas, the last one the plurality.
func (r ring) verdict(now tally) (mean, square float64) {
	honest, liars := sum(now.honest), sum(now.liars)
	all, index := honest+liars, len(now.honest)-1
	certain := func(value float64) (float64, float64) { return value, value * value }
	next := r.next(now)
	switch {
	case index == 0 && liars == 0:
		return certain(0)
	case index == 0 && honest == 0:
		return certain(r.accepted(now))
	case index > 0 && 3*honest >= 2*all, index > 0 && next == 0 && honest > liars:
		return certain(-float64(liars) * r.liability)
	case index > 0 && 3*liars >= 2*all, index > 0 && next == 0 && liars > honest:
		return certain(r.accepted(now))
	case next == 0:
		// A tie, or nobody to judge: whoever spoke earns the attempt fee.
		return certain(float64(liars) * r.attempt * r.reward * r.kept)
	}
	return r.rounds(now, next)
}

// next is how many judges the next round has: as many as the rules say, as there
// are, and as the losers can pay; 0 ends the search.
func (r ring) next(now tally) int {
	index := len(now.honest) - 1
	if index >= len(r.escalation) {
		return 0
	}
	all, judges := sum(now.honest)+sum(now.liars), 0
	for i := 1; i <= index; i++ {
		judges += now.honest[i] + now.liars[i]
	}
	losers := 1
	if index > 0 {
		losers = all/3 + 1
	}
	payable := int(math.Floor(float64(losers)*r.liability/r.reward+rounding)) - judges
	return max(0, min(r.escalation[index], r.nodes-all, payable))
}

// accepted is what the ring gets when its lie stands: the reward of the first
// round from escrow, and of the honest nodes' liabilities the judges' pay first
// and then its share, a reward at most.
func (r ring) accepted(now tally) float64 {
	first, judges := now.liars[0], sum(now.liars[1:])
	slashed := float64(sum(now.honest)) * r.liability
	cost := math.Min(float64(judges)*r.reward, slashed)
	return float64(first)*r.reward*r.kept + cost*r.kept + math.Min((slashed-cost)*r.honest, r.reward)
}

// hypergeometric is the chance to draw exactly so many of each of two kinds.
func hypergeometric(honest, liars, drawnHonest, drawnLiars int) float64 {
	return choose(honest, drawnHonest) * choose(liars, drawnLiars) / choose(honest+liars, drawnHonest+drawnLiars)
}

// choose is the binomial coefficient.
func choose(n, k int) float64 {
	if k < 0 || k > n {
		return 0
	}
	product := 1.0
	for i := range k {
		product *= float64(n-i) / float64(i+1)
	}
	return product
}
