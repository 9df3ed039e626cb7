package agent

import (
	"errors"

	"github.com/prometheus/client_golang/prometheus"
)

// metrics contains the agent's counters.
type metrics struct {
	height      prometheus.Gauge
	assignments *prometheus.GaugeVec
	items       *prometheus.CounterVec
	settled     *prometheus.CounterVec
	executions  *prometheus.CounterVec
	seconds     prometheus.Histogram
	failures    prometheus.Counter
	deliveries  prometheus.Counter
	undelivered prometheus.Gauge
	// deliveryFailures counts failed tries.
	deliveryFailures prometheus.Counter
	undrawn          prometheus.Counter
	troubles         prometheus.Counter
	// sleeps counts the times in which the machine has slept or the process stood still.
	sleeps prometheus.Counter
}

func newMetrics(registry prometheus.Registerer) (*metrics, error) {
	opts := func(name, help string) prometheus.Opts {
		return prometheus.Opts{Namespace: "thetaedge", Subsystem: "agent", Name: name, Help: help}
	}
	counter := func(name, help string) prometheus.Counter {
		return prometheus.NewCounter(prometheus.CounterOpts(opts(name, help)))
	}
	vector := func(name, help string, labels ...string) *prometheus.CounterVec {
		return prometheus.NewCounterVec(prometheus.CounterOpts(opts(name, help)), labels)
	}
	m := &metrics{
		height:      prometheus.NewGauge(prometheus.GaugeOpts(opts("height", "Last height of the chain that was seen."))),
		assignments: prometheus.NewGaugeVec(prometheus.GaugeOpts(opts("assignments", "Unfinished assignments by phase.")), []string{"phase"}),
		items:       vector("items_total", "Items sent to the chain, by action and result.", "action", "result"),
		settled:     vector("settled_total", "Assignments that ended on chain, by outcome.", "outcome"),
		executions:  vector("executions_total", "Executions with a result, by reason of their end.", "reason"),
		seconds: prometheus.NewHistogram(prometheus.HistogramOpts{
			Namespace: "thetaedge", Subsystem: "agent", Name: "execution_seconds",
			Help: "Wall time of executions.", Buckets: prometheus.ExponentialBuckets(0.05, 4, 9),
		}),
		failures:   counter("execution_failures_total", "Executions that this machine could not finish."),
		deliveries: counter("deliveries_total", "Assignments whose outputs the sink holds."),
		undelivered: prometheus.NewGauge(prometheus.GaugeOpts(opts("undelivered",
			"Accepted results whose outputs the sink has not taken yet, and that are tried until retention ends."))),
		deliveryFailures: counter("delivery_failures_total", "Tries to deliver outputs that failed."),
		undrawn:          counter("undrawn_total", "Claims that were not drawn."),
		troubles:         counter("troubles_total", "Things that went wrong and were noted as the last error."),
		sleeps:           counter("sleeps_total", "Times that the machine has slept, or that the daemon stood still."),
	}
	if registry == nil {
		return m, nil
	}
	return m, errors.Join(
		registry.Register(m.height), registry.Register(m.assignments), registry.Register(m.items),
		registry.Register(m.settled), registry.Register(m.executions), registry.Register(m.seconds),
		registry.Register(m.failures), registry.Register(m.deliveries), registry.Register(m.undrawn),
		registry.Register(m.troubles), registry.Register(m.sleeps), registry.Register(m.undelivered), registry.Register(m.deliveryFailures))
}

// DescribeMetrics sends the descriptions of the metrics of an agent.
func DescribeMetrics(out chan<- *prometheus.Desc) error {
	registry := prometheus.NewRegistry()
	if _, err := newMetrics(registry); err != nil {
		return err
	}
	registry.Describe(out)
	return nil
}
