package agent

import (
	"context"
	"errors"
	"fmt"
	"time"

	"cosmossdk.io/math"

	"github.com/thetaedge/theta/sidecar/bid"
	"github.com/thetaedge/theta/sidecar/chain"
)

// readFees reads what the worker key may spend on fees. unpaid is the number of assignments
// that have to be finished first.
func (a *Agent) readFees(ctx context.Context, unpaid int) (bid.Fees, error) {
	grant, err := a.cfg.Chain.Grant(ctx, a.view.node.Profile.Operator, a.cfg.Chain.Address().String())
	switch {
	case errors.Is(err, chain.ErrNotFound):
		return bid.NoFees("the worker key has no fee grant of its operator; " + bid.RenewGrant), nil
	case err != nil:
		return bid.Fees{}, err
	case len(grant.Missing) > 0:
		return bid.NoFees(fmt.Sprintf("the fee grant does not pay for %s; %s", grant.Missing[0], bid.RenewGrant)), nil
	}
	fees := bid.AllFees(time.Time{})
	if grant.Expiry != nil {
		fees.Until = *grant.Expiry
	}
	today, limited, err := a.cfg.Chain.FeesLeft()
	if err != nil {
		return bid.Fees{}, err
	}
	if grant.Left == nil && !limited {
		return fees, nil
	}
	params, err := a.cfg.Chain.RewardsParams(ctx)
	if err != nil {
		return bid.Fees{}, err
	}
	each := params.MinGasPrice.Mul(math.NewInt(bid.FinishGas))
	if !each.IsPositive() {
		return fees, nil
	}
	if grant.Left != nil {
		left := grant.Left.AmountOf(params.FeeDenom)
		fees.Bound(left, each, unpaid, fmt.Sprintf("the fee grant has %s%s left, which is kept to finish what is held; %s", left, params.FeeDenom, bid.RenewGrant))
	}
	if limited {
		fees.Bound(today, each, unpaid, fmt.Sprintf("%s%s are left of what fees may cost today (fees.max-day), which is kept to finish what is held; raise that, or wait for midnight in UTC", today, params.FeeDenom))
	}
	return fees, nil
}
