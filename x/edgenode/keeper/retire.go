package keeper

import (
	"context"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/thetaedge/theta/x/edgenode/types"
)

// retire closes a node and unbonds its free bond. Bond that work in flight locks is unbonded
// when the last of the work has ended; if the operator repeats the message earlier, the part
// that has become free is unbonded. If nothing is left at stake, the worker key is free again.
// If no kept epoch needs a weight of the node, a further message removes the whole record.
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

// drain starts the return of the whole remaining bond of a retired node that holds no work,
// and frees the worker key if this closes the node. Held bond returns too, because a slash
// reaches bond that unbonds, and the unbonding ends after every hold. A retired node does not
// have a weight that could change.
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

// forget removes a closed record if its weights have left the kept epochs, its bond has
// returned and no term in jail is remembered. Without these conditions, an operator could
// erase the record by leaving.
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
