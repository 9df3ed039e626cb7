package keeper

import (
	"context"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/thetaedge/theta/x/edgenode/types"
)

// pause keeps a node from claiming; work it holds goes on.
func (k *Keeper) pause(ctx context.Context, operator sdk.AccAddress) error {
	return k.changeStatus(ctx, operator, types.NODE_STATUS_PAUSED)
}

// resume lets a paused node claim again.
func (k *Keeper) resume(ctx context.Context, operator sdk.AccAddress) error {
	return k.changeStatus(ctx, operator, types.NODE_STATUS_ACTIVE)
}

func (k *Keeper) changeStatus(ctx context.Context, operator sdk.AccAddress, to types.NodeStatus) error {
	node, err := k.openNode(ctx, operator)
	if err != nil {
		return err
	}
	from := node.State.Status
	if !from.CanBecome(to) {
		return types.ErrInvalidStatus.Wrapf("expected a node that can become %s, found it %s", to.Title(), from.Title())
	}
	params, err := k.params.Get(ctx)
	if err != nil {
		return err
	}
	node.State.Status = to
	if err := k.saveReweighed(ctx, params, operator, node.Profile.Class, node.State); err != nil {
		return err
	}
	return emit(ctx, types.NewEventNodeStatus(node.Profile.Operator, from, to))
}

// retire closes a node and unbonds what is free. Repeated, it unbonds what work
// in flight has given back since. With nothing left at stake the worker key is
// free again; once no kept epoch asks for a weight the whole record goes.
func (k *Keeper) retire(ctx context.Context, operator sdk.AccAddress) (sdk.Coin, int64, error) {
	node, err := k.Node(ctx, operator)
	if err != nil {
		return sdk.Coin{}, 0, err
	}
	params, err := k.params.Get(ctx)
	if err != nil {
		return sdk.Coin{}, 0, err
	}
	if node.State.Closed() {
		return sdk.NewInt64Coin(params.BondDenom, 0), 0, k.forget(ctx, operator, node.State)
	}
	from := node.State.Status
	if !from.CanBecome(types.NODE_STATUS_RETIRED) {
		return sdk.Coin{}, 0, types.ErrInvalidStatus.Wrapf("expected a node that can retire, found it %s", from.Title())
	}
	free := sdk.NewCoin(params.BondDenom, node.State.Free())
	node.State.Status = types.NODE_STATUS_RETIRED
	node.State.Bond = node.State.Locked
	completion := int64(0)
	if free.IsPositive() {
		if completion, err = k.queueUnbonding(ctx, params, operator, free); err != nil {
			return sdk.Coin{}, 0, err
		}
	}
	if err := k.saveLessened(ctx, params, operator, node); err != nil {
		return sdk.Coin{}, 0, err
	}
	if from == types.NODE_STATUS_RETIRED {
		return free, completion, nil
	}
	return free, completion, emit(ctx, types.NewEventNodeStatus(node.Profile.Operator, from, types.NODE_STATUS_RETIRED))
}

func (k *Keeper) freeWorker(ctx context.Context, text string) error {
	worker, err := k.parse("worker", text)
	if err != nil {
		return err
	}
	return k.workers.Remove(ctx, worker)
}

// forget removes a closed record when its weights have left the kept epochs.
func (k *Keeper) forget(ctx context.Context, operator sdk.AccAddress, state types.NodeState) error {
	epoch, err := k.Epoch(ctx)
	if err != nil {
		return err
	}
	state.TrimCheckpoints(types.OldestKeptEpoch(epoch))
	if len(state.Weights) > 0 {
		last := state.Weights[len(state.Weights)-1].Epoch
		return types.ErrInvalidStatus.Wrapf(
			"expected something to unbond or a record of past weights only, found the node closed with weights kept until epoch %d and epoch %d now; it may register again",
			last+types.KeptEpochs-1, epoch)
	}
	if err := k.states.Remove(ctx, operator); err != nil {
		return err
	}
	return k.profiles.Remove(ctx, operator)
}
