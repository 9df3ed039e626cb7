package bench

import (
	"fmt"
	"slices"

	sdk "github.com/cosmos/cosmos-sdk/types"

	computekeeper "github.com/thetaedge/theta/x/compute/keeper"
	computetypes "github.com/thetaedge/theta/x/compute/types"
)

const (
	// arrayTasks is more tasks than any run completes.
	arrayTasks = 100_000
	// growing is the number of steps until an array's window is full: it starts with four
	// open tasks and has about twice as many after each step.
	growing = 12
)

// arrayJob is the only job of a flow of an array. The chain unrolls its tasks, as many as
// earlier ones have made room for.
type arrayJob struct {
	id        computetypes.JobID
	requester *account
	// opened counts the tasks that are under way or done; accepted counts those that are
	// done.
	opened, accepted uint64
}

// opening is a task that the chain has unrolled, with the height for whose seed it waits.
type opening struct {
	task *task
	seed int64
}

// opened returns the tasks that the chain has unrolled since the last call.
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
		found, err := query.Chunk(ctx, &computetypes.QueryChunkRequest{JobId: job.Id, Task: p.array.opened})
		if err != nil {
			return nil, err
		}
		draw := found.Chunk.Rounds[0].Draw
		if draw == nil {
			return nil, fmt.Errorf("expected task %d of job %s to draw, found %v", p.array.opened, job.Id, found.Chunk)
		}
		out = append(out, opening{task: &task{id: p.array.id, index: p.array.opened}, seed: draw.SeedHeight})
	}
	return out, nil
}

// seedHeights returns the heights for which openings wait, each once, in order.
func seedHeights(openings []opening) []int64 {
	var heights []int64
	for _, o := range openings {
		heights = append(heights, o.seed)
	}
	slices.Sort(heights)
	return slices.Compact(heights)
}

// cancel cancels the rest of the array, so that it does not take time in later flows.
func (p *pipeline) cancel() error {
	// It ends each open task of the window, which costs the fee of its draw.
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

// postArray signs the transaction that posts the array, in its first step.
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
