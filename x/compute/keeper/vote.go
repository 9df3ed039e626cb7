package keeper

import (
	"encoding/binary"
	"slices"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/thetaedge/theta/x/compute/types"
)

// ballot is one replica's part in a verdict.
type ballot struct {
	a        part
	operator sdk.AccAddress
	vote     types.Vote
	outcome  types.Outcome
}

// moveTo notes how the part ended.
func (b *ballot) moveTo(status types.AssignmentStatus) error {
	b.outcome.Status = status
	return b.a.MoveTo(status)
}

// ballots returns the replicas of all rounds with what they say, in order of
// round and draw.
func (w *work) ballots() ([]ballot, error) {
	parts := w.replicas()
	out := make([]ballot, len(parts))
	for i, a := range parts {
		addr, err := w.operator(a.Operator)
		if err != nil {
			return nil, err
		}
		out[i] = ballot{a: a, operator: addr, vote: w.vote(a), outcome: newOutcome(a)}
	}
	return out, nil
}

// vote keys a revealed result by its tag, and by its digest where those are shown. The exit
// code is part of it: whoever reports a false one has said something else.
func (w *work) vote(a part) types.Vote {
	v := types.Vote{Operator: a.Operator, Round: a.round}
	switch {
	case a.Status != types.ASSIGNMENT_STATUS_REVEALED:
	case !w.opens():
		v.Key = voteKey(a.Tag, a.ExitCode)
	default:
		v.Key = voteKey(w.openedDigest(a), a.ExitCode)
	}
	return v
}

// exitCodeSize is the length of the exit code at the end of a vote's key.
const exitCodeSize = 4

// voteKey stands for a result by its tag or digest, empty without one.
func voteKey(hash []byte, exitCode uint32) string {
	if len(hash) == 0 {
		return ""
	}
	return string(binary.BigEndian.AppendUint32(slices.Clone(hash), exitCode))
}

// splitKey returns the tag or digest and the exit code of a vote that won.
func splitKey(key string) (hash []byte, exitCode uint32) {
	at := len(key) - exitCodeSize
	return []byte(key[:at]), binary.BigEndian.Uint32([]byte(key[at:]))
}

// rule returns how the votes are counted.
func (w *work) rule() (types.Rule, error) {
	if !w.job.Slashable {
		return types.Rule{Last: true, Lenient: true}, nil
	}
	target, _, err := w.nextTarget()
	return types.Rule{Last: target == 0}, err
}
