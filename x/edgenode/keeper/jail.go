package keeper

import (
	"context"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/thetaedge/theta/x/edgenode/types"
)

// CountMissed counts a deadline that a node has missed at a height, and for which
// Penalize was called then, towards jail. One from before or within a term is not
// counted, however long it took until somebody could say that it counts. It returns
// ErrNodeNotFound when the node is gone. Callers run it in a cached context.
func (k *Keeper) CountMissed(ctx context.Context, operator sdk.AccAddress, missedAt int64) error {
	params, err := k.params.Get(ctx)
	if err != nil {
		return err
	}
	node, err := k.current(ctx, params, operator)
	if err != nil {
		return err
	}
	if err := k.countPoints(ctx, params, operator, &node, types.ReasonMissedDeadline, missedAt); err != nil {
		return err
	}
	return k.saveReweighed(ctx, params, operator, node.Profile.Class, node.State)
}

// countFault notes a wrong result or a silent commitment and counts it towards jail.
// The caller saves the state.
func (k *Keeper) countFault(ctx context.Context, params types.Params, operator sdk.AccAddress, node *types.Node, reason string) error {
	if reason == types.ReasonNoReveal {
		node.State.Faults.Silent++
	} else {
		node.State.Faults.Wrong++
	}
	return k.countPoints(ctx, params, operator, node, reason, height(ctx))
}

// countPoints counts a fault of a height and jails the node when it was one too many. A paused
// or lapsed node is jailed too, so that stepping aside is no way out; a retired
// one stays retired and may not register again before its term is over. The
// caller saves the state.
func (k *Keeper) countPoints(ctx context.Context, params types.Params, operator sdk.AccAddress, node *types.Node, reason string, at int64) error {
	status := node.State.Status
	if status == types.NODE_STATUS_JAILED || !node.State.Jail.CountFault(params.Jail, reason, at, height(ctx)) {
		return nil
	}
	if status != types.NODE_STATUS_RETIRED {
		if err := k.moveTo(ctx, params, operator, node, types.NODE_STATUS_JAILED); err != nil {
			return err
		}
	}
	return emit(ctx, types.NewEventJailed(node.Profile.Operator, node.State.Jail))
}

// unjail makes a jailed node active when its term is over. Only from then on do
// blocks without fault count.
func (k *Keeper) unjail(ctx context.Context, operator sdk.AccAddress) error {
	params, err := k.params.Get(ctx)
	if err != nil {
		return err
	}
	node, err := k.current(ctx, params, operator)
	if err != nil {
		return err
	}
	if node.State.Status != types.NODE_STATUS_JAILED {
		return types.ErrInvalidStatus.Wrapf("expected the node of %s to be jailed, found it %s", operator, node.State.Status.Title())
	}
	if height(ctx) < node.State.Jail.Until {
		return jailed(operator, node.State.Jail)
	}
	if err := k.moveTo(ctx, params, operator, &node, types.NODE_STATUS_ACTIVE); err != nil {
		return err
	}
	node.State.Jail.CleanSince = height(ctx)
	return k.saveReweighed(ctx, params, operator, node.Profile.Class, node.State)
}

// jailed is the refusal of a node in jail.
func jailed(operator sdk.AccAddress, record types.JailRecord) error {
	return types.ErrJailed.Wrapf("node of %s, for repeated faults; its operator may unjail it from height %d on", operator, record.Until)
}
