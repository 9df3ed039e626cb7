package types

import "fmt"

// Transition tables of jobs, tasks, assignments and round phases. A status that maps to nil
// is final. The module's README shows the diagrams.
var (
	jobTransitions = map[JobStatus][]JobStatus{
		JOB_STATUS_OPEN:      {JOB_STATUS_RUNNING, JOB_STATUS_CANCELLED, JOB_STATUS_EXPIRED},
		JOB_STATUS_RUNNING:   {JOB_STATUS_COMPLETED, JOB_STATUS_FAILED, JOB_STATUS_CANCELLED, JOB_STATUS_EXPIRED},
		JOB_STATUS_COMPLETED: nil,
		JOB_STATUS_FAILED:    nil,
		JOB_STATUS_CANCELLED: nil,
		JOB_STATUS_EXPIRED:   nil,
	}
	chunkTransitions = map[ChunkStatus][]ChunkStatus{
		CHUNK_STATUS_OPEN: {CHUNK_STATUS_RUNNING, CHUNK_STATUS_EXPIRED, CHUNK_STATUS_CANCELLED},
		CHUNK_STATUS_RUNNING: {
			CHUNK_STATUS_ACCEPTED, CHUNK_STATUS_FAILED, CHUNK_STATUS_EXPIRED,
			CHUNK_STATUS_INPUT_UNAVAILABLE, CHUNK_STATUS_CANCELLED,
		},
		CHUNK_STATUS_ACCEPTED:          nil,
		CHUNK_STATUS_FAILED:            nil,
		CHUNK_STATUS_EXPIRED:           nil,
		CHUNK_STATUS_INPUT_UNAVAILABLE: nil,
		CHUNK_STATUS_CANCELLED:         nil,
	}
	assignmentTransitions = map[AssignmentStatus][]AssignmentStatus{
		ASSIGNMENT_STATUS_CANDIDATE: {ASSIGNMENT_STATUS_ASSIGNED},
		ASSIGNMENT_STATUS_ASSIGNED: {
			ASSIGNMENT_STATUS_COMMITTED, ASSIGNMENT_STATUS_RELEASED, ASSIGNMENT_STATUS_MISSED,
			ASSIGNMENT_STATUS_YIELDED, ASSIGNMENT_STATUS_PAID, ASSIGNMENT_STATUS_UNPAID,
		},
		ASSIGNMENT_STATUS_COMMITTED: {
			ASSIGNMENT_STATUS_REVEALED, ASSIGNMENT_STATUS_NO_REVEAL,
			ASSIGNMENT_STATUS_PAID, ASSIGNMENT_STATUS_UNPAID,
		},
		ASSIGNMENT_STATUS_REVEALED: {
			ASSIGNMENT_STATUS_PAID, ASSIGNMENT_STATUS_UNPAID,
			ASSIGNMENT_STATUS_SLASHED, ASSIGNMENT_STATUS_NO_REVEAL,
		},
		ASSIGNMENT_STATUS_PAID:      nil,
		ASSIGNMENT_STATUS_UNPAID:    nil,
		ASSIGNMENT_STATUS_SLASHED:   nil,
		ASSIGNMENT_STATUS_RELEASED:  nil,
		ASSIGNMENT_STATUS_MISSED:    nil,
		ASSIGNMENT_STATUS_NO_REVEAL: nil,
		ASSIGNMENT_STATUS_YIELDED:   nil,
	}
	phaseTransitions = map[RoundPhase][]RoundPhase{
		ROUND_PHASE_COMMIT: {ROUND_PHASE_AUDIT, ROUND_PHASE_REVEAL, ROUND_PHASE_CLOSED},
		ROUND_PHASE_AUDIT:  {ROUND_PHASE_COMMIT, ROUND_PHASE_REVEAL, ROUND_PHASE_CLOSED},
		ROUND_PHASE_REVEAL: {ROUND_PHASE_LEAVES, ROUND_PHASE_REVIEW, ROUND_PHASE_CLOSED},
		ROUND_PHASE_LEAVES: {ROUND_PHASE_CLOSED},
		ROUND_PHASE_REVIEW: {ROUND_PHASE_CLOSED},
		ROUND_PHASE_CLOSED: nil,
	}
)

func allowed[S comparable](table map[S][]S, from, to S) bool {
	for _, s := range table[from] {
		if s == to {
			return true
		}
	}
	return false
}

// MoveTo sets the status. It returns an error if the table does not allow the step.
func (j *Job) MoveTo(to JobStatus) error {
	if !allowed(jobTransitions, j.Status, to) {
		return fmt.Errorf("job %s cannot go from %s to %s", j.Id, j.Status, to)
	}
	j.Status = to
	return nil
}

// Ended reports whether the job's status is final.
func (j *Job) Ended() bool { return len(jobTransitions[j.Status]) == 0 }

// MoveTo sets the status. It returns an error if the table does not allow the step.
func (t *Chunk) MoveTo(to ChunkStatus) error {
	if !allowed(chunkTransitions, t.Status, to) {
		return fmt.Errorf("task %d of job %s cannot go from %s to %s", t.Index, t.JobId, t.Status, to)
	}
	t.Status = to
	return nil
}

// Ended reports whether the task's status is final.
func (t *Chunk) Ended() bool { return len(chunkTransitions[t.Status]) == 0 }

// MoveTo sets the status. It returns an error if the table does not allow the step.
func (a *Assignment) MoveTo(to AssignmentStatus) error {
	if !allowed(assignmentTransitions, a.Status, to) {
		return fmt.Errorf("assignment of %s cannot go from %s to %s", a.Operator, a.Status, to)
	}
	a.Status = to
	return nil
}

// MoveTo sets the phase. It returns an error if the table does not allow the step.
func (r *Round) MoveTo(to RoundPhase) error {
	if !allowed(phaseTransitions, r.Phase, to) {
		return fmt.Errorf("round cannot go from %s to %s", r.Phase, to)
	}
	r.Phase = to
	return nil
}
