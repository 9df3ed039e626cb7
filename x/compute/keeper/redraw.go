package keeper

import (
	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/thetaedge/theta/x/compute/types"
)

// Redraw starts the next draw of a task that pauses between draws, and burns what a draw
// counts for from the requester's account. A draw that is pinned stays: nobody buys
// another in its place. It returns the height at which the seed is pinned and what was
// burned.
func (k *Keeper) Redraw(ctx sdk.Context, msg *types.MsgRedraw) (int64, sdk.Coin, error) {
	_, job, err := k.requesterJob(ctx, msg.Requester, msg.JobId)
	if err != nil {
		return 0, sdk.Coin{}, err
	}
	params, err := k.params.Get(ctx)
	if err != nil {
		return 0, sdk.Coin{}, err
	}
	cached, write := ctx.CacheContext() // what is due is applied first, and a refusal leaves no trace
	t, err := k.load(cached, params, msg.JobId, msg.Task)
	if err != nil {
		return 0, sdk.Coin{}, err
	}
	if err := t.Redraw(); err != nil {
		return 0, sdk.Coin{}, err
	}
	ref := t.Ref()
	if err := k.save(t); err != nil {
		return 0, sdk.Coin{}, err
	}
	fee, err := k.burnPostingFee(cached, &job, types.DrawBytes)
	if err != nil {
		return 0, fee, err
	}
	emitSweep(cached, t.Changes())
	if err := cached.EventManager().EmitTypedEvent(&types.EventRedraw{Ref: ref, SeedHeight: ctx.BlockHeight(), Fee: fee}); err != nil {
		return 0, fee, err
	}
	write()
	return ctx.BlockHeight(), fee, nil
}
