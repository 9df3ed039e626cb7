package keeper

import (
	"context"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/thetaedge/theta/x/edgenode/types"
)

// updateParams replaces the parameters. The bond denom cannot change while any coin is bonded
// or unbonding, because these are recorded as amounts without a denom. A new bond_per_slot
// affects a node's weight when the node next changes.
func (k *Keeper) updateParams(ctx context.Context, authority string, params types.Params) error {
	if err := sdk.ValidateAuthority(sdk.UnwrapSDKContext(ctx), k.authority, authority); err != nil {
		return err
	}
	if err := params.Validate(); err != nil {
		return err
	}
	old, err := k.params.Get(ctx)
	if err != nil {
		return err
	}
	if old.BondDenom != params.BondDenom {
		empty, err := k.isEmpty(ctx)
		if err != nil {
			return err
		}
		if !empty {
			return types.ErrInvalidParams.Wrapf(
				"bond_denom: expected %s for as long as there are nodes or unbondings, found %s", old.BondDenom, params.BondDenom)
		}
	}
	return k.params.Set(ctx, params)
}

// isEmpty reports whether there are neither nodes nor unbondings.
func (k *Keeper) isEmpty(ctx context.Context) (bool, error) {
	nodes, err := k.states.Iterate(ctx, nil)
	if err != nil {
		return false, err
	}
	defer nodes.Close()
	if nodes.Valid() {
		return false, nil
	}
	unbondings, err := k.unbondings.Iterate(ctx, nil)
	if err != nil {
		return false, err
	}
	defer unbondings.Close()
	return !unbondings.Valid(), nil
}
