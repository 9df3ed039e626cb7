package agent

import (
	"context"
	"errors"
	"fmt"
	"math"
	"time"

	sdkmath "cosmossdk.io/math"

	"github.com/thetaedge/theta/sidecar/chain"
	"github.com/thetaedge/theta/sidecar/store"
)

const (
	// finishGas is more than all the transactions of one assignment take from its
	// claim on: what is committed and cannot be revealed for want of fees costs the
	// whole stake.
	finishGas = 3_000_000
	// slowBlock is more than the time of a block on average, to judge by when an
	// assignment is over.
	slowBlock = 3 * time.Second
	// lateRounds is how many reveal windows may follow the commitment: that of its
	// own round, those of further ones, and one for good measure.
	lateRounds = 4
)

// renewGrant is what the owner does about fees.
const renewGrant = "run thetaedge register --from KEY again to renew it"

// funds is what the worker may still spend on fees, as of one look at the chain.
type funds struct {
	// assignments that can be taken on so that all that are held can be finished.
	assignments int
	// until is when the fee grant ends; zero for never.
	until time.Time
	// why nothing can be taken on when assignments is 0.
	why string
}

// readFunds reads the fee grant of the worker key.
func (a *Agent) readFunds(ctx context.Context) (funds, error) {
	grant, err := a.cfg.Chain.Grant(ctx, a.node.Profile.Operator, a.cfg.Chain.Address().String())
	switch {
	case errors.Is(err, chain.ErrNotFound):
		return funds{why: "the worker key has no fee grant of its operator; " + renewGrant}, nil
	case err != nil:
		return funds{}, err
	case len(grant.Missing) > 0:
		return funds{why: fmt.Sprintf("the fee grant does not pay for %s; %s", grant.Missing[0], renewGrant)}, nil
	}
	f := funds{assignments: math.MaxInt}
	if grant.Expiry != nil {
		f.until = *grant.Expiry
	}
	today, limited, err := a.cfg.Chain.FeesLeft()
	if err != nil {
		return funds{}, err
	}
	if grant.Left == nil && !limited {
		return f, nil
	}
	params, err := a.cfg.Chain.RewardsParams(ctx)
	if err != nil {
		return funds{}, err
	}
	each := params.MinGasPrice.Mul(sdkmath.NewInt(finishGas))
	if !each.IsPositive() {
		return f, nil
	}
	if grant.Left != nil {
		left := grant.Left.AmountOf(params.FeeDenom)
		f.bound(a.affords(left, each), fmt.Sprintf("the fee grant has %s%s left, which is kept to finish what is held; %s", left, params.FeeDenom, renewGrant))
	}
	if limited {
		f.bound(a.affords(today, each), fmt.Sprintf("%s%s are left of what fees may cost today (fees.max-day), which is kept to finish what is held; raise that, or wait for midnight in UTC", today, params.FeeDenom))
	}
	return f, nil
}

// bound takes the least of what several purses allow, and its reason.
func (f *funds) bound(assignments int, why string) {
	if assignments < f.assignments {
		f.assignments, f.why = assignments, why
	}
}

// affords is how many assignments can be taken on beside those that are held, when each
// may cost so much; math.MaxInt for any number.
func (a *Agent) affords(left, each sdkmath.Int) int {
	enough := left.Quo(each)
	if !enough.IsInt64() {
		return math.MaxInt
	}
	return max(int(min(enough.Int64(), math.MaxInt32))-a.unpaid(), 0)
}

// unpaid counts the assignments for which fees have still to be paid.
func (a *Agent) unpaid() int {
	count := 0
	for _, w := range a.assignments {
		if w.record.Phase != store.PhaseOpened && (w.record.Phase != store.PhaseClaimed || w.claimSent) {
			count++
		}
	}
	return count
}

// short says why the fees of a job cannot be relied on to its end; "" when they can.
func (f funds) short(j job, revealBlocks uint64, now time.Time) string {
	if f.assignments <= 0 {
		return f.why
	}
	blocks := j.spec.CommitBlocks + lateRounds*revealBlocks
	if !f.until.IsZero() && f.until.Before(now.Add(time.Duration(min(blocks, math.MaxInt32))*slowBlock)) { //nolint:gosec // bounded here
		return fmt.Sprintf("the fee grant ends at %s, perhaps before the task does; %s", f.until.Format(time.RFC3339), renewGrant)
	}
	return ""
}
