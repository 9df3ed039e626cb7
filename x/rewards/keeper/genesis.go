package keeper

import (
	"context"

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
	for _, earnings := range genesis.Earnings {
		operator, err := k.parse(earnings.Operator)
		if err != nil {
			return err
		}
		for _, coin := range earnings.Amount {
			if err := k.credit(ctx, operator, coin); err != nil {
				return err
			}
		}
	}
	return k.storePending(ctx, genesis.Pending)
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
	var last sdk.AccAddress
	err = k.earnings.Walk(ctx, nil, func(key accountKey, owed math.Int) (bool, error) {
		coin := sdk.NewCoin(key.K2(), owed)
		if n := len(genesis.Earnings); n > 0 && last.Equals(key.K1()) {
			genesis.Earnings[n-1].Amount = genesis.Earnings[n-1].Amount.Add(coin)
			return false, nil
		}
		last = key.K1()
		text, err := k.addresses.BytesToString(last)
		genesis.Earnings = append(genesis.Earnings, types.Earnings{Operator: text, Amount: sdk.NewCoins(coin)})
		return false, err
	})
	return genesis, err
}
