package rate

import (
	"context"
	"fmt"
	"io"
	"maps"
	"slices"
	"time"

	abci "github.com/cometbft/cometbft/abci/types"
	"github.com/cosmos/gogoproto/proto"
	"google.golang.org/grpc"

	"github.com/cosmos/cosmos-sdk/client/grpc/cmtservice"
	sdk "github.com/cosmos/cosmos-sdk/types"

	computetypes "github.com/thetaedge/theta/x/compute/types"
)

// The moments of a chunk, in their usual order. A moment is the first block that shows it.
const (
	opened = iota
	claimed
	assigned
	committed
	decided
	joined
	revealing
	revealed
	ended
	moments
)

// steps name the way to each moment from the one before.
func steps() [moments]string {
	return [moments]string{
		opened: "waits in the array", claimed: "seed, first claim", assigned: "claims close", committed: "execute, commit",
		decided: "audit's seed", joined: "auditor's draw", revealing: "auditor executes, commits", revealed: "deliver, reveal", ended: "verdict, pay",
	}
}

// chunk is what blocks show of a chunk: the height of each moment, or 0.
type chunk struct {
	task, tasks uint64
	at          [moments]int64
}

// history is what blocks show of a job.
type history struct {
	posted, closed int64
	times          map[int64]time.Time
	chunks         map[uint64]*chunk
	sampled        uint64
}

// Stage is the time that chunks need for one step.
type Stage struct {
	Step string `json:"step"`
	// Median, Most and MedianBlocks are of all chunks.
	Median       float64 `json:"median_seconds"`
	Most         float64 `json:"most_seconds"`
	MedianBlocks int64   `json:"median_blocks"`
}

// readHistory reads the blocks of a job that has ended.
func readHistory(ctx context.Context, conn *grpc.ClientConn, job *computetypes.Job) (*history, error) {
	h := &history{posted: job.PostedHeight, closed: job.ClosedHeight, times: map[int64]time.Time{}, chunks: map[uint64]*chunk{}}
	service := cmtservice.NewServiceClient(conn)
	for height := h.posted; height <= h.closed; height++ {
		block, err := service.GetBlockByHeight(ctx, &cmtservice.GetBlockByHeightRequest{Height: height})
		if err != nil {
			return nil, err
		}
		h.times[height] = block.SdkBlock.Header.Time
		results, err := service.GetBlockResults(ctx, &cmtservice.GetBlockResultsRequest{Height: height})
		if err != nil {
			return nil, err
		}
		events := results.FinalizeBlockEvents
		for _, tx := range results.TxsResults {
			for i := range tx.Events {
				events = append(events, &tx.Events[i])
			}
		}
		for _, event := range events {
			if err := h.see(height, job, *event); err != nil {
				return nil, fmt.Errorf("block %d: %w", height, err)
			}
		}
	}
	return h, nil
}

// see notes what an event shows.
func (h *history) see(height int64, job *computetypes.Job, event abci.Event) error {
	changes, err := computetypes.ChangesIn(event)
	if err != nil {
		return err
	}
	if event.Type == proto.MessageName(&computetypes.EventBatch{}) {
		event.Attributes = slices.DeleteFunc(slices.Clone(event.Attributes), func(a abci.EventAttribute) bool { return a.Key == "mode" || a.Key == "msg_index" })
		parsed, err := sdk.ParseTypedEvent(event)
		if err != nil {
			return err
		}
		if batch, ok := parsed.(*computetypes.EventBatch); ok {
			for _, ref := range batch.Items {
				moment := map[string]int{"claim": claimed, "commit": committed, "reveal": revealed}[batch.Action]
				if ref.JobId == job.Id && moment > 0 {
					h.note(ref.Task, moment, height)
				}
			}
		}
	}
	for i := range changes {
		if changes[i].Ref.JobId == job.Id {
			h.change(height, job, &changes[i])
		}
	}
	return nil
}

// change notes a change of a chunk.
func (h *history) change(height int64, job *computetypes.Job, c *computetypes.ChunkChange) {
	task := c.Ref.Task
	switch change := c.Change.(type) {
	case *computetypes.ChunkChange_DrawStarted:
		h.note(task, opened, height)
	case *computetypes.ChunkChange_Assigned:
		if h.chunks[task] != nil && h.chunks[task].at[decided] > 0 {
			h.note(task, joined, height)
			return
		}
		h.note(task, assigned, height)
	case *computetypes.ChunkChange_AuditDecided:
		h.note(task, decided, height)
	case *computetypes.ChunkChange_RevealOpened:
		h.note(task, revealing, height)
	case *computetypes.ChunkChange_Ended:
		h.note(task, ended, height)
		h.chunks[task].tasks = change.Ended.Tasks()
		runs := uint64(0)
		for _, outcome := range change.Ended.Outcomes {
			runs += outcome.Paid.Quo(job.Reward.Amount).Uint64()
		}
		h.sampled += runs - min(runs, change.Ended.Tasks())
	}
}

func (h *history) note(task uint64, moment int, height int64) {
	c := h.chunks[task]
	if c == nil {
		c = &chunk{task: task}
		h.chunks[task] = c
	}
	if c.at[moment] == 0 {
		c.at[moment] = height
	}
}

// took is the time from the block with the job to the block in which its last task ended.
func (h *history) took() time.Duration { return h.times[h.closed].Sub(h.times[h.posted]) }

// stages returns the steps of the chunks.
func (h *history) stages() []Stage {
	var stages []Stage
	for moment, step := range steps() {
		var seconds []float64
		var blocks []int64
		for _, c := range h.chunks {
			before := h.posted
			for m := moment - 1; m >= 0 && before == h.posted; m-- {
				before = max(before, c.at[m])
			}
			if at := c.at[moment]; at > 0 {
				seconds = append(seconds, h.times[at].Sub(h.times[before]).Seconds())
				blocks = append(blocks, at-before)
			}
		}
		if len(seconds) == 0 {
			continue
		}
		slices.Sort(seconds)
		slices.Sort(blocks)
		middle := (len(seconds) - 1) / 2
		stages = append(stages, Stage{Step: step, Median: seconds[middle], Most: seconds[len(seconds)-1], MedianBlocks: blocks[middle]})
	}
	return stages
}

// print writes a line for each chunk: the blocks after the job's at which each moment was seen.
func (h *history) print(to io.Writer) {
	fmt.Fprintln(to, "  task  tasks   blocks after posting:  opened claimed assigned committed decided joined revealing revealed ended")
	for _, task := range slices.Sorted(maps.Keys(h.chunks)) {
		c := h.chunks[task]
		fmt.Fprintf(to, "%6d %6d ", c.task, c.tasks)
		for _, at := range c.at {
			if at == 0 {
				fmt.Fprint(to, "      -")
				continue
			}
			fmt.Fprintf(to, " %6d", at-h.posted)
		}
		fmt.Fprintf(to, "   ended at %.1fs\n", h.times[c.at[ended]].Sub(h.times[h.posted]).Seconds())
	}
}
