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

// workers contains the processor time of the processes that have run programs for the nodes of
// a network, by process.
type workers map[int]time.Duration

// watch adds up what the processes use until ctx ends, and then sends the sum.
func (w workers) watch(ctx context.Context, nodes []devnet.Node) <-chan time.Duration {
	sum := make(chan time.Duration, 1)
	go func() {
		var total time.Duration
		for {
			for _, node := range nodes {
				for _, worker := range node.Workers() {
					used := max(processorTime(worker.PID), w[worker.PID])
					total += used - w[worker.PID]
					w[worker.PID] = used
				}
			}
			select {
			case <-ctx.Done():
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
