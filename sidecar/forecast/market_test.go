package forecast_test

import (
	"math"
	"math/rand/v2"

	"github.com/thetaedge/theta/sidecar/forecast"
)

// market is a simulated market of a hardware class, and one node in it.
type market struct {
	r *rand.Rand
	// demand is the number of replicas that are paid in an ordinary hour, and price the pay of one, in tfuel.
	demand, price float64
	// rhythm is the height of the daily rhythm, and phase its hour. weekend is the demand at weekends.
	rhythm, phase, weekend float64
	// trend is the change of the logarithm of the demand in a week, and wander its standard deviation.
	trend, wander float64
	// burst is the factor of a burst that ends at the hour burstEnd.
	burst    float64
	burstEnd int
	// others contains the weights of the other nodes.
	others []float64
	// own is the weight of the node, and efficiency the part of its share that it can take.
	own, efficiency float64
	// from and to are the hours of the day in which the node works. Outside of its hours it works with a small
	// probability, and within them it is off with a small one.
	from, to int
	level    float64
	hour     int
}

func newMarket(seed uint64) *market {
	r := rand.New(rand.NewPCG(seed, 14))
	m := &market{
		r: r, price: 0.02 * math.Exp(r.NormFloat64()), rhythm: 0.2 + 0.6*r.Float64(), phase: 24 * r.Float64(),
		weekend: 0.6 + 0.6*r.Float64(), trend: 0.04 * r.NormFloat64(), wander: 0.04 + 0.08*r.Float64(),
		efficiency: 0.4 + 0.6*r.Float64(), burst: 1,
	}
	for range 30 + r.IntN(200) {
		m.others = append(m.others, weight(r))
	}
	// Small and large nodes, of which even the small ones are paid some times a day.
	m.own = weight(r)
	m.demand = (8 + 40*r.Float64()) / 24 * m.total() / m.own
	m.to = 24
	if r.IntN(2) == 0 { // a machine that works at night
		m.from, m.to = 20, 32
	}
	return m
}

// weight draws a node's weight: most have one to eight slots.
func weight(r *rand.Rand) float64 { return math.Floor(1 + 8*r.Float64()*r.Float64()) }

func (m *market) total() float64 {
	sum := m.own
	for _, w := range m.others {
		sum += w
	}
	return sum
}

// next plays an hour.
func (m *market) next() forecast.Hour {
	m.churn()
	m.level += (m.trend + m.wander*m.r.NormFloat64()*math.Sqrt(7*24)) / (7 * 24)
	if m.r.Float64() < 1.0/(9*24) { // a burst every nine days
		m.burst, m.burstEnd = 1.5+1.5*m.r.Float64(), m.hour+6+m.r.IntN(18)
	}
	if m.hour >= m.burstEnd {
		m.burst = 1
	}
	clock := float64(m.hour % 24)
	mean := m.demand * math.Exp(m.level) * m.burst * (1 + m.rhythm*math.Cos(2*math.Pi*(clock-m.phase)/24)) * math.Exp(0.3*m.r.NormFloat64())
	if m.hour/24%7 >= 5 {
		mean *= m.weekend
	}
	online := m.online(m.hour % 24)
	share := m.own / m.total()
	replicas := m.poisson(mean)
	taken := m.poisson(float64(replicas) * share * online * m.efficiency)
	hour := forecast.Hour{At: int64(m.hour), Share: share, Online: online}
	for range taken {
		hour.Earned += 0.88 * m.price * math.Exp(0.4*m.r.NormFloat64())
	}
	// The average price of a class follows its payments slowly, so that its error is small.
	hour.Market = float64(replicas) * m.price * math.Exp(0.05*m.r.NormFloat64())
	m.hour++
	return hour
}

// churn lets nodes join and leave, and a whole farm now and then.
func (m *market) churn() {
	const perDay = 0.03
	for range m.poisson(perDay / 24 * float64(len(m.others))) {
		if m.r.IntN(2) == 0 {
			m.others = append(m.others, weight(m.r))
		} else if n := len(m.others); n > 5 {
			at := m.r.IntN(n)
			m.others[at] = m.others[n-1]
			m.others = m.others[:n-1]
		}
	}
	if m.r.Float64() < 1.0/(60*24) {
		for range 1 + len(m.others)/10 {
			m.others = append(m.others, weight(m.r))
		}
	}
	if m.r.Float64() < 1.0/(70*24) { // the owner changes the bond
		m.own = math.Max(1, m.own+float64(m.r.IntN(3)-1))
	}
}

// online returns the part of an hour in which the node works.
func (m *market) online(clock int) float64 {
	within := clock >= m.from && clock < m.to || clock+24 >= m.from && clock+24 < m.to
	switch chance := m.r.Float64(); {
	case within && chance < 0.93:
		return 1
	case within && chance < 0.97 || !within && chance < 0.05:
		return m.r.Float64()
	}
	return 0
}

// poisson draws a number with a mean.
func (m *market) poisson(mean float64) int {
	if mean > 50 {
		return max(0, int(math.Round(mean+math.Sqrt(mean)*m.r.NormFloat64())))
	}
	n, p := 0, math.Exp(-mean)
	for left := m.r.Float64(); left > p && n < 1000; n++ {
		left -= p
		p *= mean / float64(n+1)
	}
	return n
}
