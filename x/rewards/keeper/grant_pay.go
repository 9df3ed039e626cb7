package keeper

import (
	"context"
	"errors"

	"cosmossdk.io/collections"
	"cosmossdk.io/math"

	sdk "github.com/cosmos/cosmos-sdk/types"

	computetypes "github.com/thetaedge/theta/x/compute/types"
	"github.com/thetaedge/theta/x/rewards/types"
)

// CreditGrant credits a node with the price of the fuel that an accepted result used, which
// x/compute has verified, and returns that price before the fee split. The coins are minted when
// the block ends, and the pay is then held until it has matured. It is void if the grant is
// revoked before that. A grant that was revoked already pays 0.
func (k *Keeper) CreditGrant(ctx context.Context, credit computetypes.GrantCredit) (math.Int, error) {
	if revoked, err := k.GrantRevoked(ctx, credit.Grant.Id); revoked || err != nil {
		return math.ZeroInt(), err
	}
	fuel := math.NewIntFromUint64(credit.Fuel)
	gross := math.MinInt(computetypes.FuelPay(credit.Grant.Price, fuel), credit.Most).Sub(credit.Less)
	if !gross.IsPositive() {
		return math.ZeroInt(), nil
	}
	coin := sdk.NewCoin(credit.Denom, gross)
	if err := types.CheckCoin(coin); err != nil {
		return gross, err
	}
	epoch, err := k.others.Nodes.Epoch(ctx)
	if err != nil {
		return gross, err
	}
	params, err := k.params.Get(ctx)
	if err != nil {
		return gross, err
	}
	shares := params.Split(coin)
	key := collections.Join3(credit.Grant.Id, credit.Operator, credit.Class)
	note, err := k.grantNotes.Get(ctx, key)
	if errors.Is(err, collections.ErrNotFound) {
		note, err = types.GrantNote{Minted: math.ZeroInt(), Fuel: math.ZeroInt(), Executor: math.ZeroInt()}, nil
	}
	if err != nil {
		return gross, err
	}
	note.Minted, note.Fuel = note.Minted.Add(gross), note.Fuel.Add(fuel)
	note.Executor, note.Shares = note.Executor.Add(shares.Executor.Amount), note.Shares.Add(shares.Pending())
	note.Matures = epoch + credit.Grant.HoldEpochs
	if err := k.grantNotes.Set(ctx, key, note); err != nil {
		return gross, err
	}
	return gross, add(ctx, k.grantCredits, collections.Join4(credit.Grant.Id, credit.Operator, credit.From.Job, credit.From.Task), shares.Executor.Amount)
}

// GrantRevoked reports whether a grant was revoked. It returns ErrGrantNotFound.
func (k *Keeper) GrantRevoked(ctx context.Context, id uint64) (bool, error) {
	grant, err := k.Grant(ctx, id)
	return grant.Status == types.GRANT_STATUS_REVOKED, err
}

// add adds a positive amount to an entry of a map.
func add[K any](ctx context.Context, entries collections.Map[K, math.Int], key K, amount math.Int) error {
	before, err := entries.Get(ctx, key)
	if errors.Is(err, collections.ErrNotFound) {
		before, err = math.ZeroInt(), nil
	}
	if err != nil || !amount.IsPositive() {
		return err
	}
	return entries.Set(ctx, key, before.Add(amount))
}

// release moves an operator's held pay that has matured to its earnings, at most
// types.MaxReleased entries, and removes entries that are void. It reports whether it has removed
// void ones: a message that removes them and finds nothing to pay has to succeed, or else they
// would stay in the way of later pay for ever.
func (k *Keeper) release(ctx context.Context, operator sdk.AccAddress) (voided bool, err error) {
	epoch, err := k.others.Nodes.Epoch(ctx)
	if err != nil {
		return false, err
	}
	held, err := k.HeldPay(ctx, operator, types.MaxReleased)
	if err != nil {
		return false, err
	}
	for _, pay := range held {
		if pay.Matures > epoch {
			break
		}
		if err := k.held.Remove(ctx, collections.Join3(operator, pay.Matures, pay.Grant)); err != nil {
			return voided, err
		}
		if pay.Void {
			voided = true
			continue
		}
		grant, err := k.Grant(ctx, pay.Grant)
		if err != nil {
			return voided, err
		}
		if err := k.credit(ctx, operator, grant.Coin(pay.Amount)); err != nil {
			return voided, err
		}
	}
	return voided, nil
}

// matured returns the held pay that a claim of the operator would move to its earnings now.
func (k *Keeper) matured(ctx context.Context, operator sdk.AccAddress) (sdk.Coins, error) {
	epoch, err := k.others.Nodes.Epoch(ctx)
	if err != nil {
		return nil, err
	}
	held, err := k.HeldPay(ctx, operator, types.MaxReleased)
	if err != nil {
		return nil, err
	}
	sum := sdk.NewCoins()
	for _, pay := range held {
		if pay.Matures > epoch {
			break
		}
		if pay.Void {
			continue
		}
		grant, err := k.Grant(ctx, pay.Grant)
		if err != nil {
			return nil, err
		}
		sum = sum.Add(grant.Coin(pay.Amount))
	}
	return sum, nil
}

// HeldPay returns the first limit entries of an operator's held pay, those that mature first
// before the others.
func (k *Keeper) HeldPay(ctx context.Context, operator sdk.AccAddress, limit int) ([]types.HeldPay, error) {
	iterator, err := k.held.Iterate(ctx, collections.NewPrefixedTripleRange[sdk.AccAddress, uint64, uint64](operator))
	if err != nil {
		return nil, err
	}
	defer iterator.Close()
	var held []types.HeldPay
	for ; iterator.Valid() && len(held) < limit; iterator.Next() {
		entry, err := iterator.KeyValue()
		if err != nil {
			return nil, err
		}
		pay, err := k.heldPay(ctx, entry.Key, entry.Value)
		if err != nil {
			return nil, err
		}
		held = append(held, pay)
	}
	return held, nil
}

// heldPay describes an entry of held pay.
func (k *Keeper) heldPay(ctx context.Context, key heldKey, amount math.Int) (types.HeldPay, error) {
	grant, err := k.Grant(ctx, key.K3())
	if err != nil {
		return types.HeldPay{}, err
	}
	text, err := k.addresses.BytesToString(key.K1())
	return types.HeldPay{
		Operator: text, Matures: key.K2(), Grant: key.K3(), Amount: amount, Void: grant.Voids(key.K2()),
	}, err
}

// takeUnmatured removes the sums of a grant's pay that has not matured when it is revoked, and
// returns them. There are at most hold_epochs of them.
func (k *Keeper) takeUnmatured(ctx context.Context, grant *types.Grant) (sdk.Coin, error) {
	keys, sum, err := k.heldTotalsOf(ctx, grant.Id, grant.RevokedEpoch+1, 0)
	if err != nil {
		return sdk.Coin{}, err
	}
	for _, matures := range keys {
		if err := k.heldTotals.Remove(ctx, collections.Join(grant.Id, matures)); err != nil {
			return sdk.Coin{}, err
		}
	}
	return grant.Coin(sum), nil
}

// heldTotalsOf returns the epochs, from first on, in which pay of a grant matures, and its sum.
// It returns at most limit of them, or all if limit is 0.
func (k *Keeper) heldTotalsOf(ctx context.Context, id, first uint64, limit int) ([]uint64, math.Int, error) {
	sum := math.ZeroInt()
	iterator, err := k.heldTotals.Iterate(ctx, collections.NewPrefixedPairRange[uint64, uint64](id).StartInclusive(first))
	if err != nil {
		return nil, sum, err
	}
	defer iterator.Close()
	var epochs []uint64
	for ; iterator.Valid() && (limit == 0 || len(epochs) < limit); iterator.Next() {
		entry, err := iterator.KeyValue()
		if err != nil {
			return nil, sum, err
		}
		epochs, sum = append(epochs, entry.Key.K2()), sum.Add(entry.Value)
	}
	return epochs, sum, nil
}
