package keeper

import (
	"context"
	"errors"

	"cosmossdk.io/collections"

	"github.com/thetaedge/theta/x/feemarket/types"
)

// InitGenesis writes a genesis state.
func (k *Keeper) InitGenesis(ctx context.Context, genesis types.GenesisState) error {
	if err := genesis.Validate(); err != nil {
		return err
	}
	if err := k.params.Set(ctx, genesis.Params); err != nil {
		return err
	}
	return k.baseFee.Set(ctx, genesis.BaseFee)
}

// ExportGenesis returns the whole state, or the state of a new chain if there is none yet.
func (k *Keeper) ExportGenesis(ctx context.Context) (*types.GenesisState, error) {
	params, err := k.params.Get(ctx)
	if errors.Is(err, collections.ErrNotFound) {
		return types.DefaultGenesis(), nil
	}
	if err != nil {
		return nil, err
	}
	base, err := k.baseFee.Get(ctx)
	return &types.GenesisState{Params: params, BaseFee: base}, err
}
