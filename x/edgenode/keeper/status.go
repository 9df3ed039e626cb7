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

// moveTo gives a node another status by the table, which counts from the next epoch on.
func (n *node) moveTo(to types.NodeStatus) error {
	n.reweigh()
	return n.setStatus(to)
}

// setStatus gives a node another status by the table, and an active one a lease. Only a retired node
// may move to where it is.
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
	case types.NODE_STATUS_LAPSED: // lease_end tells since when
	default:
		state.LeaseEnd = 0
	}
	return emit(n.ctx, types.NewEventNodeStatus(n.profile.Operator, from, to))
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
	n, err := k.load(ctx, params, operator)
	if err != nil {
		return sdk.Coin{}, 0, err
	}
	if n.state.Closed() {
		return sdk.NewInt64Coin(params.BondDenom, 0), 0, k.forget(n)
	}
	if err := n.moveTo(types.NODE_STATUS_RETIRED); err != nil {
		return sdk.Coin{}, 0, err
	}
	held := int64(0)
	if n.state.UsedSlots == 0 {
		held = n.change().EndAllHolds()
	}
	free := sdk.NewCoin(params.BondDenom, n.state.Free())
	n.lose(free.Amount)
	completion := int64(0)
	if free.IsPositive() {
		if completion, err = k.queueUnbonding(ctx, params, operator, free, held); err != nil {
			return sdk.Coin{}, 0, err
		}
	}
	if err := n.drain(); err != nil {
		return sdk.Coin{}, 0, err
	}
	return free, completion, k.save(n)
}

// drain starts the return of all that a retired node has left once it holds no
// work, and frees the worker key of one that is closed thereby. What is held returns
// with it: a slash reaches what unbonds, and that outlasts every hold. A retired node has no weight
// that could change.
func (n *node) drain() error {
	if n.state.Status != types.NODE_STATUS_RETIRED || n.state.UsedSlots > 0 {
		return nil
	}
	state := n.change()
	held := state.EndAllHolds()
	if free := state.Free(); free.IsPositive() {
		if _, err := n.keeper.queueUnbonding(n.ctx, n.params, n.operator, sdk.NewCoin(n.params.BondDenom, free), held); err != nil {
			return err
		}
		state.Bond = state.Locked
	}
	if !state.Closed() {
		return nil
	}
	return n.loseWorker()
}

// returnBond drains a retired node that was loaded by loadStake.
func (n *node) returnBond() (err error) {
	if n.state.Status != types.NODE_STATUS_RETIRED {
		return nil
	}
	if n.params, err = n.keeper.params.Get(n.ctx); err != nil {
		return err
	}
	if err := n.readProfile(); err != nil {
		return err
	}
	return n.drain()
}

// loseWorker lets another node take the worker key of a closed node, unless one has already: a fault
// may show long after the node has closed.
func (n *node) loseWorker() error {
	worker, err := n.keeper.parse("worker", n.profile.Worker)
	if err != nil {
		return err
	}
	serves, err := n.keeper.workers.Get(n.ctx, worker)
	if errors.Is(err, collections.ErrNotFound) || err == nil && !serves.Equals(n.operator) {
		return nil
	}
	if err != nil {
		return err
	}
	n.unsaved.lost = worker
	return nil
}

// forget removes a closed record when its weights have left the kept epochs, its
// bond has returned and no term in jail is remembered: otherwise leaving would
// wipe it out.
func (k *Keeper) forget(n *node) error {
	if at := n.state.Jail.ForgottenAt(n.params.Jail); n.height() < at {
		return types.ErrJailed.Wrapf("the record of %s is kept for its terms in jail; remove it from height %d on", n.operator, at)
	}
	returning, err := k.hasUnbondings(n.ctx, n.operator)
	if err != nil {
		return err
	}
	if returning || n.state.Contests > 0 {
		return types.ErrInvalidStatus.Wrap("expected a bond that has been returned, found a part that is still unbonding and that a challenge can slash; try again after it has been paid")
	}
	epoch, err := k.Epoch(n.ctx)
	if err != nil {
		return err
	}
	state := n.change()
	state.TrimCheckpoints(types.OldestKeptEpoch(epoch))
	if len(state.Weights) > 0 {
		last := state.Weights[len(state.Weights)-1].Epoch
		return types.ErrInvalidStatus.Wrapf(
			"expected coins to unbond, found a closed node whose weights are kept until epoch %d, and epoch %d now; the operator can register again",
			last+types.KeptEpochs-1, epoch)
	}
	n.unsaved.removed = true
	return k.save(n)
}
