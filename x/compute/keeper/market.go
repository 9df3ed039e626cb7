package keeper

import (
	"context"
	"errors"

	"cosmossdk.io/collections"

	"github.com/thetaedge/theta/x/compute/types"
)

// market returns the market of a class as of the last fold.
func (k *Keeper) market(ctx context.Context, class string) (types.Market, error) {
	market, err := k.markets.Get(ctx, class)
	if errors.Is(err, collections.ErrNotFound) {
		return types.Market{Class: class}, nil
	}
	return market, err
}

// marketWriter collects the changes that a block makes to markets, and writes each market
// once.
type marketWriter struct {
	k   *Keeper
	ctx context.Context
	// changed contains the markets in the order in which they were first requested.
	changed []*types.Market
}

func newMarketWriter(ctx context.Context, k *Keeper) *marketWriter {
	return &marketWriter{k: k, ctx: ctx}
}

// of returns the market of a class; the caller may change it.
func (m *marketWriter) of(class string) (*types.Market, error) {
	for _, market := range m.changed {
		if market.Class == class {
			return market, nil
		}
	}
	market, err := m.k.market(m.ctx, class)
	if err != nil {
		return nil, err
	}
	m.changed = append(m.changed, &market)
	return &market, nil
}

func (m *marketWriter) flush() error {
	for _, market := range m.changed {
		if err := m.k.markets.Set(m.ctx, market.Class, *market); err != nil {
			return err
		}
	}
	return nil
}
