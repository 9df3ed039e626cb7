package keeper

import (
	"context"
	"errors"

	"cosmossdk.io/collections"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/thetaedge/theta/x/edgenode/types"
)

// Node returns the node of an operator, or ErrNodeNotFound. A retired node is
// returned too until its record is removed.
func (k *Keeper) Node(ctx context.Context, operator sdk.AccAddress) (types.Node, error) {
	state, err := k.state(ctx, operator)
	if err != nil {
		return types.Node{}, err
	}
	profile, err := k.profiles.Get(ctx, operator)
	if err != nil {
		return types.Node{}, err
	}
	return types.Node{Profile: profile, State: state}, nil
}

// WalkNodes calls show for nodes in order of operator. The parameter most is the highest
// number of calls. WalkNodes returns how many nodes it has shown and whether there are more.
// Queries use it.
func (k *Keeper) WalkNodes(ctx context.Context, most int, show func(types.Node) error) (int, bool, error) {
	shown, more := 0, false
	err := k.states.Walk(ctx, nil, func(operator sdk.AccAddress, state types.NodeState) (bool, error) {
		if shown == most {
			more = true
			return true, nil
		}
		profile, err := k.profiles.Get(ctx, operator)
		if err != nil {
			return true, err
		}
		shown++
		state.EndHolds(height(ctx))
		return false, show(types.Node{Profile: profile, State: state})
	})
	return shown, more, err
}

// Class returns a hardware class of the parameters, or ErrUnknownClass.
func (k *Keeper) Class(ctx context.Context, id string) (types.HardwareClass, error) {
	params, err := k.params.Get(ctx)
	if err != nil {
		return types.HardwareClass{}, err
	}
	return params.Class(id)
}

// state returns a node's state in which holds that have ended are unlocked.
func (k *Keeper) state(ctx context.Context, operator sdk.AccAddress) (types.NodeState, error) {
	state, err := k.states.Get(ctx, operator)
	if errors.Is(err, collections.ErrNotFound) {
		return types.NodeState{}, types.ErrNodeNotFound.Wrapf("operator %s has no node; register one", operator)
	}
	state.EndHolds(height(ctx))
	return state, err
}
