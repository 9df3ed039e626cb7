package payout

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	sdkmath "cosmossdk.io/math"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/thetaedge/theta/client/money"
	"github.com/thetaedge/theta/client/tx"
	"github.com/thetaedge/theta/sidecar/bid"
	"github.com/thetaedge/theta/sidecar/chain"
	edgenodetypes "github.com/thetaedge/theta/x/edgenode/types"
)

const (
	// every is the pause between two looks at what is unclaimed.
	every = 10 * time.Minute
	// soon is the pause until it is known whose node the worker key serves.
	soon = time.Second
	// pause is the least time between two collections, and retry the time after a try that has certainly
	// paid no fee.
	pause = 24 * time.Hour
	retry = time.Hour
	// patience bounds a look. A transaction waits for a few blocks only.
	patience = 2 * time.Minute
	// allBps is the whole in basis points.
	allBps = 10_000
)

// Chain is what a collector asks of the chain. *chain.Sender implements it, with the worker key.
type Chain interface {
	Address() sdk.AccAddress
	// Granter returns the operator whose fee grant pays; it is empty until the agent has found out whose
	// node the worker key serves.
	Granter() sdk.AccAddress
	Node(ctx context.Context, worker string) (edgenodetypes.Node, error)
	Earnings(ctx context.Context, operator string) (sdk.Coins, error)
	Grant(ctx context.Context, operator, worker string) (chain.Grant, error)
	CollectFee(ctx context.Context, operator string) (sdk.Coin, error)
	Collect(ctx context.Context, operator string, most sdkmath.Int) (chain.Collected, error)
}

// Rule says when earnings are collected.
type Rule struct {
	// Least is the least amount of unclaimed earnings, in the denom of fees.
	Least sdk.Coin
	// FeeBps is the largest share of them that the fee may be, in basis points.
	FeeBps int64
}

// Config contains what a collector needs.
type Config struct {
	Chain Chain
	// Home is the folder of the node, which contains the state.
	Home string
	// Operator is the operator that this machine works for. If it is empty, the machine works for the operator
	// who has registered the worker key.
	Operator sdk.AccAddress
	Rule     Rule
	Logger   *slog.Logger
	// Now is the clock; nil means time.Now.
	Now func() time.Time
}

// Collector has earnings paid.
type Collector struct {
	cfg   Config
	state State
}

// New returns a collector with the state of its home.
func New(cfg Config) (*Collector, error) {
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	state, err := Read(cfg.Home)
	return &Collector{cfg: cfg, state: state}, err
}

// Run collects until ctx ends. What fails is logged and tried again later.
func (c *Collector) Run(ctx context.Context) {
	for {
		look, cancel := context.WithTimeout(ctx, patience)
		if err := c.Look(look); err != nil && ctx.Err() == nil {
			c.cfg.Logger.Warn("earnings were not collected", "error", err)
		}
		cancel()
		wait := every
		if c.cfg.Chain.Granter().Empty() {
			wait = soon
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(wait):
		}
	}
}

// Look collects what is unclaimed, if there is enough of it, the fee is small enough, and a day has passed. It
// fails if it cannot find that out, or if the collection failed.
func (c *Collector) Look(ctx context.Context) error {
	now := c.cfg.Now()
	// After a clock was put back, Next may be years ahead. To collect once too often costs a simulation.
	if left := c.state.Next.Sub(now); left > 0 && left <= pause {
		return nil
	}
	granter := c.cfg.Chain.Granter()
	if granter.Empty() {
		return nil
	}
	worker := c.cfg.Chain.Address().String()
	node, err := c.cfg.Chain.Node(ctx, worker)
	if errors.Is(err, chain.ErrNotFound) {
		return nil // the node is not registered, or another machine has its key
	}
	if err != nil {
		return err
	}
	found, err := sdk.AccAddressFromBech32(node.Profile.Operator)
	if err != nil {
		return fmt.Errorf("node: expected an operator address, found %q: %w", node.Profile.Operator, err)
	}
	if owner := c.cfg.Operator; len(owner) > 0 && !owner.Equals(found) {
		return nil // another operator has registered the key; the agent says so
	}
	if !granter.Equals(found) {
		// Only the agent, which proves it, decides for whom this machine works: the grant also pays for
		// what the node would otherwise be slashed for.
		return fmt.Errorf("expected the node of operator %s, found that of %s: the node of chain.grpc lies, or the worker key has just been registered by another operator",
			granter, node.Profile.Operator)
	}
	operator := node.Profile.Operator
	earned, err := c.cfg.Chain.Earnings(ctx, operator)
	if err != nil {
		return err
	}
	unclaimed := sdk.NewCoin(c.cfg.Rule.Least.Denom, earned.AmountOf(c.cfg.Rule.Least.Denom))
	if unclaimed.IsLT(c.cfg.Rule.Least) {
		return c.wait(fmt.Sprintf("%s are unclaimed, and payout.collect is %s", money.FormatAmount(unclaimed), money.FormatAmount(c.cfg.Rule.Least)))
	}
	if why, err := c.unpaid(ctx, operator, worker); err != nil || why != "" {
		return errors.Join(err, c.wait(why))
	}
	most := unclaimed.Amount.MulRaw(c.cfg.Rule.FeeBps).QuoRaw(allBps)
	fee, err := c.cfg.Chain.CollectFee(ctx, operator)
	if err != nil {
		return err
	}
	if fee.Denom != unclaimed.Denom || fee.Amount.GT(most) {
		return c.wait(fmt.Sprintf("collecting %s would cost %s now, and payout.most-fee-percent allows %s; it is tried again",
			money.FormatAmount(unclaimed), money.FormatAmount(fee), money.FormatAmount(sdk.NewCoin(unclaimed.Denom, most))))
	}
	return c.collect(ctx, operator, most, now)
}

// unpaid returns why the operator's fee grant does not pay for a collection, "" if it does.
func (c *Collector) unpaid(ctx context.Context, operator, worker string) (string, error) {
	grant, err := c.cfg.Chain.Grant(ctx, operator, worker)
	switch {
	case errors.Is(err, chain.ErrNotFound):
		return "the worker key has no fee grant of its operator; " + bid.RenewGrant, nil
	case err != nil:
		return "", err
	case grant.CannotCollect:
		return "the fee grant was made by an earlier version and does not pay for collecting earnings; " + bid.RenewGrant, nil
	}
	return "", nil
}

// wait notes why nothing is collected. A new reason is logged once.
func (c *Collector) wait(why string) error {
	if why == "" || why == c.state.Waits {
		return nil
	}
	c.cfg.Logger.Info("earnings are not collected yet", "reason", why)
	c.state.Waits = why
	return c.state.write(c.cfg.Home)
}

// collect sends the transaction. The time of the next one is on the disk before that.
func (c *Collector) collect(ctx context.Context, operator string, most sdkmath.Int, now time.Time) error {
	c.state.Next, c.state.Waits = now.Add(pause), ""
	if err := c.state.write(c.cfg.Home); err != nil {
		return err
	}
	paid, err := c.cfg.Chain.Collect(ctx, operator, most)
	if err != nil {
		var refused *tx.Refusal
		if !errors.As(err, &refused) || !refused.InBlock {
			c.state.Next = now.Add(retry)
		}
		c.state.Waits = err.Error()
		return errors.Join(err, c.state.write(c.cfg.Home))
	}
	c.state.At, c.state.Tx, c.state.Recipient = now, paid.Hash, paid.Recipient
	c.state.Paid, c.state.Delegated, c.state.Undelegated = amounts(paid.Amount), "", paid.Undelegated
	if paid.Delegated.IsPositive() {
		c.state.Delegated = money.FormatAmount(paid.Delegated)
	}
	c.cfg.Logger.Info("earnings collected", "paid", c.state.Paid, "to", paid.Recipient, "delegated", c.state.Delegated, "tx", paid.Hash)
	if paid.Undelegated != "" {
		c.cfg.Logger.Warn("the earnings were paid out and not delegated; choose another validator with thetaedge payout set", "reason", paid.Undelegated)
	}
	return c.state.write(c.cfg.Home)
}

// amounts formats coins for people.
func amounts(coins sdk.Coins) string {
	text := ""
	for i, coin := range coins {
		if i > 0 {
			text += ", "
		}
		text += money.FormatAmount(coin)
	}
	return text
}
