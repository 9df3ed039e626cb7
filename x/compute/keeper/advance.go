package keeper

import (
	"errors"

	"cosmossdk.io/collections"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/thetaedge/theta/x/compute/types"
)

// seedPollBlocks is how soon a task looks again for a seed that is not there
// yet; it waits longer the longer the seed stays away.
const seedPollBlocks = 2

// advance applies every transition that is due by comparison with the height,
// one after the other. It runs before anything else a handler does, so that no
// late message profits from a queue that lags behind.
func (w *work) advance() error {
	for !w.task.Ended() {
		moved, err := w.step()
		if err != nil {
			return err
		}
		if !moved {
			return nil
		}
	}
	return nil
}

// step applies the first transition that is due and says whether there was one.
// Each leaves the task closer to its end at this height, so that advance ends.
func (w *work) step() (bool, error) {
	if w.round().Phase == types.ROUND_PHASE_REVEAL {
		return w.concludeRound()
	}
	for _, transition := range []func() (bool, error){
		w.openClaims, w.closeDraw, w.dropMissed, w.fillSlots, w.openReveals,
	} {
		if moved, err := transition(); moved || err != nil {
			return moved, err
		}
	}
	return false, nil
}

// nextDue returns the height at which the task may advance without a message,
// 0 once it has ended.
func (w *work) nextDue() int64 {
	if w.task.Ended() {
		return 0
	}
	round := w.round()
	if round.Phase == types.ROUND_PHASE_REVEAL {
		return round.RevealDeadline + 1
	}
	var due int64
	earliest := func(height int64) {
		if due == 0 || height < due {
			due = height
		}
	}
	if round.NextDeadline != 0 {
		earliest(round.NextDeadline + 1)
	}
	if d := round.Draw; d != nil {
		if d.CloseHeight != 0 {
			earliest(d.CloseHeight)
		} else {
			earliest(max(w.height(), d.SeedHeight) + seedPollBlocks + max(0, w.height()-d.SeedHeight)/8)
		}
	}
	return max(due, w.height()+1)
}

// EndBlock advances the tasks whose time has come and prunes what has been kept
// for long enough, at most queue_limit of each.
func (k *Keeper) EndBlock(ctx sdk.Context) error {
	params, err := k.params.Get(ctx)
	if err != nil {
		return err
	}
	if err := k.advanceDue(ctx, params); err != nil {
		return err
	}
	return k.prune(ctx, params)
}

// advanceDue advances the oldest due tasks. One that fails is put off, so that it
// holds up nobody.
func (k *Keeper) advanceDue(ctx sdk.Context, params types.Params) error {
	keys, err := firstKeys(ctx, k.due, collections.Join3(ctx.BlockHeight()+1, types.JobID{}, uint64(0)), int(params.QueueLimit))
	if err != nil {
		return err
	}
	for _, key := range keys {
		id, index := key.K2(), key.K3()
		if k.isolated(ctx, "task of job "+id.String(), func(ctx sdk.Context) error {
			w, err := k.loadStored(ctx, params, id, index)
			if err != nil {
				return err
			}
			if err := w.advance(); err != nil {
				return err
			}
			return w.save()
		}) {
			continue
		}
		k.isolated(ctx, "putting off a task of job "+id.String(), func(ctx sdk.Context) error {
			return k.putOff(ctx, key)
		})
	}
	return nil
}

// putOffBlocks is how long a task that fails to advance rests.
const putOffBlocks = 100

func (k *Keeper) putOff(ctx sdk.Context, key dueKey) error {
	if err := k.due.Remove(ctx, key); err != nil {
		return err
	}
	at := collections.Join(key.K2(), key.K3())
	task, err := k.tasks.Get(ctx, at)
	if errors.Is(err, collections.ErrNotFound) {
		return nil // nothing is left to advance: the entry goes
	}
	if err != nil {
		return err
	}
	task.DueHeight = ctx.BlockHeight() + putOffBlocks
	if err := k.tasks.Set(ctx, at, task); err != nil {
		return err
	}
	return k.due.Set(ctx, collections.Join3(task.DueHeight, key.K2(), key.K3()))
}
