package bench

import "fmt"

// Scale says how much a run does.
type Scale struct {
	Name string
	// Sizes are the numbers of registered nodes, and of live jobs, to grow through.
	Sizes []int
	// Jobs of a cohort: what a step posts, claims, commits to and settles each.
	Jobs int
	// Sends in a block.
	Sends int
	// Cycles of a block of sends and a step of tasks, per flow and size.
	Cycles int
	// Queue is the number of due items that a block takes in the queue run, and
	// QueueBlocks how many such blocks are due.
	Queue, QueueBlocks int
}

// ScaleOf returns a scale by name: tiny (a test of the benchmark itself),
// small, normal or full.
func ScaleOf(name string) (Scale, error) {
	switch name {
	case "tiny":
		return Scale{Name: name, Sizes: []int{40}, Jobs: 4, Sends: 8, Cycles: 2, Queue: 5, QueueBlocks: 2}, nil
	case "small":
		return Scale{Name: name, Sizes: []int{1_000, 10_000}, Jobs: 100, Sends: 500, Cycles: 3, Queue: 500, QueueBlocks: 3}, nil
	case "normal":
		return Scale{Name: name, Sizes: []int{1_000, 10_000, 100_000}, Jobs: 200, Sends: 1_000, Cycles: 7, Queue: 500, QueueBlocks: 10}, nil
	case "full":
		return Scale{Name: name, Sizes: []int{1_000, 10_000, 100_000, 1_000_000}, Jobs: 400, Sends: 2_000, Cycles: 9, Queue: 500, QueueBlocks: 20}, nil
	default:
		return Scale{}, fmt.Errorf("scale: expected tiny, small, normal or full, found %q", name)
	}
}
