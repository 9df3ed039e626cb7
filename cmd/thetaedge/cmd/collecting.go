package cmd

import (
	"context"
	"log/slog"

	"github.com/thetaedge/theta/sidecar/chain"
	"github.com/thetaedge/theta/sidecar/payout"
)

// collectEarnings has earnings paid concurrently with the agent, if the owner wants that. end waits for it,
// after ctx has ended. A damaged state is reported, and the node works without collecting.
func collectEarnings(ctx context.Context, n *node, sender *chain.Sender, logger *slog.Logger) (end func(), err error) {
	least, on, err := n.config.Payout.Least()
	if err != nil || !on {
		return func() {}, err
	}
	operator, err := n.config.Chain.OperatorAddress()
	if err != nil {
		return nil, err
	}
	collector, err := payout.New(payout.Config{
		Chain: sender, Home: n.home, Operator: operator, Logger: logger, Now: n.clock.Now,
		Rule: payout.Rule{Least: least, FeeBps: n.config.Payout.FeeBps()},
	})
	if err != nil {
		logger.Error("the node collects no earnings until it is restarted; what is unclaimed stays in the chain's ledger", "error", err)
		return func() {}, nil
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		collector.Run(ctx)
	}()
	return func() { <-done }, nil
}
