package cmd

import (
	"context"
	"log/slog"
	"sync/atomic"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/thetaedge/theta/client/grpcnode"
	"github.com/thetaedge/theta/sidecar/agent"
	"github.com/thetaedge/theta/sidecar/chain"
	"github.com/thetaedge/theta/sidecar/why"
)

// switchTeller writes to the log, once there is one, that another node is asked.
type switchTeller struct{ logger atomic.Pointer[slog.Logger] }

func (t *switchTeller) tell(from, to, why string) {
	if logger := t.logger.Load(); logger != nil {
		logger.Warn("another node of the chain is asked from now on", "from", from, "to", to, "reason", why)
	}
}

// watchEndpoints examines the nodes of chain.grpc and chain.others until the returned function is
// called.
func watchEndpoints(parent context.Context, n *node, logger *slog.Logger) (stop func()) {
	n.switched.logger.Store(logger)
	ctx, cancel := context.WithCancel(parent)
	done := make(chan struct{})
	go func() {
		defer close(done)
		n.conn.Watch(ctx)
	}()
	return func() {
		cancel()
		<-done
	}
}

// compares makes an agent compare the nodes that it can ask.
func (n *node) compares(cfg *agent.Config) {
	cfg.Endpoints = n.conn
	if second := n.second(); second != nil {
		cfg.Second = second
	}
}

// second returns a reader of another node than the one that is asked, to compare the two. It is nil if there is only one.
func (n *node) second() *chain.Reader {
	if !n.conn.Several() {
		return nil
	}
	return chain.NewReader(n.conn.Second(), n.codec)
}

// countEndpoints registers the metrics of the nodes that are asked.
func countEndpoints(n *node, registry prometheus.Registerer) error {
	return registry.Register(chain.NewEndpointMetrics(n.conn))
}

// chainID returns the id of the chain for which the home works: that of the settings, or else the
// one that the journal knows if one of several nodes names it, or else the one of the nodes.
func (n *node) chainID(ctx context.Context) (string, error) {
	want := n.config.Chain.ID
	if want == "" && n.conn.Several() {
		want = n.bound
	}
	id, err := n.conn.ChainID(ctx, want)
	if err != nil && id != "" && n.config.Chain.ID == "" {
		// None of the nodes is of the chain that the journal knows: as with a single node, the
		// journal decides whether it can work for another one.
		return n.conn.ChainID(ctx, "")
	}
	return id, err
}

// checkNodes shows which of several nodes are in order.
func checkNodes(ctx context.Context, r *report, n *node) {
	if !n.conn.Several() {
		return
	}
	n.conn.Examine(ctx)
	n.conn.Examine(ctx) // a node that is behind is seen in the second look
	for _, state := range n.conn.States() {
		switch {
		case state.Trouble != "":
			r.line(unsure, "endpoint", "%s: %s", state.Address, grpcnode.PlainText(state.Trouble))
		case state.Used:
			r.line(good, "endpoint", "%s is used; its newest block is %d", state.Address, state.Height)
		default:
			r.line(good, "endpoint", "%s can stand in; its newest block is %d", state.Address, state.Height)
		}
	}
}

// endpointsOf returns the nodes that can be asked for an explanation of earnings.
func endpointsOf(n *node) []why.Endpoint {
	states := n.conn.States()
	list := make([]why.Endpoint, len(states))
	for i, s := range states {
		list[i] = why.Endpoint{Address: s.Address, Used: s.Used, Trouble: s.Trouble}
	}
	return list
}
