package keeper

import (
	"context"

	"cosmossdk.io/collections"
	"cosmossdk.io/math"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/thetaedge/theta/x/edgenode/types"
)

// RestartHeights converts all heights for a chain whose first block, at height 1, follows the
// present block. Live nodes get a whole lease. Terms in jail, unbondings, windows of
// yields and the time after a task was given back keep the number of blocks that is left of them. RestartHeights walks all
// nodes and is for exports only.
func (k *Keeper) RestartHeights(ctx context.Context) error {
	params, err := k.params.Get(ctx)
	if err != nil {
		return err
	}
	var operators []sdk.AccAddress
	err = k.states.Walk(ctx, nil, func(operator sdk.AccAddress, _ types.NodeState) (bool, error) {
		operators = append(operators, operator)
		return false, nil
	})
	if err != nil {
		return err
	}
	for _, operator := range operators {
		if err := k.restartNode(ctx, params, operator); err != nil {
			return err
		}
	}
	if err := k.restartUnbondings(ctx); err != nil {
		return err
	}
	return k.starts.Clear(ctx, nil)
}

func (k *Keeper) restartNode(ctx context.Context, params types.Params, operator sdk.AccAddress) error {
	now := height(ctx)
	next := sdk.UnwrapSDKContext(ctx).WithBlockHeight(now + 1)
	n, err := k.load(next, params, operator)
	if err != nil {
		return err
	}
	state := n.change()
	state.Jail = state.Jail.Since(now)
	state.GivenBack = state.GivenBackSince(now)
	state.RestartYields(params, now)
	state.EndAllHolds() // receipts of the chain before cannot be challenged
	state.LeaseEnd = 0
	if state.Status == types.NODE_STATUS_ACTIVE {
		n.openLease(0)
	}
	profile := n.profile
	profile.RegisteredHeight = 0
	n.declare(profile)
	return k.save(n)
}

// restartUnbondings moves every unbonding to the height at which the same number of blocks
// remains. Unbondings that are due move to the first block.
func (k *Keeper) restartUnbondings(ctx context.Context) error {
	var found []collections.KeyValue[collections.Pair[sdk.AccAddress, int64], math.Int]
	err := k.unbondings.Walk(ctx, nil, func(key collections.Pair[sdk.AccAddress, int64], amount math.Int) (bool, error) {
		found = append(found, collections.KeyValue[collections.Pair[sdk.AccAddress, int64], math.Int]{Key: key, Value: amount})
		return false, nil
	})
	if err != nil {
		return err
	}
	for _, u := range found {
		if _, err := k.takeUnbonding(ctx, u.Key.K1(), u.Key.K2()); err != nil {
			return err
		}
	}
	for _, u := range found {
		if err := k.addUnbonding(ctx, u.Key.K1(), max(u.Key.K2()-height(ctx), 1), u.Value); err != nil {
			return err
		}
	}
	return nil
}
