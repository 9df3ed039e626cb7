package keeper

import (
	"context"

	"cosmossdk.io/collections"
	"cosmossdk.io/math"

	sdk "github.com/cosmos/cosmos-sdk/types"
	authtypes "github.com/cosmos/cosmos-sdk/x/auth/types"

	"github.com/thetaedge/theta/x/beacon/types"
	"github.com/thetaedge/theta/x/internal/isolated"
)

// due is one submission that is to be paid for.
type due struct {
	key       collections.Pair[uint32, uint64]
	submitter sdk.AccAddress
}

// PayReimbursements pays for this block's first submissions of recent rounds from collected
// fees, as far as these suffice. It runs at the end of the block, after bank has credited
// what txs paid to the fee collector by virtual transfer. It never makes a block fail:
// submissions that the fees do not cover are not paid for.
func (k *Keeper) PayReimbursements(ctx context.Context) error {
	var queue []due
	err := k.reimbursements.Walk(ctx, nil, func(key collections.Pair[uint32, uint64], to []byte) (bool, error) {
		queue = append(queue, due{key: key, submitter: to})
		return false, nil
	})
	if err != nil || len(queue) == 0 {
		return err
	}
	params, err := k.params.Get(ctx)
	if err != nil {
		return err
	}
	for _, d := range queue {
		if err := k.reimbursements.Remove(ctx, d.key); err != nil {
			return err
		}
		isolated.Try(ctx, k.logger(ctx), "reimbursement", func(ctx context.Context) error {
			return k.reimburse(ctx, d, params.Reimbursement)
		})
	}
	return nil
}

func (k *Keeper) reimburse(ctx context.Context, d due, amount math.Int) error {
	held := k.bank.GetBalance(ctx, authtypes.NewModuleAddress(k.feeCollector), k.feeDenom)
	coin := sdk.NewCoin(k.feeDenom, math.MinInt(amount, held.Amount))
	if !coin.IsPositive() {
		return nil
	}
	if err := k.bank.SendCoinsFromModuleToAccount(ctx, k.feeCollector, d.submitter, sdk.NewCoins(coin)); err != nil {
		return err
	}
	text, err := k.addresses.BytesToString(d.submitter)
	if err != nil {
		return err
	}
	event := types.NewEventReimbursed(d.key.K1(), d.key.K2(), text, coin)
	return sdk.UnwrapSDKContext(ctx).EventManager().EmitTypedEvent(event)
}
