package chain

import (
	"github.com/prometheus/client_golang/prometheus"

	"github.com/thetaedge/theta/client/grpcnode"
)

// EndpointMetrics collects the states of the nodes that are asked. It implements
// prometheus.Collector.
type EndpointMetrics struct {
	of                         *grpcnode.Endpoints
	healthy, used, height, all *prometheus.Desc
}

// NewEndpointMetrics returns what collects the states of endpoints.
func NewEndpointMetrics(of *grpcnode.Endpoints) *EndpointMetrics {
	desc := func(name, help string, labels ...string) *prometheus.Desc {
		return prometheus.NewDesc("thetaedge_endpoint_"+name, help, labels, nil)
	}
	return &EndpointMetrics{
		of:      of,
		healthy: desc("healthy", "1 if nothing speaks against a node of chain.grpc or chain.others, else 0.", "endpoint"),
		used:    desc("used", "1 for the node that is asked now, else 0.", "endpoint"),
		height:  desc("height", "Newest block that a node has shown; 0 before the first answer.", "endpoint"),
		all:     desc("switches_total", "How often another node was taken into use."),
	}
}

// Describe implements prometheus.Collector.
func (m *EndpointMetrics) Describe(to chan<- *prometheus.Desc) {
	for _, desc := range []*prometheus.Desc{m.healthy, m.used, m.height, m.all} {
		to <- desc
	}
}

// Collect implements prometheus.Collector.
func (m *EndpointMetrics) Collect(to chan<- prometheus.Metric) {
	flag := func(is bool) float64 {
		if is {
			return 1
		}
		return 0
	}
	for _, s := range m.of.States() {
		for desc, value := range map[*prometheus.Desc]float64{
			m.healthy: flag(s.Trouble == ""), m.used: flag(s.Used), m.height: float64(s.Height),
		} {
			to <- prometheus.MustNewConstMetric(desc, prometheus.GaugeValue, value, s.Address)
		}
	}
	to <- prometheus.MustNewConstMetric(m.all, prometheus.CounterValue, float64(m.of.Switches()))
}

var _ prometheus.Collector = (*EndpointMetrics)(nil)
