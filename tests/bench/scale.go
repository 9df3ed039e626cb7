package bench

import (
	"fmt"
	"slices"
)

// Scale describes how much a run does.
type Scale struct {
	Name string
	// Sizes are the numbers of registered nodes, and of live jobs, to measure in turn.
	Sizes []int
	// ParallelSizes are measured under Block-STM too.
	ParallelSizes []int
	// Jobs is the number of jobs in a cohort: each step posts, claims, commits to and settles
	// as many.
	Jobs int
	// Sends is the number of sends in a block.
	Sends int
	// Cycles is the number of cycles per flow and size. A cycle is a block of sends and a
	// step of tasks.
	Cycles int
	// Queue is the number of due items that a block processes in the queue run, and
	// QueueBlocks is the number of such blocks.
	Queue, QueueBlocks int
	// Backlog is the number of tasks, and of leases, that are due at once in the backlog run.
	Backlog int
	// ArrayTasks is the number of tasks of the array that is settled as a whole, in chunks of
	// ArrayChunk.
	ArrayTasks, ArrayChunk int
	// Parts that are left out.
	skipped map[string]bool
	// flows to measure. If it is empty, all are measured.
	flows []string
}

// Parts of a run.
const (
	partFlows    = "flows"
	partParallel = "parallel"
	partQueue    = "queue"
	partBacklog  = "backlog"
	partArray    = "array"
)

// Parts returns the parts of a run.
func Parts() []string { return []string{partQueue, partBacklog, partArray, partParallel, partFlows} }

// Step is a part of a run. If the part is measured by size, it includes one number of nodes.
type Step struct {
	Part  string
	Nodes int
}

// String returns the name of the step.
func (s Step) String() string {
	if s.Nodes == 0 {
		return s.Part
	}
	return fmt.Sprintf("%s with %d nodes", s.Part, s.Nodes)
}

// Steps returns the steps of a run, in order.
func (s *Scale) Steps() []Step {
	var steps []Step
	for _, part := range Parts() {
		sizes := []int{0}
		switch part {
		case partParallel:
			sizes = s.ParallelSizes
		case partFlows:
			sizes = s.Sizes
		}
		for _, n := range sizes {
			if !s.skipped[part] {
				steps = append(steps, Step{Part: part, Nodes: n})
			}
		}
	}
	return steps
}

// Only leaves out all parts except those named.
func (s *Scale) Only(parts []string) error {
	s.skipped = make(map[string]bool)
	for _, p := range Parts() {
		s.skipped[p] = !slices.Contains(parts, p)
	}
	for _, p := range parts {
		if !slices.Contains(Parts(), p) {
			return fmt.Errorf("expected some of %v, found %q", Parts(), p)
		}
	}
	return nil
}

// OnlyFlows leaves out all flows except those named.
func (s *Scale) OnlyFlows(names []string) error {
	known := make([]string, 0, len(flows()))
	for _, f := range flows() {
		known = append(known, f.Name)
	}
	for _, name := range names {
		if !slices.Contains(known, name) {
			return fmt.Errorf("expected some of %v, found %q", known, name)
		}
	}
	s.flows = names
	return nil
}

// measured returns the flows of a run.
func (s *Scale) measured() []Flow {
	if len(s.flows) == 0 {
		return flows()
	}
	return slices.DeleteFunc(flows(), func(f Flow) bool { return !slices.Contains(s.flows, f.Name) })
}

// ScaleOf returns a scale by name: tiny (a test of the benchmark itself),
// small, normal or full.
func ScaleOf(name string) (Scale, error) {
	switch name {
	case "tiny":
		return Scale{
			Name: name, Sizes: []int{40, 60}, ParallelSizes: []int{40},
			Jobs: 4, Sends: 8, Cycles: 2, Queue: 5, QueueBlocks: 2, Backlog: 40,
			ArrayTasks: 61, ArrayChunk: 4,
		}, nil
	case "small":
		return Scale{
			Name: name, Sizes: []int{1_000, 10_000}, ParallelSizes: []int{1_000},
			Jobs: 100, Sends: 500, Cycles: 3, Queue: 500, QueueBlocks: 3, Backlog: 5_000,
			ArrayTasks: 100_000, ArrayChunk: 256,
		}, nil
	case "normal":
		return Scale{
			Name: name, Sizes: []int{1_000, 10_000, 100_000}, ParallelSizes: []int{1_000, 100_000},
			Jobs: 200, Sends: 1_000, Cycles: 5, Queue: 500, QueueBlocks: 5, Backlog: 100_000,
			ArrayTasks: 1_000_000, ArrayChunk: 256,
		}, nil
	case "full":
		return Scale{
			Name: name, Sizes: []int{1_000, 10_000, 100_000, 1_000_000}, ParallelSizes: []int{1_000, 100_000},
			Jobs: 200, Sends: 1_000, Cycles: 5, Queue: 500, QueueBlocks: 10, Backlog: 100_000,
			ArrayTasks: 1_000_000, ArrayChunk: 256,
		}, nil
	default:
		return Scale{}, fmt.Errorf("scale: expected tiny, small, normal or full, found %q", name)
	}
}
