package keeper

import (
	"context"
	"errors"

	"cosmossdk.io/collections"
	"cosmossdk.io/math"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/thetaedge/theta/x/rewards/types"
)

// InitGenesis writes a genesis state. x/compute, which owns the escrow account, checks that
// the account covers the state.
func (k *Keeper) InitGenesis(ctx context.Context, genesis types.GenesisState) error {
	if err := genesis.Validate(); err != nil {
		return err
	}
	if err := k.checkParams(genesis.Params); err != nil {
		return types.ErrInvalidGenesis.Wrap(err.Error())
	}
	if err := k.params.Set(ctx, genesis.Params); err != nil {
		return err
	}
	if err := k.importCoins(ctx, k.earnings, genesis.Earnings); err != nil {
		return err
	}
	if err := k.importCoins(ctx, k.paid, genesis.Paid); err != nil {
		return err
	}
	if err := k.importGrants(ctx, genesis); err != nil {
		return err
	}
	for _, rule := range genesis.Payouts {
		operator, err := k.parse("operator", rule.Operator)
		if err != nil {
			return err
		}
		read, err := k.readPayout(operator, rule.Payout)
		if err != nil {
			return types.ErrInvalidGenesis.Wrapf("payout of %s: %s", rule.Operator, err)
		}
		if err := k.storePayout(ctx, operator, read.rule); err != nil {
			return err
		}
	}
	if err := k.importEpochs(ctx, genesis); err != nil {
		return err
	}
	if err := k.importEarned(ctx, genesis); err != nil {
		return err
	}
	return k.storePending(ctx, genesis.Pending)
}

// importEpochs writes what was minted and burned, the emission and the epochs.
func (k *Keeper) importEpochs(ctx context.Context, genesis types.GenesisState) error {
	if err := k.others.Supply.open(ctx, k.supply(ctx), genesis.Flows); err != nil {
		return err
	}
	if genesis.Emission != nil {
		if err := k.emission.Set(ctx, *genesis.Emission); err != nil {
			return err
		}
	}
	for _, epoch := range genesis.Epochs {
		if err := k.summaries.Set(ctx, epoch.Epoch, epoch); err != nil {
			return err
		}
	}
	if genesis.Open != nil {
		if err := k.open.Set(ctx, *genesis.Open); err != nil {
			return err
		}
	}
	return k.storeWork(ctx, genesis.Work)
}

// importCoins writes the coins of operators.
func (k *Keeper) importCoins(ctx context.Context, entries collections.Map[accountKey, math.Int], all []types.Earnings) error {
	for _, one := range all {
		operator, err := k.parse("operator", one.Operator)
		if err != nil {
			return err
		}
		for _, coin := range one.Amount {
			if err := increase(ctx, entries, collections.Join(operator, coin.Denom), coin.Amount); err != nil {
				return err
			}
		}
	}
	return nil
}

// ExportGenesis returns the whole state.
func (k *Keeper) ExportGenesis(ctx context.Context) (*types.GenesisState, error) {
	params, err := k.params.Get(ctx)
	if err != nil {
		return nil, err
	}
	pending, err := k.pendingFees(ctx)
	if err != nil {
		return nil, err
	}
	genesis := &types.GenesisState{Params: params, Pending: pending}
	if err := k.exportEpochs(ctx, genesis); err != nil {
		return nil, err
	}
	if err := k.exportEarned(ctx, genesis); err != nil {
		return nil, err
	}
	if err := k.exportGrants(ctx, genesis); err != nil {
		return nil, err
	}
	if genesis.Earnings, err = k.exportCoins(ctx, k.earnings); err != nil {
		return nil, err
	}
	if genesis.Paid, err = k.exportCoins(ctx, k.paid); err != nil {
		return nil, err
	}
	err = k.payouts.Walk(ctx, nil, func(operator sdk.AccAddress, rule types.Payout) (bool, error) {
		text, err := k.addresses.BytesToString(operator)
		genesis.Payouts = append(genesis.Payouts, types.OperatorPayout{Operator: text, Payout: rule})
		return false, err
	})
	return genesis, err
}

// exportEpochs adds what was minted and burned, the emission and the epochs.
func (k *Keeper) exportEpochs(ctx context.Context, genesis *types.GenesisState) (err error) {
	if genesis.Flows, err = k.SupplyFlows(ctx); err != nil {
		return err
	}
	if genesis.Work, err = k.paidWork(ctx); err != nil {
		return err
	}
	switch emission, err := k.emission.Get(ctx); {
	case err == nil:
		genesis.Emission = &emission
	case !errors.Is(err, collections.ErrNotFound):
		return err
	}
	switch open, err := k.open.Get(ctx); {
	case err == nil:
		genesis.Open = &open
	case !errors.Is(err, collections.ErrNotFound):
		return err
	}
	return k.summaries.Walk(ctx, nil, func(_ int64, summary types.EpochSummary) (bool, error) {
		genesis.Epochs = append(genesis.Epochs, summary)
		return false, nil
	})
}

// exportCoins returns the coins of all operators.
func (k *Keeper) exportCoins(ctx context.Context, entries collections.Map[accountKey, math.Int]) ([]types.Earnings, error) {
	var (
		all  []types.Earnings
		last sdk.AccAddress
	)
	err := entries.Walk(ctx, nil, func(key accountKey, amount math.Int) (bool, error) {
		coin := sdk.NewCoin(key.K2(), amount)
		if n := len(all); n > 0 && last.Equals(key.K1()) {
			all[n-1].Amount = all[n-1].Amount.Add(coin)
			return false, nil
		}
		last = key.K1()
		text, err := k.addresses.BytesToString(last)
		all = append(all, types.Earnings{Operator: text, Amount: sdk.NewCoins(coin)})
		return false, err
	})
	return all, err
}
