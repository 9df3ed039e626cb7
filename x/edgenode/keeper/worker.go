package keeper

import (
	"context"
	"errors"

	"cosmossdk.io/collections"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/thetaedge/theta/x/edgenode/types"
)

// OperatorOf returns the operator whose node a worker key serves, or
// ErrUnknownWorker.
func (k *Keeper) OperatorOf(ctx context.Context, worker sdk.AccAddress) (sdk.AccAddress, error) {
	operator, err := k.workers.Get(ctx, worker)
	if errors.Is(err, collections.ErrNotFound) {
		return nil, types.ErrUnknownWorker.Wrapf(
			"%s; register a node with this worker key, or rotate an existing node's worker to it", worker)
	}
	return operator, err
}

// rotateWorker replaces the worker key. A retired node that holds work may still rotate its
// key, because its commitments have to be revealed.
func (k *Keeper) rotateWorker(ctx context.Context, msg *types.MsgRotateWorker) error {
	operator, err := k.parse("operator", msg.Operator)
	if err != nil {
		return err
	}
	worker, err := k.parse("worker", msg.Worker)
	if err != nil {
		return err
	}
	n, err := k.loadStake(ctx, operator)
	if err != nil {
		return err
	}
	if err := n.readProfile(); err != nil {
		return err
	}
	if n.state.Closed() {
		return types.ErrInvalidStatus.Wrap("expected an open node, found it closed; register it again")
	}
	old, err := k.parse("worker", n.profile.Worker)
	if err != nil {
		return err
	}
	if err := n.gainWorker(worker); err != nil {
		return err
	}
	n.unsaved.lost = old
	profile := n.profile
	if err := k.spell(&profile, operator, worker); err != nil {
		return err
	}
	n.declare(profile)
	if err := k.save(n); err != nil {
		return err
	}
	return emit(ctx, types.NewEventNodeUpdated(profile))
}

// gainWorker makes a worker key serve the node, unless the key is the operator's or serves
// another node.
func (n *node) gainWorker(worker sdk.AccAddress) error {
	if n.operator.Equals(worker) {
		return types.ErrInvalidWorker.Wrap(
			"expected a key other than the operator's, found the same; create another, because the operator's key owns the bond and stays off the machine")
	}
	owner, err := n.keeper.workers.Get(n.ctx, worker)
	switch {
	case err == nil:
		return types.ErrWorkerTaken.Wrapf("expected a key of no other node, found %s, which belongs to the node of %s; create a new key", worker, owner)
	case !errors.Is(err, collections.ErrNotFound):
		return err
	}
	n.unsaved.gained = worker
	return nil
}

// loseWorker lets another node take the worker key of a closed node. If another node has
// already taken it, loseWorker changes nothing: a fault may be found long after the node has
// closed.
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

// spell writes the addresses of a profile in the form that the chain uses. Messages may also
// contain addresses in capitals, and other programs compare addresses as text.
func (k *Keeper) spell(profile *types.NodeProfile, operator, worker sdk.AccAddress) (err error) {
	if profile.Operator, err = k.text(operator); err != nil {
		return err
	}
	profile.Worker, err = k.text(worker)
	return err
}
