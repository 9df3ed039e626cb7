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

// firstPollBlocks is how soon a task looks for the seed of a draw: when those that
// come in the ordinary course of things are there. Claims look by themselves, and
// each look of the queue is three writes.
const firstPollBlocks = 6

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
	if w.job.Cancelled && w.cancellable() {
		return true, w.abandon(types.TASK_STATUS_CANCELLED)
	}
	switch w.round().Phase {
	case types.ROUND_PHASE_COMMIT:
		return w.stepCommit()
	case types.ROUND_PHASE_AUDIT:
		return w.decideAudit()
	case types.ROUND_PHASE_REVEAL:
		return w.concludeRound()
	case types.ROUND_PHASE_REVIEW:
		return w.closeReview()
	case types.ROUND_PHASE_UNSPECIFIED, types.ROUND_PHASE_CLOSED:
	}
	return false, nil // a current round is open
}

// stepCommit applies the first transition that is due of a round that draws nodes
// or waits for their commitments.
func (w *work) stepCommit() (bool, error) {
	for _, transition := range []func() (bool, error){
		w.openClaims, w.closeDraw, w.dropMissed, w.fillSlots, w.closeCommits,
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
	switch round.Phase {
	case types.ROUND_PHASE_AUDIT:
		return w.nextPoll(round.AuditSeedHeight)
	case types.ROUND_PHASE_REVEAL:
		return round.RevealDeadline + 1
	case types.ROUND_PHASE_REVIEW:
		return round.ReviewDeadline + 1
	case types.ROUND_PHASE_UNSPECIFIED, types.ROUND_PHASE_COMMIT, types.ROUND_PHASE_CLOSED:
	}
	return w.nextCommitDue(round)
}

// nextCommitDue returns the height at which a round that draws nodes or waits for
// their commitments may advance.
func (w *work) nextCommitDue(round *types.Round) int64 {
	var due int64
	earliest := func(height int64) {
		if due == 0 || height < due {
			due = height
		}
	}
	if round.NextDeadline != 0 {
		earliest(round.NextDeadline + 1)
	}
	if round.ResumeHeight != 0 {
		earliest(w.resumes(round))
	}
	if d := round.Draw; d != nil {
		switch {
		case d.CloseHeight != 0:
			earliest(d.CloseHeight)
		default:
			earliest(max(d.SeedHeight+firstPollBlocks, w.nextPoll(d.SeedHeight)))
		}
	}
	return max(due, w.height()+1)
}

// resumes returns the height at which a pause between draws ends, or the time in which
// nodes are drawn.
func (w *work) resumes(round *types.Round) int64 {
	if w.drawsReplicas() && round.WaitUntil != 0 {
		return min(round.ResumeHeight, round.WaitUntil+1)
	}
	return round.ResumeHeight
}

// nextPoll returns the height at which to look again for a seed.
func (w *work) nextPoll(pinned int64) int64 {
	return max(w.height(), pinned) + seedPollBlocks + max(0, w.height()-pinned)/8
}

// EndBlock advances what is due, folds what the block has changed of jobs, and
// prunes what has been kept for long enough.
func (k *Keeper) EndBlock(ctx sdk.Context) error {
	params, err := k.params.Get(ctx)
	if err != nil {
		return err
	}
	if err := k.advanceDue(ctx, params); err != nil {
		return err
	}
	if err := k.fold(ctx, params); err != nil {
		return err
	}
	return k.prune(ctx, params)
}

// advanceDue advances the oldest due tasks and jobs, and does at most queue_limit
// things. Tasks in which somebody has something at stake, and draws of judges and
// auditors, come before all else; a tenth of the limit is left to that.
func (k *Keeper) advanceDue(ctx sdk.Context, params types.Params) error {
	limit := int(params.QueueLimit)
	done, changes, err := k.advanceQueue(ctx, params, true, limit-limit/10)
	if err != nil {
		return err
	}
	_, others, err := k.advanceQueue(ctx, params, false, limit-done)
	if err != nil {
		return err
	}
	emitSweep(ctx, append(changes, others...))
	return nil
}

// advanceQueue advances what is due of a queue, oldest first, and does at most limit
// things. It returns how many it did and what that changed. An entry that fails is put
// off, so that it holds up nobody.
func (k *Keeper) advanceQueue(ctx sdk.Context, params types.Params, urgent bool, limit int) (int, []types.TaskChange, error) {
	keys, err := firstKeys(ctx, k.queue(urgent), collections.Join3(ctx.BlockHeight()+1, types.JobID{}, uint64(0)), limit)
	if err != nil {
		return 0, nil, err
	}
	total := 0
	var changes []types.TaskChange
	for _, key := range keys {
		if total >= limit {
			break
		}
		done, changed, ok := k.advanceEntry(ctx, params, key, limit-total)
		if !ok {
			k.isolated(ctx, "putting off "+key.K2().String(), func(ctx sdk.Context) error {
				return k.putOff(ctx, urgent, key)
			})
		}
		total += done
		changes = append(changes, changed...)
	}
	return total, changes, nil
}

// advanceEntry advances one entry of the queue. It returns how much it did and
// what that changed; not ok when it failed and left no trace.
func (k *Keeper) advanceEntry(ctx sdk.Context, params types.Params, key dueKey, limit int) (done int, changes []types.TaskChange, ok bool) {
	id, index := key.K2(), key.K3()
	if index == types.JobEntry {
		ok = k.isolated(ctx, "job "+id.String(), func(ctx sdk.Context) error {
			var err error
			done, changes, err = k.advanceJob(ctx, params, id, limit)
			return err
		})
	} else {
		ok = k.isolated(ctx, "task of job "+id.String(), func(ctx sdk.Context) error {
			w, err := k.loadStored(ctx, params, id, index)
			if err != nil {
				return err
			}
			if err := w.advance(); err != nil {
				return err
			}
			changes = w.changes
			return k.save(w)
		})
	}
	if !ok {
		return 1, nil, false
	}
	return max(1, done), changes, true
}

// emitSweep tells what happened to tasks outside of their workers' batches.
func emitSweep(ctx sdk.Context, changes []types.TaskChange) {
	if len(changes) == 0 {
		return
	}
	ctx.EventManager().EmitEvent((&types.EventSweep{Changes: changes}).Encode())
}

// putOffBlocks is how long a task that fails to advance rests.
const putOffBlocks = 100

func (k *Keeper) putOff(ctx sdk.Context, urgent bool, key dueKey) error {
	if err := k.queue(urgent).Remove(ctx, key); err != nil {
		return err
	}
	id, index, height := key.K2(), key.K3(), ctx.BlockHeight()+putOffBlocks
	if index == types.JobEntry {
		job, err := k.jobs.Get(ctx, id)
		if errors.Is(err, collections.ErrNotFound) {
			return nil // nothing is left to advance: the entry goes
		}
		if err != nil {
			return err
		}
		job.DueHeight = height
		if err := k.jobs.Set(ctx, id, job); err != nil {
			return err
		}
		return k.due.Set(ctx, collections.Join3(height, id, index))
	}
	task, err := k.tasks.Get(ctx, collections.Join(id, index))
	if errors.Is(err, collections.ErrNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	task.DueHeight = height
	if err := k.tasks.Set(ctx, collections.Join(id, index), task); err != nil {
		return err
	}
	return k.queue(urgent).Set(ctx, collections.Join3(height, id, index))
}
