package overview

import (
	"math/big"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/thetaedge/theta/app/params"
)

// Metrics are the last snapshot of a node for Prometheus. They implement prometheus.Collector. A
// number that is not known is left out.
type Metrics struct {
	last func() *Snapshot

	at, why, held, status, bond, locked, lease, jailed, faults, grant, grantNone, grantExpires,
	earned, paid, energy, celsius, watts, cardHealthy, cardCelsius, cardWatts, cardBusy, slots *prometheus.Desc
}

// NewMetrics returns the metrics of what last returns, which may be nil.
func NewMetrics(last func() *Snapshot) *Metrics {
	desc := func(subsystem, name, help string, labels ...string) *prometheus.Desc {
		return prometheus.NewDesc(prometheus.BuildFQName("thetaedge", subsystem, name), help, labels, nil)
	}
	return &Metrics{
		last:         last,
		at:           desc("node", "observed_timestamp_seconds", "Time at which the node was last looked at; the other metrics of the node are of that time."),
		why:          desc("node", "why", "1 for the first cause why the node earns what it earns, as thetaedge why names it.", "cause"),
		held:         desc("owner", "holds", "1 for each rule of the owner that holds the machine back, by what it does.", "rule", "action"),
		status:       desc("node", "status", "1 for the status of the node on the chain.", "status"),
		bond:         desc("node", "bond_tfuel", "Bond of the node."),
		locked:       desc("node", "bond_locked_tfuel", "Part of the bond that is locked as the stakes of work."),
		lease:        desc("node", "lease_seconds", "Time until the lease of the node lapses, if the time between blocks is known."),
		jailed:       desc("node", "jailed", "1 while the node is jailed for faults."),
		faults:       desc("node", "faults", "Faults that the chain counts for the node, by kind.", "kind"),
		grant:        desc("node", "grant_tfuel", "What the fee grant leaves to the worker; absent without a limit."),
		grantNone:    desc("node", "grant_missing", "1 if the worker has no fee grant."),
		grantExpires: desc("node", "grant_expiry_timestamp_seconds", "Time at which the fee grant ends; absent if it does not."),
		earned:       desc("node", "earned_tfuel", "The operator's part of what was paid, less lost bond, today, in the last seven days, and of all days that are kept.", "span"),
		paid:         desc("node", "paid_jobs", "Assignments that were paid, today, in the last seven days, and of all days that are kept.", "span"),
		energy:       desc("node", "energy_joules", "Measured energy of assignments, today, in the last seven days, and of all days that are kept.", "span"),
		celsius:      desc("machine", "temperature_celsius", "Temperature of the hottest part that is measured."),
		watts:        desc("machine", "power_watts", "Power of what is measured."),
		slots:        desc("node", "slots", "Assignments that the node can hold, and that it holds.", "state"),
		cardHealthy:  desc("card", "healthy", "1 if nothing speaks against the use of the graphics card.", "card", "model"),
		cardCelsius:  desc("card", "temperature_celsius", "Temperature of the graphics card.", "card", "model"),
		cardWatts:    desc("card", "power_watts", "Power of the graphics card.", "card", "model"),
		cardBusy:     desc("card", "busy_ratio", "Share of the last moments in which the graphics card computed.", "card", "model"),
	}
}

// Describe implements prometheus.Collector.
func (m *Metrics) Describe(out chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{
		m.at, m.why, m.held, m.status, m.bond, m.locked, m.lease, m.jailed, m.faults, m.grant, m.grantNone, m.grantExpires,
		m.earned, m.paid, m.energy, m.celsius, m.watts, m.cardHealthy, m.cardCelsius, m.cardWatts, m.cardBusy, m.slots,
	} {
		out <- d
	}
}

// Collect implements prometheus.Collector.
func (m *Metrics) Collect(out chan<- prometheus.Metric) {
	s := m.last()
	if s == nil {
		return
	}
	set := func(d *prometheus.Desc, value float64, labels ...string) {
		out <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, value, labels...)
	}
	set(m.at, float64(s.At.Unix()))
	if len(s.Why) > 0 {
		set(m.why, 1, s.Why[0].Cause)
	}
	rules := map[string]bool{}
	for _, h := range s.Held {
		if !rules[h.Rule] { // two metrics with the same labels would make all of them fail
			rules[h.Rule] = true
			set(m.held, 1, h.Rule, h.Action)
		}
	}
	set(m.slots, float64(s.Slots), "all")
	set(m.slots, float64(s.UsedSlots), "used")
	for _, span := range []struct {
		name string
		sums Sums
	}{{"today", s.Today}, {"week", s.Week}, {"all", s.Total}} {
		set(m.paid, float64(span.sums.Paid), span.name)
		set(m.energy, float64(span.sums.EnergyMillijoules)/1000, span.name)
		if span.sums.Earned != "" {
			set(m.earned, tfuel(span.sums.Earned), span.name)
		}
	}
	m.collectChain(set, s.Chain)
	m.collectMachine(set, s)
}

func (m *Metrics) collectChain(set func(*prometheus.Desc, float64, ...string), c *OnChain) {
	if c == nil {
		return
	}
	set(m.status, 1, c.Status)
	set(m.bond, tfuel(c.Bond))
	set(m.locked, tfuel(c.Locked))
	if c.LeaseFullSeconds > 0 {
		set(m.lease, float64(c.LeaseSeconds))
	}
	set(m.jailed, truth(c.JailUntil > 0))
	set(m.faults, float64(c.Missed), "missed")
	set(m.faults, float64(c.Wrong), "wrong")
	set(m.faults, float64(c.Silent), "silent")
	if c.Grant == nil {
		return
	}
	set(m.grantNone, truth(c.Grant.None))
	if c.Grant.Left != "" {
		set(m.grant, tfuel(c.Grant.Left))
	}
	if !c.Grant.Expires.IsZero() {
		set(m.grantExpires, float64(c.Grant.Expires.Unix()))
	}
}

func (m *Metrics) collectMachine(set func(*prometheus.Desc, float64, ...string), s *Snapshot) {
	if celsius, known := s.Celsius(); known {
		set(m.celsius, celsius)
	}
	if watts, known := s.Watts(); known {
		set(m.watts, watts)
	}
	cards := map[string]bool{}
	for _, c := range s.Cards {
		if cards[c.ID] {
			continue
		}
		cards[c.ID] = true
		set(m.cardHealthy, truth(c.Healthy), c.ID, c.Model)
		for _, reading := range []struct {
			desc  *prometheus.Desc
			value *int64
			parts float64
		}{{m.cardCelsius, c.MilliCelsius, 1000}, {m.cardWatts, c.Milliwatts, 1000}, {m.cardBusy, c.BusyPercent, 100}} {
			if reading.value != nil {
				set(reading.desc, float64(*reading.value)/reading.parts, c.ID, c.Model)
			}
		}
	}
}

// tfuel returns an amount of base units in tfuel, rounded to what a float holds.
func tfuel(text string) float64 {
	unit := new(big.Float).SetInt(new(big.Int).Exp(big.NewInt(10), big.NewInt(params.DisplayExponent), nil))
	value, _ := new(big.Float).Quo(new(big.Float).SetInt(whole(text)), unit).Float64()
	return value
}

func truth(is bool) float64 {
	if is {
		return 1
	}
	return 0
}
