package keeper

import (
	"context"

	"cosmossdk.io/math"

	authtypes "github.com/cosmos/cosmos-sdk/x/auth/types"

	"github.com/thetaedge/theta/x/feemarket/types"
)

// InvariantResult is the result of one check. Err is nil if the rule holds.
type InvariantResult struct {
	Name string
	Err  error
}

// CheckInvariants checks the state between two blocks, after the first block.
func (k *Keeper) CheckInvariants(ctx context.Context) []InvariantResult {
	return []InvariantResult{
		{Name: "base-fee-bounded", Err: k.checkBaseFee(ctx)},
		{Name: "fees-burned", Err: k.checkBurned(ctx)},
	}
}

// checkBaseFee checks that the base fee is between the floor and its cap, or equals the floor
// if that is above the cap.
func (k *Keeper) checkBaseFee(ctx context.Context) error {
	stored, err := k.baseFee.Get(ctx)
	if err != nil {
		return err
	}
	params, err := k.Params(ctx)
	if err != nil {
		return err
	}
	floor, err := k.floor.MinGasPrice(ctx)
	if err != nil {
		return err
	}
	if highest := math.MaxInt(floor, params.MaxBaseFee); stored.LT(floor) || stored.GT(highest) {
		return types.ErrInvariantBroken.Wrapf("base fee: expected %s to %s, found %s", floor, highest, stored)
	}
	return nil
}

// checkBurned checks that everything that was paid above the floor has been burned.
func (k *Keeper) checkBurned(ctx context.Context) error {
	denom, err := k.floor.FeeDenom(ctx)
	if err != nil {
		return err
	}
	if held := k.bank.GetBalance(ctx, authtypes.NewModuleAddress(types.ModuleName), denom); !held.IsZero() {
		return types.ErrInvariantBroken.Wrapf("account of x/%s: expected nothing, found %s", types.ModuleName, held)
	}
	return nil
}
