package keeper

import (
	"context"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/thetaedge/theta/x/edgenode/types"
	"github.com/thetaedge/theta/x/internal/isolated"
)

// leaseRetryBlocks is the number of blocks after which the queue visits a lease again that it
// could not end. The delay prevents the lease from staying at the head of the queue forever.
const leaseRetryBlocks = 1000

// renewLease renews the lease of the node that a worker serves, and returns the last height
// for which the lease holds. A lapsed node becomes active again.
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

// renew moves the end of an active node's lease to a later height, never to an earlier one.
// The entry in the queue does not change until it becomes due.
func (n *node) renew() error {
	params, err := n.keeper.params.Get(n.ctx)
	if err != nil {
		return err
	}
	n.change().LeaseEnd = max(n.state.LeaseEnd, leaseFrom(n.height(), params))
	return nil
}

// openLease gives a node that becomes active a whole lease from a height on, and an entry in
// the queue.
func (n *node) openLease(from int64) {
	state := n.change()
	state.LeaseEnd = leaseFrom(from, n.params)
	state.LeaseCheck = state.LeaseEnd
}

func leaseFrom(height int64, params types.Params) int64 {
	return height + int64(params.LeaseBlocks) //nolint:gosec // at most 2^48
}

// ExpireLeases visits the leases that are due, at most queue_limit of them. If a lease was
// renewed, its entry moves to the new end; otherwise the node lapses. An item that fails is
// put back for later, and none can halt the chain. No node gains from a backlog: Reserve
// compares heights itself, messages first end a lease that is over, and a lapse counts from
// the height at which the lease ended.
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

// checkLease ends a lease that has run out, or moves its entry to the current end of the
// lease.
func (k *Keeper) checkLease(ctx context.Context, params types.Params, operator sdk.AccAddress) error {
	n, err := k.load(ctx, params, operator)
	if err != nil {
		return err
	}
	switch {
	case n.unsaved.lapsed != nil: // load has found that the lease is over
	case n.state.LeaseEnd <= n.height():
		if err := n.lapse(); err != nil {
			return err
		}
	default:
		n.change().LeaseCheck = n.state.LeaseEnd
	}
	return k.save(n)
}

// lapse ends an active node's lease as of the height at which it ran out. Epochs that have
// begun since then do not count the node, however late lapse is called.
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

// lapsed returns the error that refuses a node without a lease.
func lapsed(operator sdk.AccAddress, state types.NodeState) error {
	return types.ErrLeaseLapsed.Wrapf(
		"the worker of %s has sent no message since the lease ended at height %d; renew the lease by running thetaedge start",
		operator, state.LeaseEnd)
}
