package types

// MissesCount reports whether the nodes that missed the deadline of a round count this
// towards jail. They do if at least as many nodes have committed. If fewer have, the task may
// be one that no node can finish, and its author pays instead. Nodes that gave the task back
// in time do not count on either side.
func MissesCount(committed, missed uint32) bool { return committed >= missed }

// Covers reports whether the reserve of a chunk of count tasks covers the attempt fee of this
// many seats, in the reward's denom.
func (p Params) Covers(job *Job, count uint64, seats int) bool {
	return !p.AttemptFee(job.Pay(count)).MulRaw(int64(seats)).GT(job.ReserveOf(count))
}
