package adversary

import (
	"bytes"
	"context"
	"os"
	"syscall"
	"time"

	"github.com/thetaedge/theta/tests/devnet"
)

// reaperPause is the pause between two searches for workers.
const reaperPause = 10 * time.Millisecond

// reaper does to each worker that runs a program what a fault of the worker's engine would
// do: it ends the worker, or makes it hang. No program is known that causes such a fault.
type reaper struct {
	nodes   []devnet.Node
	program []byte
	signal  syscall.Signal

	hit  map[int]bool
	stop context.CancelFunc
	done chan struct{}
}

// reap starts to look for the workers of a program on the honest nodes.
func (s *stage) reap(ctx context.Context, program string, signal syscall.Signal) *reaper {
	r := &reaper{nodes: s.net.Nodes(), program: []byte(program), signal: signal, hit: map[int]bool{}, done: make(chan struct{})}
	ctx, r.stop = context.WithCancel(ctx)
	go func() {
		defer close(r.done)
		for ctx.Err() == nil {
			r.look()
			select {
			case <-ctx.Done():
			case <-time.After(reaperPause):
			}
		}
	}()
	return r
}

func (r *reaper) look() {
	for _, node := range r.nodes {
		for _, worker := range node.Workers() {
			held, err := os.ReadFile(worker.Program)
			if err == nil && !r.hit[worker.PID] && bytes.Equal(held, r.program) && syscall.Kill(worker.PID, r.signal) == nil {
				r.hit[worker.PID] = true
			}
		}
	}
}

// end stops looking and returns how many workers were hit.
func (r *reaper) end() int {
	r.stop()
	<-r.done
	return len(r.hit)
}
