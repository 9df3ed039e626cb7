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
	w, err := k.load(cached, params, msg.JobId, msg.Task)
	if err != nil {
		return 0, sdk.Coin{}, err
	}
	if err := w.checkRedraw(); err != nil {
		return 0, sdk.Coin{}, err
	}
	round := w.round()
	if err := w.startDraw(round.Target - uint32(len(round.Replicas))); err != nil {
		return 0, sdk.Coin{}, err
	}
	if w.task.Ended() {
		return 0, sdk.Coin{}, types.ErrNotQualified.Wrapf("the node that the job names, %s, may take on no work", job.Policy.Node)
	}
	ref := w.ref()
	if err := k.save(w); err != nil {
		return 0, sdk.Coin{}, err
	}
	fee, err := k.burnPostingFee(cached, &job, types.DrawBytes)
	if err != nil {
		return 0, fee, err
	}
	emitSweep(cached, w.changes)
	if err := cached.EventManager().EmitTypedEvent(&types.EventRedraw{Ref: ref, SeedHeight: ctx.BlockHeight(), Fee: fee}); err != nil {
		return 0, fee, err
	}
	write()
	return ctx.BlockHeight(), fee, nil
}

// checkRedraw refuses to draw for a task that does not wait for its next draw.
func (w *work) checkRedraw() error {
	if w.task.Ended() {
		return types.ErrTaskEnded.Wrapf("task %d of job %s; its receipt says how", w.task.Index, w.job.Id)
	}
	round := w.round()
	switch {
	case w.callsJudges():
		return types.ErrNoRedraw.Wrap("judges and auditors are drawn in turn, and not at anybody's word")
	case round.Draw != nil:
		return types.ErrNoRedraw.Wrapf("draw %d is pinned at height %d; wait until it closes", round.Draw.Attempt+1, round.Draw.SeedHeight)
	case round.ResumeHeight <= w.height():
		return types.ErrNoRedraw.Wrapf("task %d of job %s has the nodes that it asks for", w.task.Index, w.job.Id)
	default:
		return nil
	}
}
