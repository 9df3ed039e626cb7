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
	echo    bool
	outcome types.Outcome
}

// moveTo records how the part ended.
func (b *ballot) moveTo(status types.AssignmentStatus) error {
	b.outcome.Status = status
	return b.a.MoveTo(status)
}

// ballots returns the replicas of all rounds with their votes, ordered by round and draw.
func (t *Task) ballots() ([]ballot, error) {
	parts := t.replicas()
	out := make([]ballot, len(parts))
	for i, a := range parts {
		addr, err := t.operator(a.Operator)
		if err != nil {
			return nil, err
		}
		out[i] = ballot{a: a, operator: addr, vote: t.vote(a), outcome: newOutcome(a)}
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
func (t *Task) vote(a part) types.Vote {
	v := types.Vote{Operator: a.Operator, Round: a.round}
	if a.Status != types.ASSIGNMENT_STATUS_REVEALED {
		return v
	}
	said := verdict{tag: a.Tag, fuel: a.Metrics.Fuel, exitCode: a.ExitCode}
	if t.discloses() {
		shown := t.disclosedBy(a)
		if shown == nil {
			return v
		}
		said.tag, said.digest, said.trace = nil, shown.Digest, shown.Trace
		v.Own = string(shown.OwnTrace)
	}
	v.Key = said.key()
	return v
}

// verdict is a result on which replicas agree: its tag, or if results are opened, its digest
// and its trace under the first round's key.
type verdict struct {
	tag, digest, trace []byte
	fuel               uint64
	exitCode           uint32
}

// key returns the string that represents the result in votes.
func (v verdict) key() string {
	hashes := slices.Concat(v.tag, v.digest, v.trace)
	return string(binary.BigEndian.AppendUint32(binary.BigEndian.AppendUint64(hashes, v.fuel), v.exitCode))
}

// verdictOf is the inverse of key.
func verdictOf(key string) verdict {
	hashes, numbers := []byte(key[:len(key)-12]), []byte(key[len(key)-12:])
	v := verdict{fuel: binary.BigEndian.Uint64(numbers), exitCode: binary.BigEndian.Uint32(numbers[8:])}
	if len(hashes) == types.HashSize {
		v.tag = hashes
	} else {
		v.digest, v.trace = hashes[:types.HashSize], hashes[types.HashSize:]
	}
	return v
}

// rule returns how the votes are counted.
func (t *Task) rule() (types.Rule, error) {
	if !t.job.Slashable {
		return types.Rule{Last: true, Lenient: true}, nil
	}
	target, _, err := t.nextTarget()
	return types.Rule{Last: target == 0}, err
}
