package keeper

import (
	"context"
	"errors"

	"cosmossdk.io/collections"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/thetaedge/theta/x/edgenode/types"
)

// pause keeps a node from claiming; work it holds goes on.
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

// changeStatus moves an open node to another status, unless may refuses it.
func (k *Keeper) changeStatus(
	ctx context.Context, operator sdk.AccAddress, to types.NodeStatus, may func(types.NodeState) error,
) error {
	params, err := k.params.Get(ctx)
	if err != nil {
		return err
	}
	node, err := k.openNode(ctx, params, operator)
	if err != nil {
		return err
	}
	if err := may(node.State); err != nil {
		return err
	}
	if node.State.Status == to {
		return types.ErrInvalidStatus.Wrapf("expected a node that can become %[1]s, found one that is %[1]s already", to.Title())
	}
	if err := k.moveTo(ctx, params, operator, &node, to); err != nil {
		return err
	}
	return k.saveReweighed(ctx, params, operator, node.Profile.Class, node.State)
}

// moveTo gives a node another status by the table, and an active one a lease.
// The caller saves the state. Only a retired node may move to where it is.
func (k *Keeper) moveTo(ctx context.Context, params types.Params, operator sdk.AccAddress, node *types.Node, to types.NodeStatus) error {
	from := node.State.Status
	if !from.CanBecome(to) {
		return types.ErrInvalidStatus.Wrapf("expected a node that can become %s, found one that is %s", to.Title(), from.Title())
	}
	if from == to {
		return nil
	}
	if err := k.dropLeaseCheck(ctx, operator, &node.State); err != nil {
		return err
	}
	node.State.Status = to
	switch to {
	case types.NODE_STATUS_ACTIVE:
		if err := k.openLease(ctx, params, operator, &node.State); err != nil {
			return err
		}
	case types.NODE_STATUS_LAPSED: // lease_end tells since when
	default:
		node.State.LeaseEnd = 0
	}
	return emit(ctx, types.NewEventNodeStatus(node.Profile.Operator, from, to))
}

// retire closes a node and unbonds what is free; what work in flight locks follows
// when the last of it has ended, or is unbonded so far by repeating the message.
// With nothing left at stake the worker key is free again; once no kept epoch asks
// for a weight the whole record goes.
func (k *Keeper) retire(ctx context.Context, operator sdk.AccAddress) (sdk.Coin, int64, error) {
	params, err := k.params.Get(ctx)
	if err != nil {
		return sdk.Coin{}, 0, err
	}
	node, err := k.current(ctx, params, operator)
	if err != nil {
		return sdk.Coin{}, 0, err
	}
	if node.State.Closed() {
		return sdk.NewInt64Coin(params.BondDenom, 0), 0, k.forget(ctx, params, operator, node.State)
	}
	if err := k.moveTo(ctx, params, operator, &node, types.NODE_STATUS_RETIRED); err != nil {
		return sdk.Coin{}, 0, err
	}
	held := int64(0)
	if node.State.UsedSlots == 0 {
		held = node.State.EndAllHolds()
	}
	free := sdk.NewCoin(params.BondDenom, node.State.Free())
	node.State.Bond = node.State.Locked
	completion := int64(0)
	if free.IsPositive() {
		if completion, err = k.queueUnbonding(ctx, params, operator, free, held); err != nil {
			return sdk.Coin{}, 0, err
		}
	}
	return free, completion, k.saveLessened(ctx, params, operator, node)
}

// drain starts the return of all that a retired node has left once it holds no
// work, and frees the worker key of one that is closed thereby. What is held returns
// with it: a slash reaches what unbonds, and that outlasts every hold. The caller saves
// the state.
func (k *Keeper) drain(ctx context.Context, params types.Params, operator sdk.AccAddress, node *types.Node) error {
	if node.State.Status != types.NODE_STATUS_RETIRED || node.State.UsedSlots > 0 {
		return nil
	}
	held := node.State.EndAllHolds()
	if free := node.State.Free(); free.IsPositive() {
		if _, err := k.queueUnbonding(ctx, params, operator, sdk.NewCoin(params.BondDenom, free), held); err != nil {
			return err
		}
		node.State.Bond = node.State.Locked
	}
	if !node.State.Closed() {
		return nil
	}
	return k.freeWorker(ctx, operator, node.Profile.Worker)
}

func (k *Keeper) drainAndSave(ctx context.Context, operator sdk.AccAddress, state types.NodeState) error {
	params, err := k.params.Get(ctx)
	if err != nil {
		return err
	}
	profile, err := k.profiles.Get(ctx, operator)
	if err != nil {
		return err
	}
	node := types.Node{Profile: profile, State: state}
	if err := k.drain(ctx, params, operator, &node); err != nil {
		return err
	}
	return k.states.Set(ctx, operator, node.State)
}

// freeWorker lets another node take a worker key, unless one has already: a fault
// may show long after the node has closed.
func (k *Keeper) freeWorker(ctx context.Context, operator sdk.AccAddress, text string) error {
	worker, err := k.parse("worker", text)
	if err != nil {
		return err
	}
	serves, err := k.workers.Get(ctx, worker)
	if errors.Is(err, collections.ErrNotFound) || err == nil && !serves.Equals(operator) {
		return nil
	}
	if err != nil {
		return err
	}
	return k.workers.Remove(ctx, worker)
}

// forget removes a closed record when its weights have left the kept epochs, its
// bond has returned and no term in jail is remembered: otherwise leaving would
// wipe it out.
func (k *Keeper) forget(ctx context.Context, params types.Params, operator sdk.AccAddress, state types.NodeState) error {
	if at := state.Jail.ForgottenAt(params.Jail); height(ctx) < at {
		return types.ErrJailed.Wrapf("the record of %s is kept for its terms in jail; remove it from height %d on", operator, at)
	}
	returning, err := k.hasUnbondings(ctx, operator)
	if err != nil {
		return err
	}
	if returning || state.Contests > 0 {
		return types.ErrInvalidStatus.Wrap("expected a bond that has been returned, found a part that is still unbonding and that a challenge can slash; try again after it has been paid")
	}
	epoch, err := k.Epoch(ctx)
	if err != nil {
		return err
	}
	state.TrimCheckpoints(types.OldestKeptEpoch(epoch))
	if len(state.Weights) > 0 {
		last := state.Weights[len(state.Weights)-1].Epoch
		return types.ErrInvalidStatus.Wrapf(
			"expected coins to unbond, found a closed node whose weights are kept until epoch %d, and epoch %d now; the operator can register again",
			last+types.KeptEpochs-1, epoch)
	}
	if err := k.states.Remove(ctx, operator); err != nil {
		return err
	}
	return k.profiles.Remove(ctx, operator)
}
