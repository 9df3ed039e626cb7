package rate

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"strconv"
	"time"

	"github.com/thetaedge/theta/tests/devnet"
)

const (
	// lookEvery is the pause between two looks at the worker processes. The time that a process
	// uses after the last look at it is not counted.
	lookEvery = 250 * time.Millisecond
	// tick is the unit of processor times in /proc on all platforms of Linux.
	tick = 10 * time.Millisecond
)

// used is processor time: that of the processes that run programs for nodes, and that of the
// rest of the network, of which this process is the client.
type used struct{ workers, network time.Duration }

// processors contains the processor time of processes when they were last looked at.
type processors map[int]time.Duration

// look returns what these processes have used since the last look.
func (p processors) look(pids []int) time.Duration {
	var total time.Duration
	for _, pid := range pids {
		now := max(processorTime(pid), p[pid])
		total += now - p[pid]
		p[pid] = now
	}
	return total
}

// watch adds up what the processes of a network use until ctx ends, and then sends the sum.
func (p processors) watch(ctx context.Context, network *devnet.Devnet) <-chan used {
	sum := make(chan used, 1)
	rest := func() []int { return append(network.PIDs(), os.Getpid()) }
	p.look(rest())
	go func() {
		var total used
		for {
			for _, node := range network.Nodes() {
				for _, worker := range node.Workers() {
					total.workers += p.look([]int{worker.PID})
				}
			}
			select {
			case <-ctx.Done():
				total.network = p.look(rest())
				sum <- total
				return
			case <-time.After(lookEvery):
			}
		}
	}()
	return sum
}

// processorTime returns the processor time that a process has used, or zero if the system does
// not show it.
func processorTime(pid int) time.Duration {
	raw, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return 0
	}
	// The name of the program, in parentheses, may contain spaces. The state follows it.
	fields := bytes.Fields(raw[bytes.LastIndexByte(raw, ')')+1:])
	const user, system = 11, 12
	if len(fields) <= system {
		return 0
	}
	var ticks uint64
	for _, field := range []int{user, system} {
		n, err := strconv.ParseUint(string(fields[field]), 10, 64)
		if err != nil {
			return 0
		}
		ticks += n
	}
	return time.Duration(ticks) * tick //nolint:gosec // years at most
}
