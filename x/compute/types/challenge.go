package types

import (
	"bytes"
	"math/bits"
)

// JudgingSpec returns the spec of a job that judges count tasks of another job, from first on:
// the same work, on any nodes of the class, without delivery of results.
func JudgingSpec(spec JobSpec, first, count uint64, replicas uint32, lifetime uint64) JobSpec {
	spec.Policy = Policy{Kind: POLICY_KIND_QUORUM, Replicas: replicas, OwnRisk: spec.Policy.OwnRisk}
	spec.Placement = Placement{}
	spec.Grant = 0 // its challenger pays: a grant would be farmed by challenges
	spec.FirstTask += first
	spec.Tasks, spec.ChunkTasks, spec.Sink, spec.LifetimeBlocks = count, 0, "", lifetime
	if count > 1 {
		spec.ChunkTasks = count
	}
	return spec
}

// Whole reports whether the result that is judged is that of a chunk of several tasks.
func (c *ChallengedTask) Whole() bool { return c != nil && c.Count > 1 }

// JudgedChunk returns the only result of a judge of a whole chunk, which its tag contains and
// which it opens. result is the root of the tree of the challenged chunk, as the judge has
// found it: its leaves contain the digests and the traces under the key of that chunk. The
// chain compares it with the root in the receipt, which is public. repeated and own are roots
// over the tags of the same results in the judging job: repeated over those without a trace of
// the judge's round, as of round 0, and own over those with it. repeated is equal in all rounds,
// and takes the place of a trace under the key of the challenged chunk: a node that only knows
// the public root does not know it, and contradicts each judge that does. own takes the place
// of a trace of the judge's round: no node knows it that has not executed all of these tasks
// under the key of that round.
func JudgedChunk(round uint32, result, repeated, own Subtree) Opening {
	return Opening{Round: round, Digest: result.Hash, Fuel: result.Fuel, Trace: repeated.Hash, OwnTrace: own.Hash}
}

// JudgingLifetime returns the number of blocks within which the judges of a challenge have to
// be found. A sham challenge cannot lock the bonds of others for longer.
func (p Params) JudgingLifetime(commitBlocks uint64) uint64 {
	return commitBlocks + p.MaxWaitBlocks
}

// JudgingReplicas returns the number of nodes that judge a result on which agreed nodes have
// agreed, in a class with live nodes. The number is odd, more than agreed, and that of the
// first further round if the class has as many nodes. If max_replicas has been lowered since
// the job was posted, the result still gets enough judges. JudgingReplicas returns 0 if too
// few nodes of the class have not taken part.
func (p Params) JudgingReplicas(agreed int, live uint64) uint32 {
	auditors := uint64(0)
	if p.AuditFloorBps > 0 {
		auditors = 1
	}
	taken := uint64(agreed) + auditors + uint64(p.SpareNodes)
	least := max(uint64(agreed)+1, MinQuorum) | 1
	want := max(uint64(p.Escalation[0]), least) | 1
	n := min(want, live-min(live, taken), max(least, uint64(p.MaxReplicas)), MaxRoundReplicas)
	if n%2 == 0 && n > 0 {
		n--
	}
	if n < MinQuorum || n <= uint64(agreed) {
		return 0
	}
	return uint32(n)
}

// Agreed returns the nodes whose result was accepted, according to the receipt, if the first
// round was the only one.
func (r Receipt) Agreed() []string {
	if r.Status != CHUNK_STATUS_ACCEPTED || len(r.Tags) != 1 {
		return nil
	}
	var operators []string
	for i := range r.Outcomes {
		if o := &r.Outcomes[i]; o.Status == ASSIGNMENT_STATUS_PAID && bytes.Equal(o.Tag, r.Tags[0]) {
			operators = append(operators, o.Operator)
		}
	}
	return operators
}

// VerifyFrontierPath reports whether a leaf hash is at index of the tree with the given
// frontier and number of leaves. The path leads to the root of the complete subtree that
// contains the leaf.
func VerifyFrontierPath(frontier [][]byte, size, index uint64, leaf []byte, path [][]byte) bool {
	if index >= size || len(frontier) != bits.OnesCount64(size) {
		return false
	}
	start := uint64(0)
	for _, root := range frontier {
		leaves := uint64(1) << (bits.Len64(size-start) - 1)
		if index < start+leaves {
			return VerifyMerklePath(root, leaves, index-start, leaf, path)
		}
		start += leaves
	}
	return false
}

// FrontierPath returns the sibling hashes from the leaf at index up to the root of the
// complete subtree that contains it. index must be below the number of leaves.
func FrontierPath(leaves [][]byte, index uint64) [][]byte {
	size := uint64(len(leaves))
	for start := uint64(0); start < size; {
		n := uint64(1) << (bits.Len64(size-start) - 1)
		if index < start+n {
			return MerklePath(leaves[start:start+n], index-start)
		}
		start += n
	}
	return nil
}

// validate checks an imported challenge.
func (c *Challenge) validate() error {
	if _, err := ParseJobID(c.JobId); err != nil {
		return ErrInvalidGenesis.Wrap(err.Error())
	}
	if c.Liability.IsNil() || c.Liability.IsNegative() {
		return ErrInvalidGenesis.Wrapf("challenge of task %d of job %s: liability: expected 0 or more, found %s", c.Task, c.JobId, c.Liability)
	}
	if c.Pledged.IsNil() || c.Pledged.IsNegative() {
		return ErrInvalidGenesis.Wrapf("challenge of task %d of job %s: pledged: expected 0 or more, found %s", c.Task, c.JobId, c.Pledged)
	}
	if c.Judging == 0 && !c.Convicted {
		return ErrInvalidGenesis.Wrapf("challenge of task %d of job %s: expected jobs that judge it, or a conviction, found neither", c.Task, c.JobId)
	}
	if c.Count == 0 {
		return ErrInvalidGenesis.Wrapf("challenge of task %d of job %s: count: expected 1 or more, found 0", c.Task, c.JobId)
	}
	if most := uint64(c.Judging) * c.Count; c.JudgedTasks < uint64(c.Judging) || c.JudgedTasks > most {
		return ErrInvalidGenesis.Wrapf("challenge of task %d of job %s: judged_tasks: expected %d to %d, found %d", c.Task, c.JobId, c.Judging, most, c.JudgedTasks)
	}
	for _, d := range c.Defendants {
		if d.Locked.IsNil() || d.Locked.IsNegative() || c.Convicted && d.Locked.IsPositive() {
			return ErrInvalidGenesis.Wrapf("challenge of task %d of job %s: locked of %s: expected 0 or more, and 0 after a conviction, found %s",
				c.Task, c.JobId, d.Operator, d.Locked)
		}
	}
	return nil
}
