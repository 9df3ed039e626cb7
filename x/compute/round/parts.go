package round

import (
	"bytes"
	"slices"

	"cosmossdk.io/math"

	"github.com/thetaedge/theta/x/compute/types"
)

// A chunk of several tasks is executed as a whole by the replicas of its first round. Its
// auditors, and the judges of further rounds, only execute samples: their tag is the root over
// the samples' results.

// The judges of a whole chunk, in every round and as auditors, execute all of its tasks. They
// commit to one result, its root, as if the chunk were one task: see types.JudgedChunk.

// count returns the number of tasks of the chunk.
func (t *Chunk) count() uint64 { return t.record.Count }

// single reports whether the chunk has one result, which all nodes of all rounds execute: that
// of its only task, or the root of the chunk that it judges.
func (t *Chunk) single() bool { return t.count() == 1 || t.job.Challenged.Whole() }

// auditor reports whether the n-th replica of a round is an auditor.
func auditor(round *types.Round, n int) bool { return n >= int(round.Target-round.Auditors) }

// covers reports whether a part executes all tasks of the chunk.
func (t *Chunk) covers(a part) bool { return t.single() || a.round == 0 && !a.auditor }

// executes returns the number of tasks that a part executes.
func (t *Chunk) executes(a part) uint64 {
	if t.covers(a) {
		return t.count()
	}
	return t.sampled(a.round)
}

// sampled returns the number of tasks that the auditors or judges of a round execute.
func (t *Chunk) sampled(round uint32) uint64 {
	if t.single() {
		return t.count()
	}
	return max(1, uint64(len(t.record.Rounds[round].Samples)))
}

// seats returns the number of tasks that the nodes execute for which the current round draws.
func (t *Chunk) seats() uint64 {
	if t.drawsReplicas() {
		return t.count()
	}
	return t.sampled(t.index())
}

// pay returns what a part earns, in the reward's denom.
func (t *Chunk) pay(a part) math.Int { return t.job.Pay(t.executes(a)) }

// drawSamples draws the tasks of the chunk that auditors execute. The replicas have stated the
// fuel of the chunk when they committed; the least counts.
func (t *Chunk) drawSamples(seed []byte) {
	if t.single() {
		return
	}
	round := t.current()
	fuel := round.Replicas[0].Fuel
	for i := range round.Replicas {
		fuel = min(fuel, round.Replicas[i].Fuel)
	}
	// checkSamples keeps a single replica within the bound. A quorum is not bound by it: its
	// replicas compare all tasks.
	n := min(types.SampleSize(t.count(), t.job.Policy.Samples, t.job.Fuel, fuel), types.MaxSamples)
	round.Samples = types.SampleTasks(seed, t.id, t.record.Index, t.count(), n)
}

// leaf returns what a part has revealed of the task at a position; a single result is at 0. It
// returns false if the part has not revealed anything about it.
func (t *Chunk) leaf(a part, position uint32) (types.Subtree, bool) {
	if a.Status != types.ASSIGNMENT_STATUS_REVEALED {
		return types.Subtree{}, false
	}
	return t.shownLeaf(a, position)
}

// shownLeaf is leaf for a part that has revealed, whatever its status is by now.
func (t *Chunk) shownLeaf(a part, position uint32) (types.Subtree, bool) {
	if uint64(position) >= t.count() {
		return types.Subtree{}, false
	}
	if t.single() {
		return types.Subtree{Hash: a.Tag, Fuel: a.Metrics.Fuel}, position == 0
	}
	if t.covers(a) && t.showsAll(a) {
		return a.Leaves[position], true
	}
	n, found := slices.BinarySearch(t.record.Rounds[a.round].Samples, position)
	if !found || n >= len(a.Leaves) {
		return types.Subtree{}, false
	}
	return a.Leaves[n], true
}

// judged returns the positions of the tasks that the judges of further rounds execute, or nil
// in a first round.
func (t *Chunk) judged() []uint32 {
	switch {
	case t.single():
		return []uint32{0}
	case t.index() == 0:
		return nil
	default:
		return t.current().Samples
	}
}

// samplesToJudge returns the positions of the tasks that judges have to execute because the
// parts of the first round disagree: for each two parts the first position at which they do.
// Whichever of the two is wrong then loses, and no part can shield another one by a
// disagreement of its own. If an auditor is silent that has locked less than a replica, judges
// execute all samples, so that its silence does not hide what it has found. If no position is
// named by these rules, judges execute the first sample.
func (t *Chunk) samplesToJudge(ballots []ballot) []uint32 {
	judged, samples := t.disagreements(ballots), t.current().Samples
	if slices.ContainsFunc(ballots, t.silentForLess) {
		judged = append(judged, samples...)
		slices.Sort(judged)
		judged = slices.Compact(judged)
	}
	switch {
	case len(judged) > 0:
		return judged
	case len(samples) > 0:
		return samples[:1]
	default:
		return []uint32{0}
	}
}

// silentForLess reports whether an auditor is silent whose lock is less than the liability of
// the chunk.
func (t *Chunk) silentForLess(b ballot) bool {
	return b.vote.Key == "" && !t.covers(b.a) && b.a.Locked.LT(t.record.Liability)
}

// ownJudged returns the positions of the judged tasks about which a part has revealed a result.
// An auditor of a quorum may have executed only some of them, or none.
func (t *Chunk) ownJudged(a part) []uint32 {
	return slices.DeleteFunc(slices.Clone(t.judged()), func(position uint32) bool {
		_, revealed := t.leaf(a, position)
		return !revealed
	})
}

// bystander reports whether a part has executed only some of the judged tasks, or none. It
// does not vote about the others. Its own results are compared with the verdict.
func (t *Chunk) bystander(a part) bool {
	return !t.single() && t.discloses() && !t.covers(a) && a.Status == types.ASSIGNMENT_STATUS_REVEALED &&
		len(t.ownJudged(a)) < len(t.judged())
}

// agrees reports whether a part has the accepted result, or of a bystander, that part of it
// which it has executed.
func (t *Chunk) agrees(b *ballot, key string, found verdict) bool {
	if !b.bystander || b.vote.Key == "" {
		return b.vote.Key == key
	}
	for i, position := range t.judged() {
		if shown := t.disclosedBy(b.a, position); shown != nil && !sameResult(*shown, found.opened[i]) {
			return false
		}
	}
	return true
}

// sameResult reports whether two openings of a task show the same result.
func sameResult(a, b types.Opening) bool {
	return bytes.Equal(a.Digest, b.Digest) && bytes.Equal(a.Trace, b.Trace) && a.Fuel == b.Fuel && a.ExitCode == b.ExitCode
}

// unanimous reports whether there are votes, and all of them agree.
func unanimous(ballots []ballot) bool {
	key := ""
	for i := range ballots {
		if v := ballots[i].vote.Key; v != "" && key != "" && v != key {
			return false
		} else if v != "" {
			key = v
		}
	}
	return key != ""
}

// rootless reports whether no node has revealed the root of a chunk whose auditors have
// revealed samples. The samples alone are not a result.
func (t *Chunk) rootless(ballots []ballot) bool {
	return !slices.ContainsFunc(ballots, func(b ballot) bool { return t.covers(b.a) && b.vote.Key != "" })
}

// split shortens the chunk to its first tasks. The rest becomes a chunk of its own. It takes
// over the cost of the draws as far as the shorter chunk has not set aside enough for it.
func (t *Chunk) split(tasks uint64) {
	left := math.MinInt(t.record.DrawFees, t.job.DrawReserve(tasks))
	t.rest = Span{
		First: t.record.Index + tasks, Count: t.count() - tasks,
		DrawFees: t.record.DrawFees.Sub(left), SeedDelay: t.record.SeedDelay,
	}
	if t.job.Grant != nil {
		t.rest.Vacated = uint32(t.vacated())
	}
	t.record.Count, t.record.DrawFees = tasks, left
}

// Span is a range of tasks of a job that becomes a chunk.
type Span struct {
	First, Count uint64
	// DrawFees is what draws have cost that the tasks took part in before, in the reward's
	// denom, and SeedDelay is the number of blocks by which late seeds have delayed them.
	DrawFees  math.Int
	SeedDelay int64
	// Vacated is the number of seats that nodes have left when the tasks were part of a longer
	// chunk, if a grant pays for them.
	Vacated uint32
}

// NewSpan returns a range of tasks that have not been drawn for.
func NewSpan(first, count uint64) Span {
	return Span{First: first, Count: count, DrawFees: math.ZeroInt()}
}

// handover returns the amount that a replica that has left a rest of its chunk to others does
// not earn, in the reward's denom: the pay of the auditors of its part, which is at most its
// own pay, see Policy.PaysAudit. Without this fee, a
// ring of nodes would split chunks so that its members are paid for more audits. A node that
// may not commit to more tasks, because the audit would sample too many of them, does not pay.
func (t *Chunk) handover(a part) math.Int {
	audited := t.sampled(0)
	if !a.Partial || t.record.Rounds[0].Auditors == 0 {
		return math.ZeroInt()
	}
	if t.count() == types.MaxSamples && types.WantedSamples(t.count(), t.job.Policy.Samples, t.job.Fuel, a.Fuel) > types.MaxSamples {
		return math.ZeroInt()
	}
	return t.job.Pay(audited).MulRaw(int64(t.record.Rounds[0].Auditors))
}

// checkSamples refuses a commitment of which an audit would have to sample more tasks than it
// may.
func (t *Chunk) checkSamples(tasks, fuel uint64) error {
	if t.job.Policy.AuditBps == 0 || t.job.Policy.Replicas > 1 || tasks <= types.MaxSamples {
		return nil
	}
	if n := types.SampleSize(tasks, t.job.Policy.Samples, t.job.Fuel, fuel); n > types.MaxSamples {
		return types.ErrTooManySamples.Wrapf("an audit of %d tasks that use %d of fuel together, of %d each at most, would sample %d, expected at most %d; commit to the first %d",
			tasks, fuel, t.job.Fuel, n, types.MaxSamples, types.MaxSamples)
	}
	return nil
}
