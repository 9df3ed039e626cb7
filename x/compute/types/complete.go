package types

// Records of versions that had no chunks lack the fields that count them. Every chunk of such
// a job is one task.

// Complete adds to a job of an older version the fields that count its chunks.
func (j *Job) Complete() {
	if j.Challenged != nil {
		j.Challenged.Count = max(j.Challenged.Count, 1)
	}
	if j.ChunkTasks > 0 {
		return
	}
	j.ChunkTasks, j.ChunksOpen, j.ChunksEnded = 1, j.Active(), j.TasksEnded-j.TasksDropped
	j.ChunksWaiting = min(j.ChunksWaiting, j.ChunksOpen)
}

// Complete adds to a task of an older version the number of its tasks.
func (t *Chunk) Complete() { t.Count = max(t.Count, 1) }

// CompleteLocks adds to a task of an older version what its parts lock: each of them has locked
// the liability of its job.
func (t *Chunk) CompleteLocks(job *Job) {
	if !t.Liability.IsNil() && t.Liability.IsPositive() {
		return
	}
	t.Liability = job.Liability
	for r := range t.Rounds {
		round := &t.Rounds[r]
		for i := range round.Replicas {
			round.Replicas[i].Locked = job.Liability
		}
		for i := 0; round.Draw != nil && i < len(round.Draw.Candidates); i++ {
			round.Draw.Candidates[i].Locked = job.Liability
		}
	}
}

// Complete adds to a challenge of an older version the number of tasks of its chunk, and of
// those that are judged.
func (c *Challenge) Complete() {
	c.Count = max(c.Count, 1)
	c.JudgedTasks = max(c.JudgedTasks, uint64(c.Judging))
}
