package keeper

import (
	"context"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/thetaedge/theta/x/edgenode/types"
	"github.com/thetaedge/theta/x/internal/isolated"
)

// leaseRetryBlocks is how long a lease waits that could not be ended, so that it
// does not stand at the head of the queue for ever.
const leaseRetryBlocks = 1000

// renewLease takes a worker's sign of life and returns the last height for which
// it holds. A lapsed node is active again.
func (k *Keeper) renewLease(ctx context.Context, worker sdk.AccAddress) (int64, error) {
	operator, err := k.OperatorOf(ctx, worker)
	if err != nil {
		return 0, err
	}
	params, err := k.params.Get(ctx)
	if err != nil {
		return 0, err
	}
	n, err := k.load(ctx, params, operator)
	if err != nil {
		return 0, err
	}
	switch n.state.Status {
	case types.NODE_STATUS_ACTIVE:
		err = n.renew()
	case types.NODE_STATUS_LAPSED:
		err = n.moveTo(types.NODE_STATUS_ACTIVE)
	case types.NODE_STATUS_JAILED:
		err = jailed(operator, n.state.Jail)
	default:
		err = types.ErrInvalidStatus.Wrapf(
			"expected an active or lapsed node, found one that is %s; its lease begins when its operator resumes it", n.state.Status.Title())
	}
	if err != nil {
		return 0, err
	}
	if err := k.save(n); err != nil {
		return 0, err
	}
	return n.state.LeaseEnd, emit(ctx, types.NewEventLeaseRenewed(n.profile.Operator, n.state.LeaseEnd))
}

// renew moves the end of an active node's lease, never back. The queue's entry stays where it is
// until it becomes due.
func (n *node) renew() error {
	params, err := n.keeper.params.Get(n.ctx)
	if err != nil {
		return err
	}
	n.change().LeaseEnd = max(n.state.LeaseEnd, leaseFrom(n.height(), params))
	return nil
}

// openLease gives a node that becomes active a whole lease from a height on, and its place in the
// queue.
func (n *node) openLease(from int64) {
	state := n.change()
	state.LeaseEnd = leaseFrom(from, n.params)
	state.LeaseCheck = state.LeaseEnd
}

func leaseFrom(height int64, params types.Params) int64 {
	return height + int64(params.LeaseBlocks) //nolint:gosec // at most 2^48
}

// ExpireLeases looks at the leases that are due, at most queue_limit: one that
// was renewed moves to its end, one that was not lapses. An item that fails is
// put back for later; none can halt the chain. A backlog wins nobody anything:
// Reserve compares heights by itself, messages end a lease that is over before
// they do anything else, and a lapse counts from where the lease ended.
func (k *Keeper) ExpireLeases(ctx context.Context) error {
	params, err := k.params.Get(ctx)
	if err != nil {
		return err
	}
	due, err := dueItems(ctx, k.leases, int(params.QueueLimit))
	if err != nil {
		return err
	}
	for _, item := range due {
		operator := item.K2()
		err := isolated.Run(ctx, func(ctx context.Context) error { return k.checkLease(ctx, params, operator) })
		if err == nil {
			continue
		}
		k.logger(ctx).Error("expected to look at a lease, will try later", "operator", operator.String(), "err", err)
		err = isolated.Run(ctx, func(ctx context.Context) error { return k.postponeLease(ctx, operator) })
		if err != nil {
			k.logger(ctx).Error("expected to postpone a lease", "operator", operator.String(), "err", err)
		}
	}
	return nil
}

// checkLease ends a lease that has run out or moves its check to where it ends.
func (k *Keeper) checkLease(ctx context.Context, params types.Params, operator sdk.AccAddress) error {
	n, err := k.load(ctx, params, operator)
	if err != nil {
		return err
	}
	switch {
	case n.unsaved.lapsed != nil: // load has found the lease over
	case n.state.LeaseEnd <= n.height():
		if err := n.lapse(); err != nil {
			return err
		}
	default:
		n.change().LeaseCheck = n.state.LeaseEnd
	}
	return k.save(n)
}

// lapse ends an active node's lease as of the height at which it ran out: the epochs that have begun
// since do not count the node, however late this comes.
func (n *node) lapse() error {
	if err := n.setStatus(types.NODE_STATUS_LAPSED); err != nil {
		return err
	}
	from, err := n.keeper.firstEpochAfter(n.ctx, n.state.LeaseEnd)
	if err != nil {
		return err
	}
	none := n.state.Checkpoint(from, n.params.BondPerSlot, n.profile.Class)
	n.unsaved.lapsed = &none
	return nil
}

func (k *Keeper) postponeLease(ctx context.Context, operator sdk.AccAddress) error {
	n, err := k.loadStake(ctx, operator)
	if err != nil {
		return err
	}
	n.change().LeaseCheck = n.height() + leaseRetryBlocks
	return k.save(n)
}

// lapsed is the refusal of a node without a lease.
func lapsed(operator sdk.AccAddress, state types.NodeState) error {
	return types.ErrLeaseLapsed.Wrapf(
		"the worker of %s has sent no message since the lease ended at height %d; renew the lease by running thetaedge start",
		operator, state.LeaseEnd)
}
