package types

import "cosmossdk.io/math"

// A task fails if its program does not exit with 0: it stops with another code, traps, or
// exceeds a limit. A failure is a result like any other where a wrong one is slashed. Where only a
// majority supports a result, a failure without outputs is the answer on which nodes that do
// not work agree without asking each other, because it is the one that a machine gives that
// cannot run the program. Such a result earns the attempt fee only, and does not count against
// the nodes that contradict it.
//
// Under TRUST there is only one node. It does not need an answer on which others would agree, and
// its requester judges every result.

// PaysFailures reports whether an accepted task whose program does not exit with 0 earns its
// reward. Otherwise it earns the attempt fee.
func (g Guarantee) PaysFailures() bool { return g != GUARANTEE_MAJORITY }

// FailedPay returns what a replica of a job earns for so many accepted tasks whose programs do
// not exit with 0, in the reward's denom.
func (p Params) FailedPay(job *Job, tasks uint64) math.Int {
	if job.Guarantee().PaysFailures() {
		return job.Pay(tasks)
	}
	return p.AttemptFee(job.Pay(tasks))
}

// CountsFailures reports whether the replicas of a first round state how many tasks of a chunk
// of several tasks have failed. They do so under QUORUM, whether a wrong result is slashed or
// not: a node can tell from the spec, which never changes.
func (p *Policy) CountsFailures() bool { return p.Kind == POLICY_KIND_QUORUM }
