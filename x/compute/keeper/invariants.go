package keeper

import (
	"context"
	"errors"
	"fmt"

	"cosmossdk.io/collections"
	"cosmossdk.io/math"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/thetaedge/theta/x/compute/types"
	edgenodetypes "github.com/thetaedge/theta/x/edgenode/types"
)

// InvariantResult is a rule of the module's money and what breaks it, if
// anything does.
type InvariantResult struct {
	Name string
	Err  error
}

// CheckInvariants checks, after a block, that the escrow account holds exactly
// what is owed and that nodes have locked exactly what is open. It walks all
// jobs and assignments: tests and devnets call it, blocks never do.
func (k *Keeper) CheckInvariants(ctx context.Context) []InvariantResult {
	return []InvariantResult{
		{Name: "escrow", Err: k.checkEscrow(ctx)},
		{Name: "exposure", Err: k.checkExposure(ctx)},
		{Name: "tasks", Err: k.checkTasks(ctx)},
		{Name: "challenges", Err: k.checkChallenges(ctx)},
	}
}

// pledged returns what convictions have set aside for judges.
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

// checkEscrow: balance = reserved by jobs + earned and not claimed + shares not
// yet moved + pledged to judges, in every denom.
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
	owed = owed.Add(earned...).Add(pending...).Add(pledged...)
	if held := k.bank.GetAllBalances(ctx, k.escrow); !held.Equal(owed) {
		return fmt.Errorf("escrow holds %s and owes %s", held, owed)
	}
	return nil
}

// checkExposure: what each node has locked, in bond and in slots, is what its
// assignments lock.
func (k *Keeper) checkExposure(ctx context.Context) error {
	contested, defendants, err := k.contested(ctx)
	if err != nil {
		return err
	}
	var operator sdk.AccAddress
	locked, slots := math.ZeroInt(), uint32(0)
	compare := func() error {
		if operator == nil {
			return nil
		}
		node, err := k.nodes.Node(ctx, operator)
		if err != nil {
			return err
		}
		if more, ok := contested[node.Profile.Operator]; ok {
			locked = locked.Add(more)
			delete(contested, node.Profile.Operator)
		}
		if open := node.State.Locked.Sub(node.State.Held()); !open.Equal(locked) || node.State.UsedSlots != slots {
			return fmt.Errorf("node %s has locked %s in %d slots beside what is held, its assignments and challenges lock %s in %d",
				node.Profile.Operator, open, node.State.UsedSlots, locked, slots)
		}
		return nil
	}
	err = k.assignments.Walk(ctx, nil, func(key assignmentKey, a types.Assignment) (bool, error) {
		if !operator.Equals(key.K1()) {
			if err := compare(); err != nil {
				return true, err
			}
			operator, locked, slots = key.K1(), math.ZeroInt(), 0
		}
		locked, slots = locked.Add(a.Liability), slots+1
		return false, nil
	})
	if err != nil {
		return err
	}
	if err := compare(); err != nil {
		return err
	}
	for _, text := range defendants {
		if _, left := contested[text]; !left {
			continue // it holds assignments, and was compared with them
		}
		if operator, err = k.addresses.StringToBytes(text); err != nil {
			return err
		}
		locked, slots = math.ZeroInt(), 0
		if err := compare(); err != nil {
			return err
		}
	}
	return nil
}

// contested returns what challenges lock, in the bond denom, by operator, and these
// in order. A defendant who has nothing locked may be gone.
func (k *Keeper) contested(ctx context.Context) (sums map[string]math.Int, operators []string, err error) {
	sums = map[string]math.Int{}
	err = k.challenges.Walk(ctx, nil, func(_ taskKey, c types.Challenge) (bool, error) {
		for _, d := range c.Defendants {
			if d.Locked.IsZero() {
				continue
			}
			if sum, ok := sums[d.Operator]; ok {
				d.Locked = d.Locked.Add(sum)
			} else {
				operators = append(operators, d.Operator)
			}
			sums[d.Operator] = d.Locked
		}
		return false, nil
	})
	return sums, operators, err
}

// checkChallenges: a challenge counts the jobs that judge it, and is gone without
// any unless it has convicted; a node counts the challenges of its results.
func (k *Keeper) checkChallenges(ctx context.Context) error {
	judging := map[types.ChallengedTask]uint32{}
	err := k.jobs.Walk(ctx, nil, func(_ types.JobID, job types.Job) (bool, error) {
		if job.Challenged != nil && job.TasksEnded < job.Tasks {
			judging[*job.Challenged]++
		}
		return false, nil
	})
	if err != nil {
		return err
	}
	contests := map[string]uint32{}
	var defendants []string
	err = k.challenges.Walk(ctx, nil, func(_ taskKey, c types.Challenge) (bool, error) {
		for _, d := range c.Defendants {
			if contests[d.Operator] == 0 {
				defendants = append(defendants, d.Operator)
			}
			if !c.Convicted {
				contests[d.Operator]++
			}
		}
		of := types.ChallengedTask{JobId: c.JobId, Task: c.Task}
		if c.Judging != judging[of] || c.Judging == 0 && !c.Convicted {
			return true, fmt.Errorf("challenge of task %d of job %s counts %d jobs that judge it, there are %d", c.Task, c.JobId, c.Judging, judging[of])
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
	return k.checkContests(ctx, defendants, contests)
}

// checkContests compares what nodes count of the challenges of their results.
func (k *Keeper) checkContests(ctx context.Context, defendants []string, contests map[string]uint32) error {
	for _, text := range defendants {
		operator, err := k.addresses.StringToBytes(text)
		if err != nil {
			return err
		}
		node, err := k.nodes.Node(ctx, operator)
		if errors.Is(err, edgenodetypes.ErrNodeNotFound) {
			continue
		}
		if err != nil {
			return err
		}
		if node.State.Contests != contests[text] {
			return fmt.Errorf("node %s counts %d challenges of its results, there are %d", text, node.State.Contests, contests[text])
		}
	}
	return nil
}

// checkTasks: a task is there exactly while it is open, and is queued; escrow holds
// the reserves of all tasks that have not ended; markets count them.
func (k *Keeper) checkTasks(ctx context.Context) error {
	markets := map[string]types.Market{}
	err := k.jobs.Walk(ctx, nil, func(id types.JobID, job types.Job) (bool, error) {
		market := markets[job.Class]
		market.OpenTasks += job.Tasks - job.TasksEnded
		active, waiting := uint64(0), uint64(0)
		rng := collections.NewPrefixedPairRange[types.JobID, uint64](id)
		err := k.tasks.Walk(ctx, rng, func(_ taskKey, task types.Task) (bool, error) {
			active++
			if task.Status == types.TASK_STATUS_OPEN {
				waiting++
			}
			for i := range task.Rounds {
				market.Held += uint64(len(task.Rounds[i].Replicas))
			}
			err := k.checkTask(ctx, id, &job, &task)
			return err != nil, err
		})
		markets[job.Class] = market
		if err == nil {
			err = checkCounts(&job, active, waiting)
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

// checkTask: a task is queued, and listed exactly while it draws.
func (k *Keeper) checkTask(ctx context.Context, id types.JobID, job *types.Job, task *types.Task) error {
	queued, err := k.due.Has(ctx, collections.Join3(task.DueHeight, id, task.Index))
	if err != nil {
		return err
	}
	listed, err := k.openDraws.Has(ctx, collections.Join3(job.Class, id, task.Index))
	if err != nil {
		return err
	}
	drawing := task.Rounds[len(task.Rounds)-1].Draw != nil
	switch {
	case !queued:
		return fmt.Errorf("task %d of job %s is not queued", task.Index, id)
	case listed != drawing:
		return fmt.Errorf("task %d of job %s: listed as drawing: %t, draws: %t", task.Index, id, listed, drawing)
	case task.Index >= job.TasksOpened:
		return fmt.Errorf("task %d of job %s is there, and %d are open", task.Index, id, job.TasksOpened)
	default:
		return nil
	}
}

func checkCounts(job *types.Job, active, waiting uint64) error {
	owed := job.TaskReserve.Mul(math.NewIntFromUint64(job.Tasks - job.TasksEnded))
	switch {
	case job.Active() != active || job.TasksWaiting != waiting:
		return fmt.Errorf("job %s counts %d active tasks, of which %d wait; there are %d and %d",
			job.Id, job.Active(), job.TasksWaiting, active, waiting)
	case job.Reserved.LT(owed):
		return fmt.Errorf("job %s has %s reserved, its tasks may still spend %s", job.Id, job.Reserved, owed)
	case !job.Ended() && job.TasksEnded == job.Tasks && job.DueHeight == 0:
		return fmt.Errorf("job %s has ended and is not closed", job.Id)
	case !job.Ended() && job.Unopened() > 0 && job.DueHeight == 0:
		return fmt.Errorf("job %s has %d tasks to open and is not queued", job.Id, job.Unopened())
	default:
		return nil
	}
}
