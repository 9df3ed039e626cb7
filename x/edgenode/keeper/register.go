package keeper

import (
	"context"
	"errors"

	"cosmossdk.io/collections"
	"cosmossdk.io/math"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/thetaedge/theta/x/edgenode/types"
)

// register opens a node and takes its bond. If there is a closed record, it is opened again:
// its faults, its terms in jail and the weights of past epochs stay.
func (k *Keeper) register(ctx context.Context, msg *types.MsgRegister) error {
	params, err := k.params.Get(ctx)
	if err != nil {
		return err
	}
	operator, err := k.parse("operator", msg.Operator)
	if err != nil {
		return err
	}
	worker, err := k.parse("worker", msg.Worker)
	if err != nil {
		return err
	}
	profile := msg.Profile(height(ctx))
	if err := k.spell(&profile, operator, worker); err != nil {
		return err
	}
	if err := checkDeclared(params, profile, msg.Slots, 0); err != nil {
		return err
	}
	if err := types.CheckBondCoin(msg.Bond, params.BondDenom); err != nil {
		return err
	}
	if msg.Bond.Amount.LT(params.MinBond) {
		return types.ErrBondTooSmall.Wrapf("expected at least %s%s, found %s", params.MinBond, params.BondDenom, msg.Bond)
	}
	if k.bank.BlockedAddr(operator) {
		return types.ErrInvalidAddress.Wrapf("operator %s: expected an account that can receive coins, found a blocked one", operator)
	}
	state, from, err := k.freshState(ctx, operator, msg.Bond.Amount, msg.Slots)
	if err != nil {
		return err
	}
	n := k.newNode(ctx, operator, state)
	n.params = params
	if err := n.gainWorker(worker); err != nil {
		return err
	}
	if err := k.bank.SendCoinsFromAccountToModule(ctx, operator, types.ModuleName, sdk.NewCoins(msg.Bond)); err != nil {
		return err
	}
	n.declare(profile)
	n.openLease(n.height())
	n.reweigh()
	if err := k.save(n); err != nil {
		return err
	}
	if err := emit(ctx, types.NewEventNodeRegistered(profile, msg.Bond)); err != nil {
		return err
	}
	return emit(ctx, types.NewEventNodeStatus(profile.Operator, from, types.NODE_STATUS_ACTIVE))
}

// freshState returns the state of a newly opened node, and its previous status.
func (k *Keeper) freshState(
	ctx context.Context, operator sdk.AccAddress, bond math.Int, slots uint32,
) (types.NodeState, types.NodeStatus, error) {
	fresh := types.NewNodeState(bond, slots)
	old, err := k.states.Get(ctx, operator)
	if errors.Is(err, collections.ErrNotFound) {
		return fresh, types.NODE_STATUS_UNSPECIFIED, nil
	}
	if err != nil {
		return types.NodeState{}, 0, err
	}
	if !old.Closed() {
		return types.NodeState{}, 0, types.ErrNodeExists.Wrapf(
			"expected no open node of %s, found one that is %s; update it, or retire it and wait until its assignments have ended",
			operator, old.Status.Title())
	}
	if height(ctx) < old.Jail.Until {
		return types.NodeState{}, 0, types.ErrJailed.Wrapf(
			"the node that %s had is in jail; register again from height %d on", operator, old.Jail.Until)
	}
	fresh.Weights, fresh.Faults, fresh.Jail, fresh.Contests = old.Weights, old.Faults, old.Jail, old.Contests
	fresh.Yields, fresh.YieldsSince = old.Yields, old.YieldsSince
	return fresh, old.Status, nil
}

// update replaces the declaration of an operator.
func (k *Keeper) update(ctx context.Context, msg *types.MsgUpdate) error {
	operator, err := k.parse("operator", msg.Operator)
	if err != nil {
		return err
	}
	params, err := k.params.Get(ctx)
	if err != nil {
		return err
	}
	n, err := k.loadOpen(ctx, params, operator)
	if err != nil {
		return err
	}
	profile := msg.Apply(n.profile)
	if err := checkDeclared(params, profile, msg.Slots, min(n.state.UsedSlots, n.state.Slots)); err != nil {
		return err
	}
	n.declare(profile)
	n.change().Slots = msg.Slots
	n.reweigh()
	if err := k.save(n); err != nil {
		return err
	}
	return emit(ctx, types.NewEventNodeUpdated(profile))
}

// checkDeclared checks a profile and a number of slots against the parameters.
func checkDeclared(params types.Params, profile types.NodeProfile, slots, used uint32) error {
	if err := profile.Validate(); err != nil {
		return err
	}
	class, err := params.Class(profile.Class)
	if err != nil {
		return err
	}
	if err := profile.Hardware.Meets(class); err != nil {
		return err
	}
	if slots == 0 || slots > params.MaxSlots {
		return types.ErrInvalidSlots.Wrapf("expected 1 to %d, found %d", params.MaxSlots, slots)
	}
	if slots < used {
		return types.ErrInvalidSlots.Wrapf("expected at least the %d in use, found %d; wait until assignments have ended", used, slots)
	}
	return nil
}
