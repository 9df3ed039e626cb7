package bench

import (
	"fmt"
	"slices"

	sdk "github.com/cosmos/cosmos-sdk/types"

	computekeeper "github.com/thetaedge/theta/x/compute/keeper"
	computetypes "github.com/thetaedge/theta/x/compute/types"
)

const (
	// arrayTasks is more than any run gets through.
	arrayTasks = 100_000
	// growing is how many steps an array takes until its window is full: it starts
	// with four open tasks and has about twice as many with each step.
	growing = 12
)

// arrayJob is the one job of a flow of an array. The chain opens its tasks, as many
// as earlier ones have made room for.
type arrayJob struct {
	id        computetypes.JobID
	requester *account
	// opened counts the tasks that are on their way or done, accepted those done.
	opened, accepted uint64
}

// opening is a task that the chain has opened, with the height whose seed it
// awaits.
type opening struct {
	task *task
	seed int64
}

// opened returns the tasks that the chain has opened since it was last asked.
func (p *pipeline) opened() ([]opening, error) {
	ctx, err := p.ctx()
	if err != nil {
		return nil, err
	}
	job, err := p.app.ComputeKeeper.Job(ctx, p.array.id)
	if err != nil {
		return nil, err
	}
	var out []opening
	query := computekeeper.NewQueryServer(p.app.ComputeKeeper)
	for ; p.array.opened < job.TasksOpened; p.array.opened++ {
		found, err := query.Task(ctx, &computetypes.QueryTaskRequest{JobId: job.Id, Task: p.array.opened})
		if err != nil {
			return nil, err
		}
		draw := found.Task.Rounds[0].Draw
		if draw == nil {
			return nil, fmt.Errorf("expected task %d of job %s to draw, found %v", p.array.opened, job.Id, found.Task)
		}
		out = append(out, opening{task: &task{id: p.array.id, index: p.array.opened}, seed: draw.SeedHeight})
	}
	return out, nil
}

// seedHeights returns the heights that openings await, each once, in order.
func seedHeights(openings []opening) []int64 {
	var heights []int64
	for _, o := range openings {
		heights = append(heights, o.seed)
	}
	slices.Sort(heights)
	return slices.Compact(heights)
}

// cancel ends what is left of the array, so that it takes no time of later flows.
func (p *pipeline) cancel() error {
	// It ends each open task of the window, with what its draw costs.
	tx, err := p.array.requester.sign(2*singleGas, &computetypes.MsgCancelJob{
		Requester: p.array.requester.text, JobId: p.array.id.String(),
	})
	if err != nil {
		return err
	}
	response, _, err := p.profiled([][]byte{tx})
	if err != nil {
		return err
	}
	if result := response.TxResults[0]; result.Code != 0 {
		return fmt.Errorf("job %s was not cancelled: %s", p.array.id, result.Log)
	}
	return nil
}

// postArray signs the transaction that posts the array, with its first step.
func (p *pipeline) postArray() ([][]byte, error) {
	if p.array != nil {
		return nil, nil
	}
	requester := p.people.person()
	p.array = &arrayJob{requester: requester}
	tx, err := requester.sign(batchGas, []sdk.Msg{
		&computetypes.MsgPostJob{Requester: requester.text, Spec: spec(p.flow, arrayTasks)},
	}...)
	return [][]byte{tx}, err
}
