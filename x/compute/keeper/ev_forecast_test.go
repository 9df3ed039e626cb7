package keeper_test

import "math"

// The expected value of a strategy, computed independently of the chain's code: the sum, over
// all draws of all rounds, of their probability times their outcome. Amounts are in rewards
// of one replica.
//
//	P(i of M replicas are the ring's) = C(k,i) C(n-k,M-i) / C(n,M)
//
// Replicas, auditors and the judges of each further round are drawn one after the other from
// the nodes that have not taken part, so that each draw is hypergeometric in what the earlier
// draws have left. An audit is drawn with the probability q after the replicas have
// committed. A first round is accepted if all agree; further rounds need two thirds of all
// votes, and after the last round the plurality decides. All nodes have the same weight, so
// that all sets of nodes are equally likely to be drawn.

// says is what a node of a ring says.
type says int

const (
	truth  says = iota
	shared      // the one lie that the ring shares
	own         // a lie that no other node tells
	nothing
)

// part is the role in which a node takes part in a task.
type part int

const (
	replica part = iota
	auditor
	judge
)

// view is what a ring knows about a task when one of its nodes speaks.
type view struct {
	part part
	// owned reports whether all replicas that the requester asked for belong to the ring.
	owned bool
	// audited reports whether auditors have joined. The ring learns this only after the
	// replicas have committed: they can stay silent, but cannot commit to another result.
	audited bool
}

// strategy is how the nodes of a ring play.
type strategy struct {
	name string
	says func(view) says
	// posts reports whether the ring is also the requester, so that the cost of the job is
	// its own loss.
	posts bool
}

// game contains the terms under which a strategy is played.
type game struct {
	// nodes is the number of nodes of the class; ring is the number of those that play the
	// strategy.
	nodes, ring int
	replicas    int
	// q is the probability of an audit, and auditors the number of nodes that join then.
	q        float64
	auditors int
	// liability of a replica, in rewards.
	liability float64
	// kept is the part of a reward that reaches a node. attempt is the part of a reward that
	// a node earns for an attempt without a verdict. honest is the part of the rest of a
	// slash that nodes that were right share.
	kept, attempt, honest float64
	escalation            []int
}

// group contains the nodes of one round.
type group struct {
	honest, ring int
	say          says
}

// moments contains a mean and a mean square.
type moments struct{ mean, square float64 }

func (m *moments) add(chance float64, of moments) {
	m.mean += chance * of.mean
	m.square += chance * of.square
}

func (m moments) deviation() float64 { return math.Sqrt(max(0, m.square-m.mean*m.mean)) }

func certain(value float64) moments { return moments{mean: value, square: value * value} }

// forecast returns the expected value of one task for the ring.
func (g game) forecast(s strategy) moments {
	var out moments
	for i := 0; i <= min(g.replicas, g.ring); i++ {
		chance := drawn(g.nodes-g.ring, g.ring, g.replicas-i, i)
		at := view{part: replica, owned: i == g.replicas}
		out.add(chance*(1-g.q), g.count(s, at, []group{{honest: g.replicas - i, ring: i, say: s.says(at)}}, 0))
		if g.q == 0 {
			continue
		}
		at.audited = true
		first := group{honest: g.replicas - i, ring: i, say: s.says(at)}
		at.part = auditor
		for j := 0; j <= min(g.auditors, g.ring-i); j++ {
			joined := drawn(g.nodes-g.ring-first.honest, g.ring-i, g.auditors-j, j)
			groups := []group{first, {honest: g.auditors - j, ring: j, say: s.says(at)}}
			out.add(chance*g.q*joined, g.count(s, at, groups, 0))
		}
	}
	return out
}

// tally contains the votes so far.
type tally struct {
	all, honest, ring         int
	truth, shared, own, quiet int
}

func tallyOf(groups []group) tally {
	var t tally
	for _, x := range groups {
		t.all += x.honest + x.ring
		t.honest += x.honest
		t.ring += x.ring
		t.truth += x.honest
		switch x.say {
		case truth:
			t.truth += x.ring
		case shared:
			t.shared += x.ring
		case own:
			t.own += x.ring
		case nothing:
			t.quiet += x.ring
		}
	}
	return t
}

// winner returns the result with the most votes, the number of these votes, and whether
// another result has as many.
func (t tally) winner() (winner says, best int, tied bool) {
	best = max(t.truth, t.shared, min(t.own, 1))
	as := 0
	for _, c := range []struct {
		say   says
		votes int
	}{{truth, t.truth}, {shared, t.shared}} {
		if c.votes == best {
			winner = c.say
			as++
		}
	}
	if best == 1 && t.own > 0 {
		winner = own
		as += t.own
	}
	return winner, best, as > 1
}

// count applies the rules after a round. further is the number of further rounds so far. The
// first round is one group, or two with its auditors.
func (g game) count(s strategy, at view, groups []group, further int) moments {
	votes := tallyOf(groups)
	winner, best, tied := votes.winner()
	judges := g.judges(votes, further)
	switch {
	case best > 0 && further == 0 && best == votes.all,
		best > 0 && further > 0 && 3*best >= 2*votes.all,
		best > 0 && further > 0 && judges == 0 && !tied:
		return certain(g.accepted(s, groups, winner, further))
	case judges == 0:
		return certain(g.failed(s, groups))
	}
	var out moments
	at.part = judge
	honest, ring := g.nodes-g.ring-votes.honest, g.ring-votes.ring
	for i := max(0, judges-honest); i <= min(judges, ring); i++ {
		next := append(append([]group{}, groups...), group{honest: judges - i, ring: i, say: s.says(at)})
		out.add(drawn(honest, ring, judges-i, i), g.count(s, at, next, further+1))
	}
	return out
}

// judges returns the number of judges of the next round: the number in the table, or fewer if
// the class has fewer nodes or the losers can pay fewer.
func (g game) judges(votes tally, further int) int {
	if further >= len(g.escalation) {
		return 0
	}
	before := 0
	for _, n := range g.escalation[:further] {
		before += n
	}
	losers := 1
	if further > 0 {
		losers = votes.all/3 + 1
	}
	return max(0, min(g.escalation[further], g.nodes-votes.all, int(float64(losers)*g.liability+1e-9)-before))
}

// accepted returns the value of a verdict. The requester pays the replicas of the first round
// that were right. The losers pay the judges, and at most one reward of the rest is shared.
func (g game) accepted(s strategy, groups []group, winner says, further int) float64 {
	var firstRing, first, judgeRing, judges, rightRing, right, lostRing, lost float64
	for i, x := range groups {
		good, mine := 0.0, 0.0
		if winner == truth {
			good = float64(x.honest)
		}
		if x.say == winner {
			mine = float64(x.ring)
			good += mine
		}
		rightRing, right = rightRing+mine, right+good
		lostRing, lost = lostRing+float64(x.ring)-mine, lost+float64(x.ring+x.honest)-good
		if i < len(groups)-further {
			firstRing, first = firstRing+mine, first+good
		} else {
			judgeRing, judges = judgeRing+mine, judges+good
		}
	}
	cost := min(judges, lost*g.liability)
	value := firstRing*g.kept - lostRing*g.liability
	if judges > 0 {
		value += cost * g.kept * judgeRing / judges
	}
	value += min((lost*g.liability-cost)*g.honest, 1) * rightRing / right
	if s.posts {
		value -= first
	}
	return value
}

// failed returns the value of a task without a verdict. Silent nodes lose their liability.
// The others earn the attempt fee as long as escrow covers it, first rounds first.
func (g game) failed(s strategy, groups []group) float64 {
	escrow, value := float64(g.replicas), 0.0
	if g.q > 0 {
		escrow += float64(g.auditors)
	}
	for _, x := range groups {
		speak, mine := float64(x.honest), 0.0
		if x.say == nothing {
			value -= float64(x.ring) * g.liability
		} else {
			mine = float64(x.ring)
			speak += mine
		}
		if speak == 0 {
			continue
		}
		paid := min(speak*g.attempt, escrow)
		escrow -= paid
		value += paid * g.kept * mine / speak
		if s.posts {
			value -= paid
		}
	}
	return value
}

// drawn returns the probability of drawing exactly this many honest nodes and ring members.
func drawn(honest, ring, ofHonest, ofRing int) float64 {
	if ofHonest < 0 || ofHonest > honest || ofRing < 0 || ofRing > ring {
		return 0
	}
	return math.Exp(ways(honest, ofHonest) + ways(ring, ofRing) - ways(honest+ring, ofHonest+ofRing))
}

// ways returns the logarithm of the binomial coefficient.
func ways(n, k int) float64 {
	a, _ := math.Lgamma(float64(n + 1))
	b, _ := math.Lgamma(float64(k + 1))
	c, _ := math.Lgamma(float64(n - k + 1))
	return a - b - c
}
