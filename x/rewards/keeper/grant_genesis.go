package keeper

import (
	"context"

	"cosmossdk.io/collections"
	"cosmossdk.io/math"

	"github.com/thetaedge/theta/x/rewards/types"
)

// importGrants writes grants and their pay. It returns ErrInvalidGenesis if the sums of held pay are
// not those of its entries.
func (k *Keeper) importGrants(ctx context.Context, genesis types.GenesisState) error {
	for _, grant := range genesis.Grants {
		if _, err := k.parse("grantee", grant.Terms.Grantee); err != nil {
			return err
		}
		if denom := k.others.Supply.denom; grant.Denom != denom {
			return types.ErrInvalidGenesis.Wrapf("grant %d: denom: expected %s, which the chain mints, found %s", grant.Id, denom, grant.Denom)
		}
		if err := k.grants.Set(ctx, grant.Id, grant); err != nil {
			return err
		}
	}
	if err := k.nextGrant.Set(ctx, uint64(len(genesis.Grants))); err != nil {
		return err
	}
	for _, held := range genesis.Held {
		operator, err := k.parse("operator", held.Operator)
		if err != nil {
			return err
		}
		if err := k.held.Set(ctx, collections.Join3(operator, held.Matures, held.Grant), held.Amount); err != nil {
			return err
		}
	}
	for _, total := range genesis.HeldTotals {
		if err := k.heldTotals.Set(ctx, collections.Join(total.Grant, total.Matures), total.Amount); err != nil {
			return err
		}
	}
	for _, record := range genesis.Unminted {
		if _, err := k.payOf(record); err != nil {
			return types.ErrInvalidGenesis.Wrapf("unminted: %s", err)
		}
		if err := k.enqueueUnminted(ctx, record); err != nil {
			return err
		}
	}
	if err := k.checkGrants(ctx); err != nil {
		return types.ErrInvalidGenesis.Wrapf("grants: %s; correct held, held_totals and unminted", err)
	}
	return nil
}

// exportGrants adds grants and their pay to a state.
func (k *Keeper) exportGrants(ctx context.Context, genesis *types.GenesisState) error {
	err := k.grants.Walk(ctx, nil, func(_ uint64, grant types.Grant) (bool, error) {
		genesis.Grants = append(genesis.Grants, grant)
		return false, nil
	})
	if err != nil {
		return err
	}
	err = k.held.Walk(ctx, nil, func(key heldKey, amount math.Int) (bool, error) {
		pay, err := k.heldPay(ctx, key, amount)
		genesis.Held = append(genesis.Held, pay)
		return err != nil, err
	})
	if err != nil {
		return err
	}
	err = k.unminted.Walk(ctx, nil, func(_ uint64, record types.UnmintedPay) (bool, error) {
		genesis.Unminted = append(genesis.Unminted, record)
		return false, nil
	})
	if err != nil {
		return err
	}
	return k.heldTotals.Walk(ctx, nil, func(key collections.Pair[uint64, uint64], amount math.Int) (bool, error) {
		genesis.HeldTotals = append(genesis.HeldTotals, types.HeldTotal{Grant: key.K1(), Matures: key.K2(), Amount: amount})
		return false, nil
	})
}
