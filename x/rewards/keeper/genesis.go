package keeper

import (
	"context"

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
	if err := k.params.Set(ctx, genesis.Params); err != nil {
		return err
	}
	if err := k.importCoins(ctx, k.earnings, genesis.Earnings); err != nil {
		return err
	}
	if err := k.importCoins(ctx, k.paid, genesis.Paid); err != nil {
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
	return k.storePending(ctx, genesis.Pending)
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
