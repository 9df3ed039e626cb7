package keeper

import (
	"context"
	"fmt"
	gomath "math"

	"cosmossdk.io/collections"
	"cosmossdk.io/math"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/thetaedge/theta/x/compute/round"
	"github.com/thetaedge/theta/x/compute/types"
	edgenodetypes "github.com/thetaedge/theta/x/edgenode/types"
)

// InvariantResult contains a rule about the module's money, and the error if the rule is
// broken.
type InvariantResult struct {
	Name string
	Err  error
}

// CheckInvariants checks, after a block, that the escrow account holds exactly the amount
// that is owed, and that nodes have locked exactly the amount that their open work requires.
// It walks all jobs and assignments. Tests, devnets and queries call it; blocks never do.
func (k *Keeper) CheckInvariants(ctx context.Context) []InvariantResult {
	return []InvariantResult{
		{Name: "escrow", Err: k.checkEscrow(ctx)},
		{Name: "grants", Err: k.checkGrants(ctx)},
		{Name: "exposure", Err: k.checkExposure(ctx)},
		{Name: "tasks", Err: k.checkChunks(ctx)},
		{Name: "indexes", Err: k.checkIndexes(ctx)},
		{Name: "challenges", Err: k.checkChallenges(ctx)},
		{Name: "redeliveries", Err: k.checkRedeliveries(ctx)},
		{Name: "energy", Err: k.checkEnergy(ctx)},
	}
}

// pledged returns the amount that convictions have set aside for judges.
func (k *Keeper) pledged(ctx context.Context) (sdk.Coins, error) {
	params, err := k.nodes.Params(ctx)
	if err != nil {
		return nil, err
	}
	sum := math.ZeroInt()
	err = k.challenges.Walk(ctx, nil, func(_ taskKey, c types.Challenge) (bool, error) {
		sum = sum.Add(c.Pledged)
		return false, nil
	})
	return sdk.NewCoins(sdk.NewCoin(params.BondDenom, sum)), err
}

// checkEscrow checks, in every denom, that balance = reserved by jobs + unclaimed earnings +
// shares not yet moved + pledged to judges + deposits and held pay of grants.
func (k *Keeper) checkEscrow(ctx context.Context) error {
	owed := sdk.NewCoins()
	err := k.jobs.Walk(ctx, nil, func(id types.JobID, job types.Job) (bool, error) {
		if job.Reserved.IsNegative() {
			return true, fmt.Errorf("job %s has reserved %s", id, job.Reserved)
		}
		if job.Ended() && job.Reserved.IsPositive() {
			return true, fmt.Errorf("job %s is %s and still has %s reserved", id, job.Status, job.Reserved)
		}
		if job.Reserved.IsPositive() {
			owed = owed.Add(sdk.NewCoin(job.Reward.Denom, job.Reserved))
		}
		return false, nil
	})
	if err != nil {
		return err
	}
	earned, err := k.rewards.EarningsTotal(ctx)
	if err != nil {
		return err
	}
	pending, err := k.rewards.PendingTotal(ctx)
	if err != nil {
		return err
	}
	pledged, err := k.pledged(ctx)
	if err != nil {
		return err
	}
	grants, err := k.rewards.GrantsTotal(ctx)
	if err != nil {
		return err
	}
	owed = owed.Add(grants...).Add(earned...).Add(pending...).Add(pledged...)
	if held := k.bank.GetAllBalances(ctx, k.escrow); !held.Equal(owed) {
		return fmt.Errorf("escrow holds %s and owes %s", held, owed)
	}
	return nil
}

// checkGrants checks that each grant counts as outstanding what its jobs encumber.
func (k *Keeper) checkGrants(ctx context.Context) error {
	left, err := k.rewards.GrantsOutstanding(ctx)
	if err != nil {
		return err
	}
	err = k.jobs.Walk(ctx, nil, func(id types.JobID, job types.Job) (bool, error) {
		if job.Grant == nil {
			return false, nil
		}
		if job.Challenged != nil {
			return true, fmt.Errorf("job %s judges a challenge, and grant %d pays for it", id, job.Grant.Id)
		}
		sum, is := left[job.Grant.Id]
		if !is {
			return true, fmt.Errorf("job %s is paid by grant %d, which is not there", id, job.Grant.Id)
		}
		left[job.Grant.Id] = sum.Sub(job.EncumbranceOf(job.Tasks - job.TasksEnded))
		return false, nil
	})
	if err != nil {
		return err
	}
	for id := uint64(1); id <= uint64(len(left)); id++ {
		if sum := left[id]; !sum.IsZero() {
			return fmt.Errorf("grant %d counts %s as outstanding beyond what its jobs encumber", id, sum)
		}
	}
	return nil
}

// exposure is what a node has at stake in work that has not ended.
type exposure struct {
	// locked is the locked part of the node's bond, in units of the bond denom.
	locked math.Int
	slots  uint32
}

// exposures contains the exposure of each node that has one, and the number of parts of tasks
// from which they come.
type exposures struct {
	of    map[string]exposure
	parts uint64
}

// addParts adds what the parts of a task lock. It returns an error if a part does not lock
// anything, or more than the liability of its chunk, or if that is more than the job's.
func (e *exposures) addParts(job *types.Job, task *types.Chunk) error {
	if l := task.Liability; !l.IsPositive() || l.GT(job.Liability) {
		return fmt.Errorf("task %d of job %s: liability: expected 1 to %s, found %s", task.Index, job.Id, job.Liability, l)
	}
	for _, a := range round.PartsOf(task) {
		if !a.Locked.IsPositive() || a.Locked.GT(task.Liability) {
			return fmt.Errorf("task %d of job %s: part of %s: expected a lock of 1 to %s, found %s",
				task.Index, job.Id, a.Operator, task.Liability, a.Locked)
		}
		e.add(a.Operator, a.Locked, 1)
	}
	return nil
}

func (e *exposures) add(operator string, locked math.Int, slots uint32) {
	sum := e.of[operator]
	if sum.locked.IsNil() {
		sum.locked = math.ZeroInt()
	}
	e.of[operator] = exposure{locked: sum.locked.Add(locked), slots: sum.slots + slots}
	e.parts += uint64(slots)
}

// take removes and returns the exposure of a node. Most nodes do not have one.
func (e *exposures) take(operator string) exposure {
	sum, ok := e.of[operator]
	if !ok {
		return exposure{locked: math.ZeroInt()}
	}
	delete(e.of, operator)
	return sum
}

// checkExposure checks that the bond and slots that each node has locked are those that its
// assignments, its reports and the challenges of its results lock, and that the node is
// listed with exactly these assignments. It also checks nodes without assignments, because a
// lock without a cause would never be returned.
func (k *Keeper) checkExposure(ctx context.Context) error {
	all, err := k.exposures(ctx)
	if err != nil {
		return err
	}
	err = k.walkAllNodes(ctx, func(node edgenodetypes.Node) error {
		text := node.Profile.Operator
		want := all.take(text)
		if open := node.State.Locked.Sub(node.State.Held()); !open.Equal(want.locked) || node.State.UsedSlots != want.slots {
			return fmt.Errorf("node %s has locked %s in %d slots beside what is held, its assignments and challenges lock %s in %d",
				text, open, node.State.UsedSlots, want.locked, want.slots)
		}
		return nil
	})
	if err != nil {
		return err
	}
	if n := len(all.of); n > 0 {
		return fmt.Errorf("%d operators have assignments or challenges that lock bond, and no node", n)
	}
	return k.checkListed(ctx, all.parts)
}

// walkAllNodes calls show for every node, ordered by operator.
func (k *Keeper) walkAllNodes(ctx context.Context, show func(edgenodetypes.Node) error) error {
	_, _, err := k.nodes.WalkNodes(ctx, gomath.MaxInt, show)
	return err
}

// exposures adds up what assignments, candidates, reports and challenges lock. A node for
// which a report or a challenge locks nothing may have been removed.
func (k *Keeper) exposures(ctx context.Context) (exposures, error) {
	all := exposures{of: map[string]exposure{}}
	err := k.chunks.Walk(ctx, nil, func(key taskKey, task types.Chunk) (bool, error) {
		job, err := k.jobs.Get(ctx, key.K1())
		if err != nil {
			return true, err
		}
		task.CompleteLocks(&job)
		if err := all.addParts(&job, &task); err != nil {
			return true, err
		}
		for i := range task.Rounds {
			for _, r := range task.Rounds[i].Reports {
				if r.Pledged.IsPositive() {
					all.add(r.Operator, r.Pledged, 0)
				}
			}
		}
		return false, nil
	})
	if err != nil {
		return all, err
	}
	err = k.challenges.Walk(ctx, nil, func(_ taskKey, c types.Challenge) (bool, error) {
		for _, d := range c.Defendants {
			if d.Locked.IsPositive() {
				all.add(d.Operator, d.Locked, 0)
			}
		}
		return false, nil
	})
	return all, err
}

// checkChallenges checks that a challenge counts the jobs that judge it, that a challenge
// without such jobs exists only if it has convicted, and that a node counts the challenges of
// its results.
func (k *Keeper) checkChallenges(ctx context.Context) error {
	type judged struct {
		job  string
		task uint64
	}
	type count struct {
		jobs  uint32
		tasks uint64
	}
	judging := map[judged]count{}
	err := k.jobs.Walk(ctx, nil, func(_ types.JobID, job types.Job) (bool, error) {
		if job.Challenged != nil && job.TasksEnded < job.Tasks {
			of := judged{job.Challenged.JobId, job.Challenged.Chunk}
			judging[of] = count{judging[of].jobs + 1, judging[of].tasks + job.Challenged.Count}
		}
		return false, nil
	})
	if err != nil {
		return err
	}
	contests := map[string]uint32{}
	err = k.challenges.Walk(ctx, nil, func(_ taskKey, c types.Challenge) (bool, error) {
		for _, d := range c.Defendants {
			if !c.Convicted {
				contests[d.Operator]++
			}
		}
		of := judged{c.JobId, c.Task}
		if n := (count{c.Judging, c.JudgedTasks}); n != judging[of] || c.Judging == 0 && !c.Convicted {
			return true, fmt.Errorf("challenge of task %d of job %s counts %d jobs that judge it, with %d tasks, there are %d with %d",
				c.Task, c.JobId, n.jobs, n.tasks, judging[of].jobs, judging[of].tasks)
		}
		delete(judging, of)
		return false, nil
	})
	if err == nil && len(judging) > 0 {
		err = fmt.Errorf("%d challenges are judged and not recorded", len(judging))
	}
	if err != nil {
		return err
	}
	// Compare with the challenges that the nodes count. A defendant may have been removed.
	return k.walkAllNodes(ctx, func(node edgenodetypes.Node) error {
		if text := node.Profile.Operator; node.State.Contests != contests[text] {
			return fmt.Errorf("node %s counts %d challenges of its results, there are %d", text, node.State.Contests, contests[text])
		}
		return nil
	})
}

// checkChunks checks that a task has a record exactly while it is open, that it is queued,
// that escrow holds the reserves of all tasks that have not ended, and that markets count
// these tasks.
func (k *Keeper) checkChunks(ctx context.Context) error {
	markets := map[string]types.Market{}
	err := k.jobs.Walk(ctx, nil, func(id types.JobID, job types.Job) (bool, error) {
		market := markets[job.Class]
		market.OpenTasks += job.Tasks - job.TasksEnded
		var open chunkCounts
		rng := collections.NewPrefixedPairRange[types.JobID, uint64](id)
		err := k.chunks.Walk(ctx, rng, func(_ taskKey, task types.Chunk) (bool, error) {
			if err := open.count(&task); err != nil {
				return true, fmt.Errorf("job %s: %w", id, err)
			}
			for i := range task.Rounds {
				market.Held += uint64(len(task.Rounds[i].Replicas))
			}
			err := k.checkChunk(ctx, id, &job, &task)
			return err != nil, err
		})
		markets[job.Class] = market
		if err == nil {
			err = checkCounts(&job, open)
		}
		return err != nil, err
	})
	if err != nil {
		return err
	}
	return k.markets.Walk(ctx, nil, func(class string, market types.Market) (bool, error) {
		if want := markets[class]; market.OpenTasks != want.OpenTasks || market.Held != want.Held {
			return true, fmt.Errorf("market %s counts %d open tasks and %d replicas, there are %d and %d",
				class, market.OpenTasks, market.Held, want.OpenTasks, want.Held)
		}
		return false, nil
	})
}

// chunkCounts counts the open chunks of a job.
type chunkCounts struct {
	chunks, waiting, tasks uint64
	// end is the first task after the last chunk that was counted.
	end uint64
}

// count counts the next chunk of a job. It returns an error if the chunk has no tasks, or
// tasks of the chunk before it.
func (c *chunkCounts) count(chunk *types.Chunk) error {
	if chunk.Count == 0 || chunk.Index < c.end {
		return fmt.Errorf("chunk of %d tasks from %d on: the chunk before it ends with task %d", chunk.Count, chunk.Index, c.end)
	}
	c.chunks++
	c.tasks += chunk.Count
	c.end = chunk.Index + chunk.Count
	if chunk.Status == types.CHUNK_STATUS_OPEN {
		c.waiting++
	}
	return nil
}

// checkChunk checks that a task is only in the queue where it belongs, and that it is on the
// list of its draw exactly while it draws.
func (k *Keeper) checkChunk(ctx context.Context, id types.JobID, job *types.Job, task *types.Chunk) error {
	want := round.TracesOf(job, *task)
	for _, urgent := range []bool{true, false} {
		queued, err := k.queue(urgent).Has(ctx, collections.Join3(task.DueHeight, id, task.Index))
		if err != nil {
			return err
		}
		if queued != (urgent == want.Urgent) {
			return fmt.Errorf("task %d of job %s: urgent: %t; queued where urgent is %t: %t", task.Index, id, want.Urgent, urgent, queued)
		}
	}
	for _, list := range []round.List{round.ListedCall, round.ListedDraw} {
		listed, err := k.drawsOn(list).Has(ctx, collections.Join4(want.Board, want.Pinned, id, task.Index))
		if err != nil {
			return err
		}
		if listed != (list == want.Listed) {
			return fmt.Errorf("task %d of job %s: draws on list %d, pinned at height %d; is on list %d: %t",
				task.Index, id, want.Listed, want.Pinned, list, listed)
		}
	}
	if err := k.checkHolders(ctx, id, task.Index, want.Holders); err != nil {
		return err
	}
	switch {
	case task.Index+task.Count > job.TasksOpened:
		return fmt.Errorf("task %d of job %s is there, and %d are open", task.Index, id, job.TasksOpened)
	case task.DrawFees.GT(job.DrawReserve(task.Count)):
		return fmt.Errorf("task %d of job %s: its draws have cost %s, it has set aside %s", task.Index, id, task.DrawFees, job.DrawReserve(task.Count))
	default:
		return nil
	}
}

// checkIndexes checks that queues and lists of draws have as many entries as there are tasks,
// jobs and draws that belong there. Together with checkChunk, this shows that each of them is
// listed exactly once.
func (k *Keeper) checkIndexes(ctx context.Context) error {
	tasks, draws := 0, 0
	err := k.chunks.Walk(ctx, nil, func(_ taskKey, task types.Chunk) (bool, error) {
		tasks++
		if task.Rounds[len(task.Rounds)-1].Draw != nil {
			draws++
		}
		return false, nil
	})
	if err != nil {
		return err
	}
	err = k.jobs.Walk(ctx, nil, func(_ types.JobID, job types.Job) (bool, error) {
		if job.DueHeight != 0 {
			tasks++
		}
		return false, nil
	})
	if err != nil {
		return err
	}
	queued, err := entries(ctx, k.urgent, k.due)
	if err != nil {
		return err
	}
	listed, err := entries(ctx, k.calls, k.draws)
	if err != nil {
		return err
	}
	if queued != tasks || listed != draws {
		return fmt.Errorf("%d tasks and jobs are due, %d are queued; %d tasks draw, %d are listed", tasks, queued, draws, listed)
	}
	return nil
}

// entries counts the entries of some sets.
func entries[K any](ctx context.Context, sets ...collections.KeySet[K]) (int, error) {
	n := 0
	for _, set := range sets {
		if err := set.Walk(ctx, nil, func(K) (bool, error) {
			n++
			return false, nil
		}); err != nil {
			return 0, err
		}
	}
	return n, nil
}

// checkHolders checks that a task is listed under each operator that holds a part of it.
func (k *Keeper) checkHolders(ctx context.Context, id types.JobID, index uint64, holders []string) error {
	for _, operator := range holders {
		key, err := k.heldKey(operator, id, index)
		if err != nil {
			return err
		}
		listed, err := k.held.Has(ctx, key)
		if err != nil {
			return err
		}
		if !listed {
			return fmt.Errorf("task %d of job %s is not listed under %s, who holds a part of it", index, id, operator)
		}
	}
	return nil
}

// checkListed checks that no operator is listed with a task of which it does not hold a part.
func (k *Keeper) checkListed(ctx context.Context, parts uint64) error {
	listed := uint64(0)
	err := k.held.Walk(ctx, nil, func(heldKey) (bool, error) {
		listed++
		return false, nil
	})
	if err == nil && listed != parts {
		err = fmt.Errorf("%d parts of tasks are held, %d are listed", parts, listed)
	}
	return err
}

func checkCounts(job *types.Job, open chunkCounts) error {
	owed := job.TaskReserve.Mul(math.NewIntFromUint64(job.Tasks - job.TasksEnded))
	switch {
	case job.Active() != open.tasks || job.ChunksOpen != open.chunks || job.ChunksWaiting != open.waiting:
		return fmt.Errorf("job %s counts %d active tasks in %d chunks, of which %d wait; there are %d in %d, of which %d wait",
			job.Id, job.Active(), job.ChunksOpen, job.ChunksWaiting, open.tasks, open.chunks, open.waiting)
	case job.Reserved.LT(owed):
		return fmt.Errorf("job %s has %s reserved, its tasks may still spend %s", job.Id, job.Reserved, owed)
	case !job.Ended() && job.TasksEnded == job.Tasks && job.DueHeight == 0:
		return fmt.Errorf("job %s has ended and is not closed", job.Id)
	case !job.Ended() && job.Pending() > 0 && job.DueHeight == 0:
		return fmt.Errorf("job %s has %d tasks to open and is not queued", job.Id, job.Pending())
	default:
		return nil
	}
}
