package bid

import (
	"cmp"
	"fmt"
	stdmath "math"
	"time"

	"cosmossdk.io/math"
)

const (
	// slowBlock is more than the average time of a block. It is used to tell when an
	// assignment is over.
	slowBlock = 3 * time.Second
	// lateRounds is how many reveal windows may follow the commitment: that of its
	// own round, those of further ones, and one for good measure.
	lateRounds = 4
	// RenewGrant is what the owner does about fees.
	RenewGrant = "run thetaedge register --from KEY again to renew it"
)

// Fees are what the worker key may still spend on fees.
type Fees struct {
	// Assignments that can be taken on so that all that are held can be finished.
	Assignments int
	// Until is when the fee grant ends; zero if it does not.
	Until time.Time
	// Why nothing more can be taken on when Assignments is 0.
	Why string
}

// NoFees are fees that pay for nothing.
func NoFees(why string) Fees { return Fees{Why: why} }

// AllFees are fees without a limit until a time; zero is for ever.
func AllFees(until time.Time) Fees { return Fees{Assignments: stdmath.MaxInt, Until: until} }

// Bound limits fees to what a purse pays for: left is what it has, each what one assignment
// may cost, both in the fee denom, and unpaid how many assignments it has to finish first.
// why says whose purse it is.
func (f *Fees) Bound(left, each math.Int, unpaid int, why string) {
	enough := left.Quo(each)
	if !enough.IsInt64() {
		return
	}
	if more := max(int(min(enough.Int64(), stdmath.MaxInt32))-unpaid, 0); more < f.Assignments {
		f.Assignments, f.Why = more, why
	}
}

// short returns why the fees of a job cannot be relied on to its end, "" if they can.
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
