package adversary

import (
	"math"

	computetypes "github.com/thetaedge/theta/x/compute/types"
	rewardstypes "github.com/thetaedge/theta/x/rewards/types"
)

// The formulas of docs/trust.md, written independently of the chain's code: their predictions
// are compared with what the chain does. All amounts are in whole tfuel.

// terms are the figures from which a job's money is computed.
type terms struct {
	// reward is the gross pay of a replica, and liability is the amount that it stakes.
	reward, liability float64
	// kept is the part of a reward that reaches the node.
	kept float64
	// attempt and missed are parts of the reward: the fee of an attempt without a verdict,
	// and the fee of a missed deadline.
	attempt, missed float64
	// honest is the part of a slash, after its cost, that goes to nodes that were right.
	honest float64
	// idle is the cost of a draw that does not find a node.
	idle float64
	// escalation contains the numbers of replicas of further rounds.
	escalation []int
}

// spareSeats is the number of seats, in addition to its replicas, for which a task sets fees
// aside. idleDraws is the smallest number of draws without a node that it can pay for.
const spareSeats, idleDraws = 2, 16

// drawReserve returns the amount that a task sets aside for draws.
func (t terms) drawReserve() float64 { return (replicas + spareSeats) * t.seat() }

// vain returns the cost of a task that ends without a verdict, for its author. It consists of
// the draws that did not find a node, the fee of each seat that was left, and an attempt fee
// for each node that held the task to the end; it is at least the fee of all seats. If fewer
// nodes finish than miss the deadline, an attempt fee for each node that missed it is added.
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

// harm returns what honest nodes pay if they cannot finish a task: the fee of each deadline
// that they miss, and of each task that they give back too soon after another.
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

// seat returns the fee of a seat that was drawn but not used.
func (t terms) seat() float64 {
	return min(t.reward, max(t.attempt*t.reward, t.liability/100))
}

// terms returns the terms of the usual job under the chain's parameters. A liar's liability
// covers the first escalation, which it alone may cause.
func (s *stage) terms() terms { return s.termsAt(reward) }

// termsAt returns the terms of the usual job at another reward, in whole tfuel.
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

// audited returns the terms of a job that is audited with the probability q. The expected
// loss from a lie must exceed its gain if an auditor is honest with the probability that
// governance assumes.
func (s *stage) audited(q float64) terms {
	t := s.terms()
	found := q * bps(s.compute.HonestBps)
	t.liability = math.Max(t.liability, t.reward*(1-found)/found)
	return t
}

func bps(points uint32) float64 { return float64(points) / computetypes.BasisPoints }

// keptOf returns the part of a reward that the fee split leaves.
func keptOf(split rewardstypes.FeeSplit) float64 {
	return 1 - bps(split.BurnBps+split.StakersBps+split.CommunityBps)
}

// expectation is a mean and its variance, for one job.
type expectation struct{ mean, variance float64 }

// times returns the mean and the standard deviation of n independent jobs.
func (e expectation) times(n int) (mean, spread float64) {
	return float64(n) * e.mean, math.Sqrt(float64(n) * e.variance)
}

// inclusion returns the probability that a node is among the replicas of a draw, given the
// weights of all nodes that claim. A rank is a uniform ticket divided by the weight, so it is
// uniform below 1/weight; the lowest ranks win.
func inclusion(weights []float64, node, slots int) float64 {
	const steps = 4_000
	top := 1 / weights[node]
	sum := 0.0
	for i := range steps {
		rank := top * (float64(i) + 0.5) / steps
		// fewer[n] is the probability that n others rank lower.
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

// draws returns how many of a job's replicas some of the nodes get. Each node is drawn or
// not. Nodes of one owner compete with each other a little, so the variance of independent
// nodes is an upper bound.
func draws(weights []float64, nodes []int, slots int) expectation {
	var e expectation
	for _, node := range nodes {
		p := inclusion(weights, node, slots)
		e.mean += p
		e.variance += p * (1 - p)
	}
	return e
}

// ring is a group of nodes of equal weight that agree on a lie, in a class of otherwise
// honest nodes. All nodes claim every draw.
type ring struct {
	terms
	nodes, members int
	// audit is the probability that auditors join a first round, and auditors is their
	// number.
	audit    float64
	auditors int
}

// tally contains the numbers of honest and lying replicas of each round so far.
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

// perJob returns what the ring wins per job under a quorum of this many replicas: the sum,
// over all draws of all rounds, of their probability times their outcome. Auditors are
// further replicas of the first round.
func (r ring) perJob(quorum int) expectation {
	mean, square := r.rounds(tally{}, quorum)
	if r.audit > 0 {
		m, s := r.rounds(tally{}, quorum+r.auditors)
		mean, square = (1-r.audit)*mean+r.audit*m, (1-r.audit)*square+r.audit*s
	}
	return expectation{mean: mean, variance: square - mean*mean}
}

// filled returns what the ring wins per job whose replicas all belong to the ring.
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

// rounds returns the first two moments of the ring's money if the next round has this many
// replicas.
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

// verdict applies the rules after a round: a first round needs all replicas, later rounds
// need two thirds of all replicas, and the last round needs a plurality.
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
		// A tie, or no judges: each node that revealed earns the attempt fee.
		return certain(float64(liars) * r.attempt * r.reward * r.kept)
	}
	return r.rounds(now, next)
}

// next returns the number of judges of the next round: the number in the rules, or fewer if
// there are fewer nodes or the losers can pay fewer. 0 ends the search.
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

// accepted returns what the ring gets if its lie is accepted: the reward of the first round
// from escrow, and, from the honest nodes' liabilities, first the judges' pay and then its
// share, at most one reward.
func (r ring) accepted(now tally) float64 {
	first, judges := now.liars[0], sum(now.liars[1:])
	slashed := float64(sum(now.honest)) * r.liability
	cost := math.Min(float64(judges)*r.reward, slashed)
	return float64(first)*r.reward*r.kept + cost*r.kept + math.Min((slashed-cost)*r.honest, r.reward)
}

// hypergeometric returns the probability of drawing exactly this many of each of two kinds.
func hypergeometric(honest, liars, drawnHonest, drawnLiars int) float64 {
	return choose(honest, drawnHonest) * choose(liars, drawnLiars) / choose(honest+liars, drawnHonest+drawnLiars)
}

// choose returns the binomial coefficient.
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
