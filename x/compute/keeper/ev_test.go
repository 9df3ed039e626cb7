package keeper_test

import (
	"fmt"
	"math"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/thetaedge/theta/x/compute/types"
)

const (
	evNodes = 40
	// evErrors is the number of standard errors by which measured and predicted values may
	// differ. One cell in 16,000 exceeds it by chance.
	evErrors = 4
	// evEqual is the largest difference, in rewards, between forecasts that count as equal.
	evEqual = 1e-9
)

func always(say says) func(view) says { return func(view) says { return say } }

// The strategies. A ring's share counts the nodes that play them.
func honestly() strategy    { return strategy{name: "honest", says: always(truth)} }
func liesAlone() strategy   { return strategy{name: "lies alone", says: always(own)} }
func colludes() strategy    { return strategy{name: "colludes", says: always(shared)} }
func postsItself() strategy { return strategy{name: "own posting", says: always(shared), posts: true} }

// picks lies only if all the requester's replicas belong to the ring. Otherwise it tells the
// truth, because a node outside of the ring would contradict a lie.
func picks() strategy {
	return strategy{name: "colludes when it owns", says: func(at view) says {
		if at.owned {
			return shared
		}
		return truth
	}}
}

// hides lies as an executor, and stays silent once it sees that it is audited.
func hides() strategy {
	return strategy{name: "silent when audited", says: func(at view) says {
		switch {
		case at.part != replica:
			return truth
		case at.audited:
			return nothing
		}
		return own
	}}
}

// guesses does its own tasks, and guesses if it should check others.
func guesses() strategy {
	return strategy{name: "lazy auditor", says: func(at view) says {
		if at.part == replica {
			return truth
		}
		return own
	}}
}

// terms is a policy with the assumed probability of an honest auditor, which determines the
// liability under AUDIT.
type terms struct {
	policy    types.Policy
	honestBps uint32
}

func audit(bps, auditors, honestBps uint32) terms {
	return terms{types.Policy{Kind: types.POLICY_KIND_AUDIT, Replicas: 1, AuditBps: bps, Auditors: auditors}, honestBps}
}

func quorum(replicas, bps, auditors uint32) terms {
	return terms{types.Policy{Kind: types.POLICY_KIND_QUORUM, Replicas: replicas, AuditBps: bps, Auditors: auditors}, 5_000}
}

func (x terms) String() string {
	p := x.policy
	if p.Kind == types.POLICY_KIND_AUDIT {
		return fmt.Sprintf("AUDIT(%g%%, %d) h=%g%%", float64(p.AuditBps)/100, p.Auditors, float64(x.honestBps)/100)
	}
	return fmt.Sprintf("QUORUM(%d) audited %g%% by %d", p.Replicas, float64(p.AuditBps)/100, p.Auditors)
}

// game returns the terms of a ring of this many nodes. The liability is computed from the
// design document, not taken from the chain.
func (x terms) game(ring int) game {
	p := x.policy
	g := game{
		nodes: evNodes, ring: ring, replicas: int(p.Replicas),
		q: float64(p.AuditBps) / 10_000, auditors: int(p.Auditors),
		kept: 0.88, attempt: 0.1, honest: 0.4, escalation: []int{7, 15},
	}
	g.liability = float64(g.escalation[0])
	if p.Kind == types.POLICY_KIND_AUDIT {
		d := g.q * float64(x.honestBps) / 10_000
		g.liability = max(g.liability, (1-d)/d)
	}
	return g
}

// measured is a cell of the table.
type measured struct {
	// predicted, deviation and mean of a task, in rewards; allowed is the largest difference
	// between mean and predicted.
	predicted, deviation, mean, allowed float64
}

// cell plays this many tasks and compares the winnings with the forecast.
func cell(t *testing.T, start int64, x terms, ring, tasks int, s strategy) measured {
	t.Helper()
	g := x.game(ring)
	a := newArena(t, start, evNodes, ring, s, x.policy, x.honestBps)
	won, job := a.run(uint64(tasks))
	require.InEpsilon(t, g.liability*arenaReward, float64(job.Liability.Int64()), 1e-6, "%s: what a replica stakes", x)
	forecast := g.forecast(s)
	m := measured{predicted: forecast.mean, deviation: forecast.deviation(), mean: won / float64(tasks)}
	m.allowed = evErrors*m.deviation/math.Sqrt(float64(tasks)) + float64(arenaDust)/arenaReward
	t.Logf("%-28s %-22s %4.1f%% %5d %8.3f %8.3f %8.3f %8.3f",
		x, s.name, 100*float64(ring)/evNodes, tasks, g.liability, m.mean, m.predicted, m.allowed)
	if s.posts {
		m.allowed += 1e-3 // the posting fee, which is burned once
	}
	require.InDelta(t, m.predicted, m.mean, m.allowed, "%s, %s, ring of %d", x, s.name, ring)
	return m
}

// policies returns the combinations of q, auditors, bond and replicas that are played.
func policies() []terms {
	return []terms{
		audit(500, 1, 5_000), audit(500, 3, 5_000), audit(2_500, 1, 5_000), audit(2_500, 1, 10_000),
		audit(2_500, 3, 5_000), audit(10_000, 2, 5_000),
		quorum(3, 0, 0), quorum(3, 500, 1), quorum(3, 5_000, 2), quorum(5, 0, 0),
	}
}

// evTasks is the number of tasks that a cell plays.
const evTasks = 200

// The winnings of a strategy equal the forecast within four standard errors, and are always
// less than what honest nodes earn in the same seats.
func TestCheatingEarnsLessThanHonestyUnderEveryPolicy(t *testing.T) {
	start := int64(1)
	for _, x := range policies() {
		plays := []strategy{honestly(), liesAlone(), colludes(), picks(), postsItself()}
		if x.policy.AuditBps > 0 {
			plays = append(plays, guesses()) // without audits there is nothing to guess
		}
		if x.policy.Kind == types.POLICY_KIND_AUDIT {
			plays = append(plays, hides())
		}
		for _, ring := range []int{4, 12} {
			honest := x.game(ring).forecast(honestly())
			for _, s := range plays {
				m := cell(t, start, x, ring, evTasks, s)
				start += 20_000
				if s.name == honestly().name {
					continue
				}
				// If a quorum is never audited and belongs to the ring as a whole, no node
				// can contradict it: a lie then earns as much as the truth, but not more.
				if unseen := s.name == picks().name && x.policy.Replicas > 1 && x.policy.AuditBps == 0; unseen {
					require.InDelta(t, honest.mean, m.predicted, evEqual, "%s, %s", x, s.name)
				} else {
					require.Less(t, m.predicted, honest.mean-evEqual, "%s, %s", x, s.name)
				}
				if s.name == liesAlone().name || s.name == colludes().name || s.posts {
					require.Negative(t, m.predicted, "%s, %s: a loss even where work costs all its pay", x, s.name)
				}
				// The probability of a lucky run comes from the noise, not from the formula.
				require.Less(t, m.mean, honest.mean+m.allowed, "%s, %s", x, s.name)
			}
		}
	}
}

// best returns the better of the two ways to collude.
func best(g game) (strategy, moments) {
	s, m := colludes(), g.forecast(colludes())
	if other := g.forecast(picks()); other.mean > m.mean {
		return picks(), other
	}
	return s, m
}

// A ring that is large enough wins. The formula predicts the share from which this is so, and
// play on both sides of that share agrees.
func TestAShareOfTheClassFromWhichLyingPays(t *testing.T) {
	start := int64(10_000_001)
	for _, x := range policies() {
		pays, beats := 0, 0
		for ring := 1; ring < evNodes && (pays == 0 || beats == 0); ring++ {
			g := x.game(ring)
			_, m := best(g)
			if pays == 0 && g.forecast(colludes()).mean > 0 {
				pays = ring
			}
			if beats == 0 && m.mean > g.forecast(honestly()).mean+evEqual {
				beats = ring
			}
		}
		require.Positive(t, pays, "%s", x)
		require.Positive(t, beats, "%s", x)
		t.Logf("%-28s lying always is worth more than nothing from %4.1f%% of the weight on, a lie more than honesty from %4.1f%% on",
			x, 100*float64(pays)/evNodes, 100*float64(beats)/evNodes)
		for _, ring := range []int{beats - 6, min(evNodes-1, beats+6)} {
			g := x.game(ring)
			s, forecast := best(g)
			require.Equal(t, ring >= beats, forecast.mean > g.forecast(honestly()).mean+evEqual)
			cell(t, start+int64(ring)*20_000, x, ring, evTasks, s)
		}
		start += 1_000_000
	}
}
