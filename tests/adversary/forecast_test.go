package adversary

import (
	"math"
	"math/rand/v2"
	"sort"
	"testing"

	"github.com/stretchr/testify/require"
)

// usual returns terms with the figures of the worked example in x/compute's README.
func usual() terms {
	return terms{reward: 1, liability: 7, kept: 0.88, attempt: 0.1, missed: 0.1, honest: 0.4, escalation: []int{7, 15}}
}

func TestEqualNodesAreDrawnEquallyOften(t *testing.T) {
	weights := []float64{2, 2, 2, 2, 2, 2}
	require.InDelta(t, 0.5, inclusion(weights, 0, 3), 1e-6)
}

// The probability for unequal nodes is compared with real draws of tickets.
func TestInclusionIsWhatDrawingTicketsGives(t *testing.T) {
	weights := []float64{3, 1, 1, 1, 1, 1, 1, 2}
	random := rand.New(rand.NewPCG(1, 2))
	const rounds, slots = 200_000, 3
	hits := make([]int, len(weights))
	for range rounds {
		order := make([]int, len(weights))
		ranks := make([]float64, len(weights))
		for i, weight := range weights {
			order[i], ranks[i] = i, random.Float64()/weight
		}
		sort.Slice(order, func(a, b int) bool { return ranks[order[a]] < ranks[order[b]] })
		for _, node := range order[:slots] {
			hits[node]++
		}
	}
	for i := range weights {
		p := inclusion(weights, i, slots)
		require.InDelta(t, p, float64(hits[i])/rounds, 4*math.Sqrt(p*(1-p)/rounds), "node %d", i)
	}
}

func TestASingleLiarLosesItsLiabilityWheneverItIsDrawn(t *testing.T) {
	e := ring{terms: usual(), nodes: 12, members: 1}.perJob(3)
	require.InDelta(t, -7*3.0/12, e.mean, 1e-9)
	p := 3.0 / 12
	require.InDelta(t, 49*p*(1-p), e.variance, 1e-9)
}

func TestARingThatIsTheWholeClassIsPaidAndNobodyElseIsThere(t *testing.T) {
	e := ring{terms: usual(), nodes: 4, members: 4}.perJob(3)
	require.InDelta(t, 3*0.88, e.mean, 1e-9)
	require.InDelta(t, 0, e.variance, 1e-9)
}

// A ring of less than half a class loses by lying; a ring of most of a class takes it over.
// This is the limit of what stake protects, as the document says.
func TestALieCostsAMinorityAndPaysAMajority(t *testing.T) {
	for members := 1; members <= 9; members++ {
		require.Negative(t, ring{terms: usual(), nodes: 30, members: members}.perJob(3).mean, "%d of 30", members)
	}
	require.Positive(t, ring{terms: usual(), nodes: 30, members: 25}.perJob(3).mean)
}

func TestHypergeometricChancesSumToOne(t *testing.T) {
	total := 0.0
	for liars := 0; liars <= 3; liars++ {
		total += hypergeometric(9, 4, 3-liars, liars)
	}
	require.InDelta(t, 1, total, 1e-12)
}

// With D = q·h, the liability makes a lie under an audit a loss, even if other auditors lie
// too, up to the share that governance assumes.
func TestALieUnderAuditLosesUpToTheAssumedShareOfLiars(t *testing.T) {
	const q, h = 0.2, 0.5
	audited := usual()
	audited.liability = math.Max(7, (1-q*h)/(q*h))
	for members := 1; members <= 20; members++ {
		e := ring{terms: audited, nodes: 40, members: members, audit: q, auditors: 1}.perJob(1)
		require.Negative(t, e.mean, "%d of 40", members)
	}
	lone := ring{terms: audited, nodes: 10, members: 1, audit: q, auditors: 1}.perJob(1)
	executes := 0.1 * ((1-q)*0.88 - q*9)
	audits := q * 0.1 * -9.0
	require.InDelta(t, executes+audits, lone.mean, 1e-9)
}

// A ring that holds every replica is paid for its lie unless auditors come. If they come, it
// loses everything that it staked on the lie.
func TestARingThatFillsAQuorumStakesAllOfItOnNotBeingAudited(t *testing.T) {
	const q = 0.5
	alone := ring{terms: usual(), nodes: 40, members: 3, audit: q, auditors: 2}.filled(3)
	require.InDelta(t, (1-q)*3*0.88-q*3*7, alone.mean, 1e-9)
	spread := 3*0.88 + 3*7.0
	require.InDelta(t, q*(1-q)*spread*spread, alone.variance, 1e-9)
	require.Positive(t, ring{terms: usual(), nodes: 40, members: 3}.filled(3).mean, "without audits nobody looks")
}

// The figures of docs/trust.md: nodes of one owner rank against each other, and one node
// holds at most one replica of a task. The first reduces what the parts of a small bond get,
// the second limits what a large undivided bond gets. Both effects decrease with the share.
func TestSplittingABondPaysOnlyAboveAThirdOfAClass(t *testing.T) {
	for _, c := range []struct {
		honest, parts int
		whole, split  float64
	}{
		{9, 3, 0.774, 0.750},
		{40, 10, 0.660, 0.600},
		{400, 10, 0.0748, 0.0732},
		{20, 10, 0.894, 1.000},
		{9, 9, 0.981, 1.500},
	} {
		field := make([]float64, c.honest, c.honest+c.parts)
		for i := range field {
			field[i] = 1
		}
		whole := inclusion(append(field[:c.honest:c.honest], float64(c.parts)), c.honest, replicas)
		for range c.parts {
			field = append(field, 1)
		}
		split := float64(c.parts) * inclusion(field, c.honest, replicas)
		require.InDelta(t, c.whole, whole, 1e-3, "%d honest, %d parts", c.honest, c.parts)
		require.InDelta(t, c.split, split, 1e-3, "%d honest, %d parts", c.honest, c.parts)
	}
}
