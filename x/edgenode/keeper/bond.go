package keeper

import (
	"context"

	"cosmossdk.io/math"

	sdk "github.com/cosmos/cosmos-sdk/types"
	authtypes "github.com/cosmos/cosmos-sdk/x/auth/types"

	"github.com/thetaedge/theta/x/edgenode/types"
)

// poolAddress returns the account that holds all bonds and unbondings.
func poolAddress() sdk.AccAddress { return authtypes.NewModuleAddress(types.ModuleName) }

// BondDenom returns the denom of bonds.
func (k *Keeper) BondDenom(ctx context.Context) (string, error) {
	params, err := k.params.Get(ctx)
	return params.BondDenom, err
}

// AddBond adds coins of an operator to the bond of its node, as MsgBond does.
func (k *Keeper) AddBond(ctx context.Context, operator sdk.AccAddress, amount sdk.Coin) error {
	return k.addBond(ctx, operator, amount)
}

// addBond adds to a node's stake.
func (k *Keeper) addBond(ctx context.Context, operator sdk.AccAddress, amount sdk.Coin) error {
	params, err := k.params.Get(ctx)
	if err != nil {
		return err
	}
	if err := types.CheckBondCoin(amount, params.BondDenom); err != nil {
		return err
	}
	n, err := k.loadOpen(ctx, params, operator)
	if err != nil {
		return err
	}
	if err := k.bank.SendCoinsFromAccountToModule(ctx, operator, types.ModuleName, sdk.NewCoins(amount)); err != nil {
		return err
	}
	n.change().Bond = n.state.Bond.Add(amount.Amount)
	n.reweigh()
	if err := k.save(n); err != nil {
		return err
	}
	return emit(ctx, types.NewEventBonded(n.profile.Operator, amount))
}

// unbond starts the return of free bond and returns the height at whose end it
// is paid.
func (k *Keeper) unbond(ctx context.Context, operator sdk.AccAddress, amount sdk.Coin) (int64, error) {
	params, err := k.params.Get(ctx)
	if err != nil {
		return 0, err
	}
	if err := types.CheckBondCoin(amount, params.BondDenom); err != nil {
		return 0, err
	}
	n, err := k.load(ctx, params, operator)
	if err != nil {
		return 0, err
	}
	if free := n.state.Free(); free.LT(amount.Amount) {
		return 0, types.ErrInsufficientBond.Wrapf("expected at most the free bond of %s, found %s; unbond less, or wait until held assignments release the rest", free, amount.Amount)
	}
	left := n.state.Bond.Sub(amount.Amount)
	retired := n.state.Status == types.NODE_STATUS_RETIRED
	if !retired && left.LT(params.MinBond) {
		return 0, types.ErrBondTooSmall.Wrapf("expected at least %s%s to stay, found %s; unbond less, or retire the node to unbond all", params.MinBond, params.BondDenom, left)
	}
	if err := k.checkUnbondings(ctx, operator); err != nil {
		return 0, err
	}
	n.lose(amount.Amount)
	completion, err := k.queueUnbonding(ctx, params, operator, amount, 0)
	if err != nil {
		return 0, err
	}
	if err := n.drain(); err != nil {
		return 0, err
	}
	return completion, k.save(n)
}

// lose takes an amount of free bond off the stake. The caller decides what happens to the
// coins.
func (n *node) lose(amount math.Int) {
	n.change().Bond = n.state.Bond.Sub(amount)
	n.reweigh()
}
