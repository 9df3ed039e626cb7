package round

import (
	"encoding/binary"
	"slices"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/thetaedge/theta/x/compute/types"
)

// ballot is the part of one replica in a verdict.
type ballot struct {
	a        part
	operator sdk.AccAddress
	vote     types.Vote
	// echo reports whether the node repeated a result that it did not compute. Its vote is
	// then void.
	echo bool
	// bystander reports whether the part has executed only some of the judged tasks.
	bystander bool
	outcome   types.Outcome
}

// moveTo records how the part ended.
func (b *ballot) moveTo(status types.AssignmentStatus) error {
	b.outcome.Status = status
	return b.a.MoveTo(status)
}

// ballots returns the replicas of all rounds with their votes, ordered by round and draw.
func (t *Chunk) ballots() ([]ballot, error) {
	parts := t.replicas()
	out := make([]ballot, len(parts))
	for i, a := range parts {
		addr, err := t.operator(a.Operator)
		if err != nil {
			return nil, err
		}
		out[i] = ballot{a: a, operator: addr, vote: t.vote(a), bystander: t.bystander(a), outcome: newOutcome(a)}
	}
	voidEchoes(out)
	return out, nil
}

// voidEchoes takes the vote from nodes that repeat a result without having computed it.
func voidEchoes(ballots []ballot) {
	votes := make([]types.Vote, len(ballots))
	for i := range ballots {
		votes[i] = ballots[i].vote
	}
	for i, echo := range types.Echoes(votes) {
		if ballots[i].echo = echo; echo {
			ballots[i].vote.Key = ""
		}
	}
}

// vote returns the vote of a part. Its key is the revealed result's tag, or its digest and
// trace if results are opened. Fuel and exit code are part of the key: a node that reports
// false ones votes for another result.
func (t *Chunk) vote(a part) types.Vote {
	v := types.Vote{Operator: a.Operator, Round: a.round}
	if a.Status != types.ASSIGNMENT_STATUS_REVEALED || t.mustShowAll(a) {
		return v
	}
	if !t.discloses() {
		v.Key = t.stated(a).key()
		return v
	}
	var said verdict
	positions := t.judged()
	if t.bystander(a) {
		positions = t.ownJudged(a)
	}
	for _, position := range positions {
		shown := t.disclosedBy(a, position)
		if shown == nil {
			return types.Vote{Operator: a.Operator, Round: a.round}
		}
		said.opened = append(said.opened, *shown)
		v.Own += string(shown.OwnTrace)
	}
	v.Key = said.key()
	return v
}

// stated returns what a part says without opening anything: its tag, or the root over what it
// has revealed of the samples.
func (t *Chunk) stated(a part) verdict {
	samples := t.record.Rounds[a.round].Samples
	if len(samples) == 0 {
		said := verdict{tag: a.Tag, fuel: a.Metrics.Fuel, exitCode: a.ExitCode}
		if !t.job.Guarantee().PaysFailures() {
			said.failed = a.FailedTasks
		}
		return said
	}
	leaves := make([]types.Subtree, len(samples))
	for i, position := range samples {
		leaves[i], _ = t.leaf(a, position)
	}
	root := types.ChunkRoot(leaves)
	return verdict{tag: root.Hash, fuel: root.Fuel}
}

// verdict is a result on which replicas agree: its tag with fuel, exit code and, if failed tasks
// of a chunk earn less than others, their number; or the opened results of the tasks that are
// judged, in their order.
type verdict struct {
	tag      []byte
	fuel     uint64
	exitCode uint32
	failed   uint32
	opened   []types.Opening
}

// key returns the string that represents the result in votes.
func (v verdict) key() string {
	if len(v.opened) == 0 {
		return string(binary.BigEndian.AppendUint32(appendNumbers(slices.Clone(v.tag), v.fuel, v.exitCode), v.failed))
	}
	var key []byte
	for _, shown := range v.opened {
		key = appendNumbers(append(append(key, shown.Digest...), shown.Trace...), shown.Fuel, shown.ExitCode)
	}
	return string(key)
}

func appendNumbers(key []byte, fuel uint64, exitCode uint32) []byte {
	return binary.BigEndian.AppendUint32(binary.BigEndian.AppendUint64(key, fuel), exitCode)
}

// openedSize is the length of an opened result in a key, and statedSize that of a key without
// opened results, in bytes.
const (
	openedSize = 2*types.HashSize + 12
	statedSize = types.HashSize + 16
)

// verdictOf is the inverse of key. Of opened results it returns what all rounds have in
// common. The fuel and exit code of the first are also those of the verdict.
func verdictOf(key string) verdict {
	if len(key) == statedSize {
		fuel, exitCode := numbersOf(key[types.HashSize:])
		failed := binary.BigEndian.Uint32([]byte(key[statedSize-4:]))
		return verdict{tag: []byte(key[:types.HashSize]), fuel: fuel, exitCode: exitCode, failed: failed}
	}
	var v verdict
	for ; len(key) >= openedSize; key = key[openedSize:] {
		shown := types.Opening{Digest: []byte(key[:types.HashSize]), Trace: []byte(key[types.HashSize : 2*types.HashSize])}
		shown.Fuel, shown.ExitCode = numbersOf(key[2*types.HashSize : openedSize])
		v.opened = append(v.opened, shown)
	}
	v.fuel, v.exitCode = v.opened[0].Fuel, v.opened[0].ExitCode
	return v
}

func numbersOf(text string) (fuel uint64, exitCode uint32) {
	numbers := []byte(text)
	return binary.BigEndian.Uint64(numbers), binary.BigEndian.Uint32(numbers[8:])
}

// rule returns how the votes are counted, if each judge of a further round executes so many
// tasks.
func (t *Chunk) rule(judged uint64) (types.Rule, error) {
	if !t.job.Slashable {
		return types.Rule{Last: true, Lenient: true}, nil
	}
	target, _, err := t.nextTarget(judged)
	return types.Rule{Last: target == 0}, err
}
