package types

// MissesCount says whether those who have missed the deadline of a round count it
// towards jail: at least as many have committed. Where fewer have, the task may be one
// that nobody can finish, and its author pays instead. Who gave the task back in time
// is not asked, and counts on neither side.
func MissesCount(committed, missed uint32) bool { return committed >= missed }

// Covers says whether a task's reserve pays an attempt fee for each of so many seats,
// in the reward's denom.
func (p Params) Covers(job *Job, seats int) bool {
	return !p.AttemptFee(job.Reward.Amount).MulRaw(int64(seats)).GT(job.TaskReserve)
}
