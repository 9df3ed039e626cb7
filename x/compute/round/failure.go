package round

import (
	"cosmossdk.io/math"

	"github.com/thetaedge/theta/x/compute/types"
	edgenodetypes "github.com/thetaedge/theta/x/edgenode/types"
)

// Where only a majority supports a result, a failure earns the attempt fee. types/failure.go
// says why.

// states returns what a node commits to together with its tag: the exit code of a single result, or
// the number of failed tasks of a chunk of several.
func (t *Chunk) states(item types.RevealItem) uint32 {
	if t.single() {
		return item.ExitCode
	}
	return item.FailedTasks
}

// checkFailures refuses a number of failed tasks where none is stated, or one that the chunk
// cannot have.
func (t *Chunk) checkFailures(a part, item types.RevealItem) error {
	most := uint64(0)
	if !t.single() && t.covers(a) && t.job.Policy.CountsFailures() {
		most = t.count()
	}
	if uint64(item.FailedTasks) > most {
		return types.ErrRevealMismatch.Wrapf("failed tasks: expected at most %d, found %d; state them with the root of a chunk of several tasks under %s",
			most, item.FailedTasks, types.POLICY_KIND_QUORUM)
	}
	return nil
}

// failed returns the number of tasks of a result that earn the attempt fee only.
func (t *Chunk) failed(found verdict) uint64 {
	switch {
	case t.job.Guarantee().PaysFailures():
		return 0
	case !t.single():
		return uint64(found.failed)
	case found.exitCode != 0:
		return t.count()
	default:
		return 0
	}
}

// unearned returns the part of a replica's pay that failed tasks do not earn, in the reward's
// denom. It returns to the requester.
func (t *Chunk) unearned(failed uint64) math.Int {
	return t.job.Pay(failed).Sub(t.params.FailedPay(&t.job, failed))
}

// mostShared returns the most that nodes that are right share of the losers' liabilities, in
// the bond denom: the reward of one task. Nodes that agree on a failure do not gain from the
// silence of another one.
func (t *Chunk) mostShared(failed uint64) math.Int {
	if failed > 0 {
		return math.ZeroInt()
	}
	return t.job.BondValue
}

// outvote ends the part of a node that a majority contradicts. It keeps its bond. If the
// accepted result does not contain a failure, the node earns nothing, and it counts towards jail.
// Otherwise the node may have had a result where the others had none: it earns what they earn
// for failed tasks.
func (t *Chunk) outvote(b *ballot, failed uint64) error {
	if failed > 0 {
		fee := t.params.FailedPay(&t.job, failed)
		status := types.ASSIGNMENT_STATUS_UNPAID
		if fee.IsPositive() {
			status = types.ASSIGNMENT_STATUS_PAID
		}
		if err := t.unlock(b, status); err != nil {
			return err
		}
		return t.payFromEscrow(b, fee, types.CREDIT_SOURCE_ATTEMPTS)
	}
	if _, err := t.deps.Nodes.Penalize(t.ctx, edgenodetypes.PenaltyRequest{
		Operator: b.operator, Liability: b.a.Locked, Amount: math.ZeroInt(),
		Reason: edgenodetypes.ReasonWrongResult, JobID: t.job.Id, Task: t.record.Index,
	}); err != nil {
		return err
	}
	return b.moveTo(types.ASSIGNMENT_STATUS_UNPAID)
}

// payFailedSeats burns what a result with failed tasks has cost less than the fees of its seats.
// A requester who can make a program fail would otherwise draw again for less until their own
// nodes hold all seats.
func (t *Chunk) payFailedSeats(ballots []ballot, failed uint64) error {
	if failed == 0 {
		return nil
	}
	return t.paySeats(ballots, false)
}
