package keeper

import (
	"context"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/thetaedge/theta/x/edgenode/types"
)

// CountMissed counts a missed deadline towards jail. The caller has called Penalize at the
// height at which the node missed the deadline. A deadline from before or within a term in
// jail is not counted, however late the caller learns that it counts. CountMissed returns
// ErrNodeNotFound if the record of the node has been removed. Callers run it in a cached
// context.
func (k *Keeper) CountMissed(ctx context.Context, operator sdk.AccAddress, missedAt int64) error {
	params, err := k.params.Get(ctx)
	if err != nil {
		return err
	}
	n, err := k.load(ctx, params, operator)
	if err != nil {
		return err
	}
	if err := n.countPoints(types.ReasonMissedDeadline, missedAt); err != nil {
		return err
	}
	return k.save(n)
}

// countFault notes a wrong result or a silent commitment and counts it towards jail.
func (n *node) countFault(reason string) error {
	if state := n.change(); reason == types.ReasonNoReveal {
		state.Faults.Silent++
	} else {
		state.Faults.Wrong++
	}
	return n.countPoints(reason, n.height())
}

// countPoints counts the points of a fault at a height, and jails the node if they reach the
// limit. A paused or lapsed node is jailed too, so that a node cannot avoid jail by pausing or
// by letting its lease lapse. A retired node stays retired, and its operator may not register
// again before the term is over.
func (n *node) countPoints(reason string, at int64) error {
	n.reweigh()
	status := n.state.Status
	if status == types.NODE_STATUS_JAILED || !n.change().Jail.CountFault(n.params.Jail, reason, at, n.height()) {
		return nil
	}
	if status != types.NODE_STATUS_RETIRED {
		if err := n.moveTo(types.NODE_STATUS_JAILED); err != nil {
			return err
		}
	}
	return emit(n.ctx, types.NewEventJailed(n.profile.Operator, n.state.Jail))
}

// unjail makes a jailed node active if its term is over. Blocks without a fault are counted
// only from then on.
func (k *Keeper) unjail(ctx context.Context, operator sdk.AccAddress) error {
	params, err := k.params.Get(ctx)
	if err != nil {
		return err
	}
	n, err := k.load(ctx, params, operator)
	if err != nil {
		return err
	}
	if n.state.Status != types.NODE_STATUS_JAILED {
		return types.ErrInvalidStatus.Wrapf("expected the node of %s to be jailed, found it %s", operator, n.state.Status.Title())
	}
	if n.height() < n.state.Jail.Until {
		return jailed(operator, n.state.Jail)
	}
	if err := n.moveTo(types.NODE_STATUS_ACTIVE); err != nil {
		return err
	}
	n.change().Jail.CleanSince = n.height()
	return k.save(n)
}

// jailed returns the error that refuses a node in jail.
func jailed(operator sdk.AccAddress, record types.JailRecord) error {
	return types.ErrJailed.Wrapf("node of %s, for repeated faults; its operator may unjail it from height %d on", operator, record.Until)
}
