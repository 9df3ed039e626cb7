package bid

import (
	"cmp"
	"fmt"
	stdmath "math"
	"time"

	"cosmossdk.io/math"
)

const (
	// slowBlock is more than the average time between two blocks. It is used to estimate when
	// an assignment will be over.
	slowBlock = 3 * time.Second
	// lateRounds is the number of reveal windows that may follow a commitment: the window of
	// its own round, those of further rounds, and one as a margin.
	lateRounds = 4
	// FinishGas is more gas than all transactions of one assignment need, from its claim on. If a
	// committed result cannot be revealed because the fees are missing, the node loses the whole
	// stake.
	FinishGas = 3_000_000
	// Register is the command with which the operator registers the node, declares its settings and renews its fee
	// grant. DIR is the folder of the operator's keys, which are not those of the node.
	Register = "thetaedge register --from KEY"
	// RenewGrant tells the owner how to renew the fee grant.
	RenewGrant = "run " + Register + " again to renew it"
)

// Fees is the amount that the worker key may still spend on fees.
type Fees struct {
	// Assignments is the number of further assignments that the node can take on and still pay
	// for everything that it holds.
	Assignments int
	// Until is the time at which the fee grant expires. It is zero if the grant does not
	// expire.
	Until time.Time
	// Why explains why the node cannot take on any assignment. It is set if Assignments is 0.
	Why string
}

// NoFees returns fees that do not pay for any assignment.
func NoFees(why string) Fees { return Fees{Why: why} }

// AllFees returns fees that are unlimited until a time, or forever if the time is zero.
func AllFees(until time.Time) Fees { return Fees{Assignments: stdmath.MaxInt, Until: until} }

// Bound limits the fees to what one source of money can pay. left is what the source still has
// and each is the highest cost of one assignment, both in the fee denom. unpaid is the number
// of assignments that have to be finished first. why names the source.
func (f *Fees) Bound(left, each math.Int, unpaid int, why string) {
	enough := left.Quo(each)
	if !enough.IsInt64() {
		return
	}
	if more := max(int(min(enough.Int64(), stdmath.MaxInt32))-unpaid, 0); more < f.Assignments {
		f.Assignments, f.Why = more, why
	}
}

// short explains why the fees for a job might not last until the job is over. It returns "" if
// they will.
func (f Fees) short(j *Job, revealBlocks uint64, now time.Time) string {
	if f.Assignments <= 0 {
		return cmp.Or(f.Why, "nothing pays its fees")
	}
	blocks := j.Spec.CommitBlocks + lateRounds*revealBlocks
	if !f.Until.IsZero() && f.Until.Before(now.Add(time.Duration(min(blocks, stdmath.MaxInt32))*slowBlock)) { //nolint:gosec // bounded here
		return fmt.Sprintf("the fee grant ends at %s, perhaps before the task does; %s", f.Until.Format(time.RFC3339), RenewGrant)
	}
	return ""
}
