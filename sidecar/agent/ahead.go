package agent

import (
	"context"
	"sync"
	"time"

	"github.com/thetaedge/theta/blob/transfer"
	"github.com/thetaedge/theta/executor"
)

// lookAhead is the number of tasks of a chunk whose inputs are here, or are being fetched,
// before they run. It includes the task that runs.
const lookAhead = 8

// own is a task's own input in an array.
type own struct {
	input executor.Input
	files *fetcher
	err   error
}

// ahead fetches the own inputs of tasks in the order in which the tasks run, and a bounded
// number of them ahead of the task that runs.
type ahead struct {
	cancel  context.CancelFunc
	turns   chan struct{}
	fetched []chan own
	workers sync.WaitGroup
}

// fetchAhead begins to fetch. fetch fetches the input of the n-th task.
func fetchAhead(ctx context.Context, tasks int, fetch func(ctx context.Context, n int) own) *ahead {
	h := &ahead{turns: make(chan struct{}, lookAhead), fetched: make([]chan own, tasks)}
	for n := range h.fetched {
		h.fetched[n] = make(chan own, 1)
	}
	ctx, h.cancel = context.WithCancel(ctx)
	h.workers.Go(func() {
		for n := range h.fetched {
			select {
			case <-ctx.Done():
				return
			case h.turns <- struct{}{}:
			}
			h.workers.Go(func() { h.fetched[n] <- fetchPatiently(ctx, n, fetch) })
		}
	})
	return h
}

// fetchPatiently tries again as long as the fault may go away by itself.
func fetchPatiently(ctx context.Context, n int, fetch func(ctx context.Context, n int) own) own {
	for pause := time.Second; ; pause = min(2*pause, time.Minute) {
		got := fetch(ctx, n)
		if got.err == nil || !transfer.Retryable(got.err) {
			return got
		}
		select {
		case <-ctx.Done():
			return got
		case <-time.After(pause):
		}
	}
}

// next waits for the input of the n-th task.
func (h *ahead) next(ctx context.Context, n int) own {
	select {
	case got := <-h.fetched[n]:
		return got
	case <-ctx.Done():
		return own{err: ctx.Err()}
	}
}

// used records that a task has ended, and gives its input back.
func (h *ahead) used(got own) {
	got.files.release()
	<-h.turns
}

// close ends all fetches and gives back the inputs that were not used.
func (h *ahead) close() {
	h.cancel()
	h.workers.Wait()
	for _, fetched := range h.fetched {
		select {
		case got := <-fetched:
			got.files.release()
		default:
		}
	}
}
