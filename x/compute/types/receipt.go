package types

// Tasks returns the number of tasks that a receipt is about, at least 1.
func (r *Receipt) Tasks() uint64 { return max(1, r.Count) }

// Covers reports whether a receipt is about a task of its job.
func (r *Receipt) Covers(task uint64) bool { return task >= r.Task && task-r.Task < r.Tasks() }
