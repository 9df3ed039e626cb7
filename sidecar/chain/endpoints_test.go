package chain

import (
	"testing"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/require"

	"github.com/thetaedge/theta/client/grpcnode"
)

func TestMetricsNameTheNodeThatIsAskedAndThatIsInTrouble(t *testing.T) {
	endpoints, err := grpcnode.OpenEndpoints([]string{"127.0.0.1:1", "127.0.0.1:2"}, grpcnode.EndpointOptions{})
	require.NoError(t, err)
	defer endpoints.Close()
	endpoints.Distrust("127.0.0.1:1", "it hides something")
	registry := prometheus.NewPedanticRegistry()
	require.NoError(t, registry.Register(NewEndpointMetrics(endpoints)))
	families, err := registry.Gather()
	require.NoError(t, err)
	found := map[string]float64{}
	for _, family := range families {
		for _, metric := range family.Metric {
			name := family.GetName()
			for _, label := range metric.Label {
				name += " " + label.GetValue()
			}
			found[name] = metric.GetGauge().GetValue() + metric.GetCounter().GetValue()
		}
	}
	require.Equal(t, map[string]float64{
		"thetaedge_endpoint_healthy 127.0.0.1:1": 0, "thetaedge_endpoint_healthy 127.0.0.1:2": 1,
		"thetaedge_endpoint_used 127.0.0.1:1": 0, "thetaedge_endpoint_used 127.0.0.1:2": 1,
		"thetaedge_endpoint_height 127.0.0.1:1": 0, "thetaedge_endpoint_height 127.0.0.1:2": 0,
		"thetaedge_endpoint_switches_total": 1,
	}, found)
}
