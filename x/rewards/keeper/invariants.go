package keeper

import (
	"context"

	"cosmossdk.io/math"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/thetaedge/theta/x/rewards/types"
)

// InvariantResult is the result of one check. Err is nil if the rule holds.
type InvariantResult struct {
	Name string
	Err  error
}

// CheckInvariants walks the whole ledger. It is for tests, devnets and operators, never for a
// block. x/compute, which owns the escrow account, checks that the account covers the sums.
func (k *Keeper) CheckInvariants(ctx context.Context) []InvariantResult {
	return []InvariantResult{
		{Name: "earnings-positive", Err: k.checkEarnings(ctx)},
		{Name: "payouts-readable", Err: k.checkPayouts(ctx)},
		{Name: "supply", Err: k.checkSupply(ctx)},
		{Name: "earned", Err: k.checkEarned(ctx)},
		{Name: "grants-mint-verified-fuel", Err: k.checkGrants(ctx)},
		{Name: "grants-unminted", Err: k.checkUnminted(ctx)},
	}
}

// checkEarnings checks that no entry is zero or negative, and that pending shares are well
// formed.
func (k *Keeper) checkEarnings(ctx context.Context) error {
	err := k.earnings.Walk(ctx, nil, func(key accountKey, owed math.Int) (bool, error) {
		if !owed.IsPositive() {
			return true, types.ErrInvariantBroken.Wrapf("earnings of %s: expected a positive amount of %s, found %s", key.K1(), key.K2(), owed)
		}
		return false, nil
	})
	if err != nil {
		return err
	}
	pending, err := k.pendingFees(ctx)
	if err != nil {
		return err
	}
	if err := pending.Validate(); err != nil {
		return types.ErrInvariantBroken.Wrapf("pending shares: %s", err)
	}
	return nil
}

// checkPayouts checks that every payout rule can be followed, and that all sums that were paid
// are positive.
func (k *Keeper) checkPayouts(ctx context.Context) error {
	err := k.payouts.Walk(ctx, nil, func(operator sdk.AccAddress, rule types.Payout) (bool, error) {
		read, err := k.readPayout(operator, rule)
		if err == nil && read.rule != rule {
			err = types.ErrInvalidPayout.Wrapf("expected %v, found %v", read.rule, rule)
		}
		if err == nil {
			err = rule.Validate()
		}
		if err != nil {
			return true, types.ErrInvariantBroken.Wrapf("payout of %s: %s", operator, err)
		}
		return false, nil
	})
	if err != nil {
		return err
	}
	return k.paid.Walk(ctx, nil, func(key accountKey, paid math.Int) (bool, error) {
		if !paid.IsPositive() {
			return true, types.ErrInvariantBroken.Wrapf("paid to %s: expected a positive amount of %s, found %s", key.K1(), key.K2(), paid)
		}
		return false, nil
	})
}

// EarningsTotal returns all unclaimed earnings. It walks the ledger.
func (k *Keeper) EarningsTotal(ctx context.Context) (sdk.Coins, error) {
	sum := sdk.NewCoins()
	err := k.earnings.Walk(ctx, nil, func(key accountKey, owed math.Int) (bool, error) {
		sum = sum.Add(sdk.NewCoin(key.K2(), owed))
		return false, nil
	})
	return sum, err
}

// PendingTotal returns all shares that are still in escrow, including those of the current
// block.
func (k *Keeper) PendingTotal(ctx context.Context) (sdk.Coins, error) {
	pending, err := k.pendingFees(ctx)
	if err != nil {
		return nil, err
	}
	noted, _, err := k.noted(ctx)
	if err != nil {
		return nil, err
	}
	return pending.Add(noted.Shares).Total(), nil
}
