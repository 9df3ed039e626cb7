package keeper

import (
	"context"

	"cosmossdk.io/collections"
	"cosmossdk.io/math"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/thetaedge/theta/x/rewards/types"
)

// checkGrants checks that no grant has minted more than its price for the fuel that was
// verified, nor encumbered more than its budget, and that a revocation would burn exactly the
// pay that it voids.
func (k *Keeper) checkGrants(ctx context.Context) error {
	err := k.grants.Walk(ctx, nil, func(_ uint64, grant types.Grant) (bool, error) {
		err := grant.Validate()
		return err != nil, err
	})
	if err != nil {
		return types.ErrInvariantBroken.Wrap(err.Error())
	}
	epoch, err := k.others.Nodes.Epoch(ctx)
	if err != nil {
		return err
	}
	sums := map[[2]uint64]math.Int{}
	err = k.held.Walk(ctx, nil, func(at heldKey, amount math.Int) (bool, error) {
		pay, err := k.heldPay(ctx, at, amount)
		if err != nil {
			return true, err
		}
		if !amount.IsPositive() {
			return true, types.ErrInvariantBroken.Wrapf("held pay of %s: expected a positive amount, found %s", pay.Operator, amount)
		}
		if pay.Void || pay.Matures <= epoch {
			return false, nil
		}
		of := [2]uint64{pay.Grant, pay.Matures}
		if before, is := sums[of]; is {
			amount = amount.Add(before)
		}
		sums[of] = amount
		return false, nil
	})
	if err != nil {
		return err
	}
	err = k.heldTotals.Walk(ctx, nil, func(at collections.Pair[uint64, uint64], total math.Int) (bool, error) {
		of := [2]uint64{at.K1(), at.K2()}
		want, is := sums[of]
		if at.K2() > epoch && (!is || !want.Equal(total)) {
			return true, types.ErrInvariantBroken.Wrapf("grant %d: expected held pay of %s that matures in epoch %d, found %s", at.K1(), total, at.K2(), want)
		}
		delete(sums, of)
		return false, nil
	})
	if err == nil && len(sums) > 0 {
		err = types.ErrInvariantBroken.Wrapf("expected a sum for each epoch of held pay, %d are missing", len(sums))
	}
	return err
}

// GrantsTotal returns what escrow holds for grants: their deposits, and pay that was not
// claimed and is not void. It walks both.
func (k *Keeper) GrantsTotal(ctx context.Context) (sdk.Coins, error) {
	sum := sdk.NewCoins()
	err := k.grants.Walk(ctx, nil, func(_ uint64, grant types.Grant) (bool, error) {
		sum = sum.Add(grant.Coin(grant.Deposit))
		return false, nil
	})
	if err != nil {
		return nil, err
	}
	err = k.held.Walk(ctx, nil, func(key heldKey, amount math.Int) (bool, error) {
		grant, err := k.Grant(ctx, key.K3())
		if err == nil && !grant.Voids(key.K2()) {
			sum = sum.Add(grant.Coin(amount))
		}
		return err != nil, err
	})
	return sum, err
}

// GrantsOutstanding returns the encumbrance of all jobs that have not ended, by grant.
func (k *Keeper) GrantsOutstanding(ctx context.Context) (map[uint64]math.Int, error) {
	out := map[uint64]math.Int{}
	err := k.grants.Walk(ctx, nil, func(id uint64, grant types.Grant) (bool, error) {
		out[id] = grant.Outstanding
		return false, nil
	})
	return out, err
}
