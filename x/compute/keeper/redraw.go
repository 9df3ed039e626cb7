package keeper

import (
	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/thetaedge/theta/x/compute/types"
)

// Redraw starts the next draw of a task that pauses between draws, and burns the cost of a
// draw from the requester's account. A pinned draw stays: a requester cannot buy another draw
// in its place. Redraw returns the height at which the seed is pinned and the amount that it
// burned.
func (k *Keeper) Redraw(ctx sdk.Context, msg *types.MsgRedraw) (int64, sdk.Coin, error) {
	id, job, err := k.requesterJob(ctx, msg.Requester, msg.JobId)
	if err != nil {
		return 0, sdk.Coin{}, err
	}
	params, err := k.params.Get(ctx)
	if err != nil {
		return 0, sdk.Coin{}, err
	}
	cached, write := ctx.CacheContext() // due transitions are applied first; a refusal must not change the state
	first, err := k.chunkOf(cached, id, msg.Task)
	if err != nil {
		return 0, sdk.Coin{}, err
	}
	t, err := k.load(cached, params, msg.JobId, first)
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
