package cmd

import (
	"context"
	"errors"
	"log/slog"
	"math"
	"math/big"
	"time"

	sdkmath "cosmossdk.io/math"

	"github.com/thetaedge/theta/app/params"
	"github.com/thetaedge/theta/sidecar/agent"
	"github.com/thetaedge/theta/sidecar/chain"
	"github.com/thetaedge/theta/sidecar/earnings"
	"github.com/thetaedge/theta/sidecar/forecast"
	"github.com/thetaedge/theta/sidecar/store"
	edgenodetypes "github.com/thetaedge/theta/x/edgenode/types"
)

// books are what the daemon writes about what the node earns: the ledger of days, and the hours of the market. Either
// is nil if its file is damaged.
type books struct {
	ledger *earnings.Ledger
	hours  *forecast.Book
}

// openBooks opens the books of a home. A damaged one is reported, and the node works without it.
func openBooks(home string, logger *slog.Logger) books {
	ledger, err := earnings.OpenLedger(home)
	hours, hoursErr := forecast.OpenBook(home)
	if err := errors.Join(err, hoursErr); err != nil {
		logger.Error("the node continues without a part of its books", "error", err)
	}
	return books{ledger, hours}
}

// keep writes the books until ctx ends.
func (b books) keep(ctx context.Context, n *node, chainID string, journal *store.Journal, status func() agent.Status, logger *slog.Logger) {
	count, look := time.NewTicker(earnings.CountEvery), time.NewTicker(forecast.LookEvery)
	defer count.Stop()
	defer look.Stop()
	failed := ""
	tell := func(what string, err error) {
		if err == nil {
			failed = ""
		} else if err.Error() != failed && ctx.Err() == nil {
			failed = err.Error()
			logger.Warn(what, "error", err)
		}
	}
	for {
		tell("cannot count earnings", b.count(journal))
		select {
		case <-ctx.Done():
			return
		case <-count.C:
		case <-look.C:
			tell("cannot look at the market", b.look(ctx, n, chainID, status()))
		}
	}
}

// count adds to the ledger what has ended.
func (b books) count(journal *store.Journal) error {
	if b.ledger == nil {
		return nil
	}
	records, err := journal.List(store.Filter{})
	if err != nil {
		return err
	}
	return b.ledger.Count(records)
}

// look adds to the hours what has happened.
func (b books) look(ctx context.Context, n *node, chainID string, now agent.Status) error {
	if b.ledger == nil || b.hours == nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	known, err := n.reader.Node(ctx, n.worker.Address().String())
	if errors.Is(err, chain.ErrNotFound) {
		return nil // not registered
	}
	if err != nil {
		return err
	}
	class, err := n.reader.Class(ctx, known.Profile.Class)
	if err != nil {
		return err
	}
	market, err := chain.AgreedMarket(ctx, n.reader, n.second(), known.Profile.Class)
	if err != nil {
		return err
	}
	rewards, err := n.reader.RewardsParams(ctx)
	if err != nil {
		return err
	}
	seen := forecast.Seen{
		At: n.clock.Now(), Chain: chainID, Class: known.Profile.Class, Part: float64(operatorBps(rewards)) / allBps,
		Ready: now.Mode == agent.Working && known.State.Status == edgenodetypes.NODE_STATUS_ACTIVE,
		Share: shareOf(known.State, class),
	}
	total := b.ledger.Total()
	seen.Gross, seen.Other = total.Coins()
	for _, price := range market.Market.Prices {
		if price.Denom == params.BaseDenom {
			seen.Settled, seen.Price = price.Settled, inCoins(price.Recent)
		}
	}
	return b.hours.See(seen)
}

// shareOf returns a node's part of the weight of its class in this epoch, from 0 to 1.
func shareOf(state edgenodetypes.NodeState, class edgenodetypes.QueryClassResponse) float64 {
	own, all := state.CheckpointAt(class.Epoch).Weight, class.Snapshot.Weight
	if all.IsNil() || !all.IsPositive() || own.IsNil() || !own.IsPositive() {
		return 0
	}
	share, _ := new(big.Float).Quo(new(big.Float).SetInt(own.BigInt()), new(big.Float).SetInt(all.BigInt())).Float64()
	return min(1, share)
}

// inCoins returns an amount of base units in whole coins, for estimates.
func inCoins(amount sdkmath.Int) float64 {
	if amount.IsNil() {
		return 0
	}
	coins, _ := new(big.Float).Quo(new(big.Float).SetInt(amount.BigInt()), big.NewFloat(math.Pow10(params.DisplayExponent))).Float64()
	return coins
}
