package keeper

import (
	"context"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/thetaedge/theta/x/edgenode/types"
)

// pause stops a node from claiming. The work that the node holds continues.
func (k *Keeper) pause(ctx context.Context, operator sdk.AccAddress) error {
	return k.changeStatus(ctx, operator, types.NODE_STATUS_PAUSED, func(state types.NodeState) error {
		if state.Status == types.NODE_STATUS_JAILED {
			return jailed(operator, state.Jail)
		}
		return nil
	})
}

// resume lets a paused node claim again.
func (k *Keeper) resume(ctx context.Context, operator sdk.AccAddress) error {
	return k.changeStatus(ctx, operator, types.NODE_STATUS_ACTIVE, func(state types.NodeState) error {
		switch state.Status {
		case types.NODE_STATUS_JAILED:
			return jailed(operator, state.Jail)
		case types.NODE_STATUS_LAPSED:
			return lapsed(operator, state)
		default:
			return nil
		}
	})
}

// changeStatus moves an open node to another status, unless the parameter may refuses it.
func (k *Keeper) changeStatus(
	ctx context.Context, operator sdk.AccAddress, to types.NodeStatus, may func(types.NodeState) error,
) error {
	params, err := k.params.Get(ctx)
	if err != nil {
		return err
	}
	n, err := k.loadOpen(ctx, params, operator)
	if err != nil {
		return err
	}
	if err := may(n.state); err != nil {
		return err
	}
	if n.state.Status == to {
		return types.ErrInvalidStatus.Wrapf("expected a node that can become %[1]s, found one that is %[1]s already", to.Title())
	}
	if err := n.moveTo(to); err != nil {
		return err
	}
	return k.save(n)
}

// moveTo gives a node another status, if the table of transitions allows it. The change counts
// from the next epoch on.
func (n *node) moveTo(to types.NodeStatus) error {
	n.reweigh()
	return n.setStatus(to)
}

// setStatus gives a node another status, if the table of transitions allows it, and gives an
// active node a lease. Only a retired node may move to the status that it has.
func (n *node) setStatus(to types.NodeStatus) error {
	from := n.state.Status
	if !from.CanBecome(to) {
		return types.ErrInvalidStatus.Wrapf("expected a node that can become %s, found one that is %s", to.Title(), from.Title())
	}
	if from == to {
		return nil
	}
	state := n.change()
	state.Status, state.LeaseCheck = to, 0
	switch to {
	case types.NODE_STATUS_ACTIVE:
		n.openLease(n.height())
	case types.NODE_STATUS_LAPSED: // lease_end says since when the node has been lapsed
	default:
		state.LeaseEnd = 0
	}
	return emit(n.ctx, types.NewEventNodeStatus(n.profile.Operator, from, to))
}
