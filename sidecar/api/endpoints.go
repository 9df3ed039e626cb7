package api

import (
	"time"

	"github.com/thetaedge/theta/client/grpcnode"
	sidecarv1 "github.com/thetaedge/theta/sidecar/api/v1"
)

// ShowEndpoints makes the service show the nodes of the chain that the daemon asks. It is called
// before the service answers requests.
func (s *Service) ShowEndpoints(states func() []grpcnode.EndpointState) { s.endpoints = states }

// showEndpoints writes down the states of the nodes of the chain.
func (s *Service) showEndpoints(out *sidecarv1.StatusResponse) {
	if s.endpoints == nil {
		return
	}
	for _, state := range s.endpoints() {
		shown := &sidecarv1.EndpointStatus{
			Address: state.Address, Used: state.Used, Height: state.Height, Trouble: state.Trouble, Since: timestamp(state.Since),
		}
		if state.UnixSeconds > 0 {
			shown.BlockAt = timestamp(time.Unix(state.UnixSeconds, 0))
		}
		out.Endpoints = append(out.Endpoints, shown)
	}
}
