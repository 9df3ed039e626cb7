package keeper

import (
	"context"

	"cosmossdk.io/collections"

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
	node, err := k.current(ctx, params, operator)
	if err != nil {
		return 0, err
	}
	switch node.State.Status {
	case types.NODE_STATUS_ACTIVE:
		if err := k.extendLease(ctx, &node.State); err != nil {
			return 0, err
		}
		if err := k.states.Set(ctx, operator, node.State); err != nil {
			return 0, err
		}
	case types.NODE_STATUS_LAPSED:
		if err := k.moveTo(ctx, params, operator, &node, types.NODE_STATUS_ACTIVE); err != nil {
			return 0, err
		}
		if err := k.saveReweighed(ctx, params, operator, node.Profile.Class, node.State); err != nil {
			return 0, err
		}
	case types.NODE_STATUS_JAILED:
		return 0, jailed(operator, node.State.Jail)
	default:
		return 0, types.ErrInvalidStatus.Wrapf(
			"expected an active or lapsed node, found one that is %s; its lease begins when its operator resumes it", node.State.Status.Title())
	}
	return node.State.LeaseEnd, emit(ctx, types.NewEventLeaseRenewed(node.Profile.Operator, node.State.LeaseEnd))
}

// extendLease moves the end of an active node's lease, never back. It writes no
// queue entry: the one there is is moved when it is found due.
func (k *Keeper) extendLease(ctx context.Context, state *types.NodeState) error {
	params, err := k.params.Get(ctx)
	if err != nil {
		return err
	}
	state.LeaseEnd = max(state.LeaseEnd, leaseFrom(ctx, params))
	return nil
}

// openLease gives a node that turns active a lease and its place in the queue.
func (k *Keeper) openLease(ctx context.Context, params types.Params, operator sdk.AccAddress, state *types.NodeState) error {
	state.LeaseEnd = leaseFrom(ctx, params)
	return k.queueLease(ctx, operator, state, state.LeaseEnd)
}

func leaseFrom(ctx context.Context, params types.Params) int64 {
	return height(ctx) + int64(params.LeaseBlocks) //nolint:gosec // at most 2^48
}

// queueLease has the queue look at a lease at a height.
func (k *Keeper) queueLease(ctx context.Context, operator sdk.AccAddress, state *types.NodeState, at int64) error {
	state.LeaseCheck = at
	return k.leases.Set(ctx, collections.Join(at, operator))
}

// dropLeaseCheck takes a node out of the queue, if it is there.
func (k *Keeper) dropLeaseCheck(ctx context.Context, operator sdk.AccAddress, state *types.NodeState) error {
	if state.LeaseCheck == 0 {
		return nil
	}
	at := state.LeaseCheck
	state.LeaseCheck = 0
	return k.leases.Remove(ctx, collections.Join(at, operator))
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
	node, err := k.Node(ctx, operator)
	if err != nil {
		return err
	}
	if node.State.LeaseEnd <= height(ctx) {
		return k.lapse(ctx, params, operator, &node)
	}
	if err := k.dropLeaseCheck(ctx, operator, &node.State); err != nil {
		return err
	}
	if err := k.queueLease(ctx, operator, &node.State, node.State.LeaseEnd); err != nil {
		return err
	}
	return k.states.Set(ctx, operator, node.State)
}

// current returns a node with what is due applied: a lease that has run out is
// over whether or not the queue has come to it.
func (k *Keeper) current(ctx context.Context, params types.Params, operator sdk.AccAddress) (types.Node, error) {
	node, err := k.Node(ctx, operator)
	if err != nil {
		return types.Node{}, err
	}
	if node.State.Status == types.NODE_STATUS_ACTIVE && node.State.LeaseEnd < height(ctx) {
		err = k.lapse(ctx, params, operator, &node)
	}
	return node, err
}

// lapse ends and saves an active node's lease as of the height at which it ran
// out: the epochs that have begun since do not count the node, however late this
// comes.
func (k *Keeper) lapse(ctx context.Context, params types.Params, operator sdk.AccAddress, node *types.Node) error {
	if err := k.moveTo(ctx, params, operator, node, types.NODE_STATUS_LAPSED); err != nil {
		return err
	}
	from, err := k.firstEpochAfter(ctx, node.State.LeaseEnd)
	if err != nil {
		return err
	}
	if err := k.uncount(ctx, params, from, node); err != nil {
		return err
	}
	return k.states.Set(ctx, operator, node.State)
}

func (k *Keeper) postponeLease(ctx context.Context, operator sdk.AccAddress) error {
	state, err := k.state(ctx, operator)
	if err != nil {
		return err
	}
	if err := k.dropLeaseCheck(ctx, operator, &state); err != nil {
		return err
	}
	if err := k.queueLease(ctx, operator, &state, height(ctx)+leaseRetryBlocks); err != nil {
		return err
	}
	return k.states.Set(ctx, operator, state)
}

// lapsed is the refusal of a node without a lease.
func lapsed(operator sdk.AccAddress, state types.NodeState) error {
	return types.ErrLeaseLapsed.Wrapf(
		"the worker of %s has sent no message since the lease ended at height %d; renew the lease by running thetaedge start",
		operator, state.LeaseEnd)
}
