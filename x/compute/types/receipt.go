package types

// Tasks returns the number of tasks of the receipt's chunk, at least 1. The receipt of a task
// that ended before there were chunks does not state a count.
func (r *Receipt) Tasks() uint64 { return max(1, r.Count) }

// Covers reports whether the receipt is that of the chunk with a task.
func (r *Receipt) Covers(task uint64) bool { return task >= r.Task && task-r.Task < r.Tasks() }
