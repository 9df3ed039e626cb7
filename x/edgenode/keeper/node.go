package keeper

import (
	"context"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/thetaedge/theta/x/edgenode/types"
)

// node is a node that a message, a call of x/compute or an item of a queue changes. It is
// loaded once, its methods change it in memory, and save writes it once. Its methods do
// everything else, such as queueing an unbonding or emitting an event, in ctx.
type node struct {
	keeper   *Keeper
	ctx      context.Context
	operator sdk.AccAddress
	state    types.NodeState
	// params and profile are empty after loadStake, until returnBond reads them.
	params  types.Params
	profile types.NodeProfile
	unsaved unsaved
	// stake is what the operator has at stake according to the records.
	stake types.Stake
}

// load returns the node of an operator, or ErrNodeNotFound. It applies what is due: what was held
// until an earlier height is unlocked, and a lease that has run out is over, whether or not the
// queue has visited it.
func (k *Keeper) load(ctx context.Context, params types.Params, operator sdk.AccAddress) (*node, error) {
	n, err := k.loadStake(ctx, operator)
	if err != nil {
		return nil, err
	}
	n.params = params
	if err := n.readProfile(); err != nil {
		return nil, err
	}
	if n.state.Status == types.NODE_STATUS_ACTIVE && n.state.LeaseEnd < n.height() {
		if err := n.lapse(); err != nil {
			return nil, err
		}
	}
	return n, nil
}

// loadOpen returns a node that is not retired.
func (k *Keeper) loadOpen(ctx context.Context, params types.Params, operator sdk.AccAddress) (*node, error) {
	n, err := k.load(ctx, params, operator)
	if err != nil {
		return nil, err
	}
	if n.state.Status == types.NODE_STATUS_RETIRED {
		return nil, types.ErrInvalidStatus.Wrap("expected an open node, found it retired; register again once it is closed")
	}
	return n, nil
}

// loadStake loads a node for work that locks or frees its slots and bond, without its profile. It
// leaves a lease that has run out to the queue and to messages, because work compares the lease
// with the height.
func (k *Keeper) loadStake(ctx context.Context, operator sdk.AccAddress) (*node, error) {
	state, err := k.state(ctx, operator)
	if err != nil {
		return nil, err
	}
	n := k.newNode(ctx, operator, state)
	n.unsaved.leaseCheck = state.LeaseCheck
	n.stake = state.Stake()
	return n, nil
}

// newNode returns a node that no index contains yet.
func (k *Keeper) newNode(ctx context.Context, operator sdk.AccAddress, state types.NodeState) *node {
	return &node{keeper: k, ctx: ctx, operator: operator, state: state, stake: types.NoStake()}
}

// save writes the record of a node and the indexes that contain the node. No other function
// writes them.
func (k *Keeper) save(n *node) error {
	if err := k.reindex(n); err != nil {
		return err
	}
	if n.unsaved.removed {
		return k.remove(n)
	}
	if !n.unsaved.state {
		return nil
	}
	if err := k.states.Set(n.ctx, n.operator, n.state); err != nil {
		return err
	}
	return k.reportStake(n)
}

// reportStake tells the hooks that what the operator has at stake has changed.
func (k *Keeper) reportStake(n *node) error {
	before, after := n.stake, n.state.Stake()
	if k.hooks == nil || n.unsaved.imported || after.Equal(before) {
		return nil
	}
	n.stake = after
	return k.hooks.AfterStakeChanged(n.ctx, n.operator, before, after)
}

// remove deletes the record of a node that no index contains any more.
func (k *Keeper) remove(n *node) error {
	if err := k.states.Remove(n.ctx, n.operator); err != nil {
		return err
	}
	return k.profiles.Remove(n.ctx, n.operator)
}

// change returns the state for a method that changes it.
func (n *node) change() *types.NodeState {
	n.unsaved.state = true
	return &n.state
}

// declare replaces the declaration of the operator.
func (n *node) declare(profile types.NodeProfile) {
	n.profile, n.unsaved.profile = profile, true
}

func (n *node) readProfile() (err error) {
	n.profile, err = n.keeper.profiles.Get(n.ctx, n.operator)
	return err
}

func (n *node) height() int64 { return height(n.ctx) }
