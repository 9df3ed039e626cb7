package keeper_test

import (
	"context"
	"math/big"
	"testing"

	"github.com/stretchr/testify/require"

	"cosmossdk.io/math"

	sdk "github.com/cosmos/cosmos-sdk/types"
	sdkerrors "github.com/cosmos/cosmos-sdk/types/errors"

	"github.com/thetaedge/theta/x/edgenode/types"
)

func sdkInsufficientFunds() error { return sdkerrors.ErrInsufficientFunds }

func hugeInt() math.Int {
	return math.NewIntFromBigInt(new(big.Int).Sub(new(big.Int).Lsh(big.NewInt(1), 256), big.NewInt(1)))
}

func (f *fixture) bond(n byte, amount sdk.Coin) error {
	return f.try(func(ctx sdk.Context) error {
		_, err := f.msgs.Bond(ctx, &types.MsgBond{Operator: operator(n).String(), Amount: amount})
		return err
	})
}

func (f *fixture) unbond(n byte, amount sdk.Coin) error {
	return f.try(func(ctx sdk.Context) error {
		_, err := f.msgs.Unbond(ctx, &types.MsgUnbond{Operator: operator(n).String(), Amount: amount})
		return err
	})
}

func TestBondAdds(t *testing.T) {
	f := newFixture(t)
	f.register(0, 100, 4)
	f.fund(operator(0), 60)
	require.NoError(t, f.bond(0, coin(60)))
	require.Equal(t, int64(160), f.state(0).Bond.Int64())
	f.requireEvent(&types.EventBonded{Operator: operator(0).String(), Amount: coin(60)})
	f.requireInvariants()
}

func TestBondAndUnbondRefuseBadCoins(t *testing.T) {
	f := newFixture(t)
	f.register(0, 100, 4)
	bad := map[string]sdk.Coin{
		"wrong denom": sdk.NewInt64Coin("uatom", 5),
		"no denom":    {Amount: math.NewInt(5)},
		"no amount":   {Denom: denom},
		"zero":        coin(0),
		"negative":    {Denom: denom, Amount: math.NewInt(-1)},
	}
	for name, c := range bad {
		require.ErrorIs(t, f.bond(0, c), types.ErrInvalidCoin, name)
		require.ErrorIs(t, f.unbond(0, c), types.ErrInvalidCoin, name)
	}
	huge := sdk.Coin{Denom: denom, Amount: hugeInt()}
	require.ErrorIs(t, f.bond(0, huge), sdkerrors.ErrInsufficientFunds)
	require.ErrorIs(t, f.unbond(0, huge), types.ErrInsufficientBond)
	require.ErrorIs(t, f.bond(5, coin(1)), types.ErrNodeNotFound)
	f.requireInvariants()
}

func TestOnlyFreeBondUnbonds(t *testing.T) {
	f := newFixture(t)
	f.register(0, 300, 4)
	require.NoError(t, f.keeper.Reserve(f.ctx, operator(0), math.NewInt(150)))
	require.ErrorIs(t, f.unbond(0, coin(151)), types.ErrInsufficientBond)
	require.NoError(t, f.unbond(0, coin(150)))
	f.requireInvariants()
}

func TestMinBondStaysUnlessRetired(t *testing.T) {
	f := newFixture(t)
	f.register(0, 150, 4)
	require.ErrorIs(t, f.unbond(0, coin(51)), types.ErrBondTooSmall)
	require.NoError(t, f.unbond(0, coin(50)))
	_, err := f.msgs.Retire(f.ctx, &types.MsgRetire{Operator: operator(0).String()})
	require.NoError(t, err)
	require.True(t, f.state(0).Bond.IsZero())
	f.requireInvariants()
}

func TestUnbondingIsPaidAtCompletionAndNotBefore(t *testing.T) {
	f := newFixture(t)
	f.register(0, 150, 4)
	require.NoError(t, f.unbond(0, coin(20)))
	require.NoError(t, f.unbond(0, coin(10)), "merges with the first of the same height")
	require.Equal(t, int64(120), f.state(0).Bond.Int64(), "the stake drops at once")
	f.requireEvent(&types.EventUnbonding{Operator: operator(0).String(), Amount: coin(20), CompletionHeight: 6})

	page, err := f.queries.Unbondings(f.ctx, &types.QueryUnbondingsRequest{Operator: operator(0).String()})
	require.NoError(t, err)
	require.Equal(t, []types.Unbonding{{Operator: operator(0).String(), CompletionHeight: 6, Amount: math.NewInt(30)}}, page.Unbondings)

	for f.ctx.BlockHeight() < 6 {
		f.endBlock()
		require.Zero(t, f.balance(operator(0)))
		f.requireInvariants()
	}
	f.resetEvents()
	f.endBlock()
	require.Equal(t, int64(30), f.balance(operator(0)))
	f.requireEvent(&types.EventUnbonded{Operator: operator(0).String(), Amount: coin(30)})
	f.requireInvariants()
}

func TestBlockPaysAtMostQueueLimitUnbondings(t *testing.T) {
	f := newFixture(t)
	for n := range byte(5) {
		f.register(n, 110, 1)
		require.NoError(t, f.unbond(n, coin(10)))
	}
	f.ctx = f.ctx.WithBlockHeight(100)
	paid := func() (count int) {
		for n := range byte(5) {
			if f.balance(operator(n)) == 10 {
				count++
			}
		}
		return count
	}
	for _, want := range []int{2, 4, 5, 5} {
		f.endBlock()
		require.Equal(t, want, paid())
		f.requireInvariants()
	}
}

func TestUnbondingThatFailsIsPutBackAndHoldsUpNobody(t *testing.T) {
	f := newFixture(t)
	for n := range byte(3) {
		f.register(n, 110, 1)
		require.NoError(t, f.unbond(n, coin(10)))
	}
	stuck := operator(0)
	failing := true
	f.bank.AppendSendRestriction(func(_ context.Context, _, to sdk.AccAddress, _ sdk.Coins) (sdk.AccAddress, error) {
		if failing && to.Equals(stuck) {
			panic("send restriction")
		}
		return to, nil
	})
	f.ctx = f.ctx.WithBlockHeight(50)
	f.endBlock()
	f.endBlock()
	require.Equal(t, []int64{0, 10, 10}, []int64{f.balance(operator(0)), f.balance(operator(1)), f.balance(operator(2))})
	f.requireInvariants()

	failing = false
	f.ctx = f.ctx.WithBlockHeight(1050)
	f.endBlock()
	require.Equal(t, int64(10), f.balance(stuck))
	f.requireInvariants()
}

func TestOperatorHasBoundedUnbondings(t *testing.T) {
	f := newFixture(t)
	params := testParams()
	params.UnbondingBlocks = 100
	_, err := f.msgs.UpdateParams(f.ctx, &types.MsgUpdateParams{Authority: authority(), Params: params})
	require.NoError(t, err)
	f.register(0, 1000, 1)
	for range types.MaxUnbondings {
		require.NoError(t, f.unbond(0, coin(1)))
		f.ctx = f.ctx.WithBlockHeight(f.ctx.BlockHeight() + 1)
	}
	require.ErrorIs(t, f.unbond(0, coin(1)), types.ErrTooManyUnbondings)
	f.at(102)
	require.NoError(t, f.unbond(0, coin(1)), "the first is due, though the queue has not come to it")
}

func TestRetiredNodeWhoseHoldsAreSettledOneByOneHasBoundedUnbondings(t *testing.T) {
	const period, parts = 100, types.MaxUnbondings + 8
	f := newFixture(t)
	params := testParams()
	params.UnbondingBlocks = period
	_, err := f.msgs.UpdateParams(f.ctx, &types.MsgUpdateParams{Authority: authority(), Params: params})
	require.NoError(t, err)
	f.register(0, 10*parts, 1)
	for range parts {
		until := f.held(0, 10, period)
		_, err := f.keeper.Contest(f.ctx, operator(0), math.NewInt(10), until)
		require.NoError(t, err)
	}
	_, err = f.retire(0)
	require.NoError(t, err)
	require.Empty(t, f.unbondings(0), "all of it is contested")
	want := map[int64]int64{}
	for i := range parts {
		f.resetEvents()
		f.at(f.ctx.BlockHeight() + 1)
		completion := f.ctx.BlockHeight() + period
		require.NoError(t, f.keeper.Settle(f.ctx, operator(0), math.NewInt(10), period))
		f.requireEvent(&types.EventUnbonding{Operator: operator(0).String(), Amount: coin(10), CompletionHeight: completion})
		want[completion] = 10
		if i >= types.MaxUnbondings { // a further amount joins the youngest unbonding and delays it
			want[completion] += want[completion-1]
			delete(want, completion-1)
		}
		require.Equal(t, want, f.unbondings(0))
		f.requireInvariants()
	}
	require.True(t, f.state(0).Closed())
	exported, err := f.keeper.ExportGenesis(f.ctx)
	require.NoError(t, err)
	require.NoError(t, exported.Validate())

	req := slashRequest(0, 0, 0, false)
	req.Contested, req.Unlocked = true, math.NewInt(10*parts)
	outcome, err := f.keeper.Slash(f.ctx, req)
	require.NoError(t, err)
	require.Equal(t, int64(10*parts), outcome.Unbonding.Int64(), "a slash reaches them all")
	require.Empty(t, f.unbondings(0))
	f.requireInvariants()
}

func TestWhatJoinsAnUnbondingBringsNothingForward(t *testing.T) {
	f := newFixture(t)
	params := testParams()
	params.UnbondingBlocks = 100
	update := func() {
		_, err := f.msgs.UpdateParams(f.ctx, &types.MsgUpdateParams{Authority: authority(), Params: params})
		require.NoError(t, err)
	}
	update()
	f.register(0, 1_000, 1)
	for range types.MaxUnbondings {
		f.at(f.ctx.BlockHeight() + 1)
		require.NoError(t, f.unbond(0, coin(1)))
	}
	youngest := f.ctx.BlockHeight() + 100
	params.UnbondingBlocks = 50
	update()
	_, err := f.retire(0)
	require.NoError(t, err)
	require.Len(t, f.unbondings(0), types.MaxUnbondings)
	require.Equal(t, int64(1_000-types.MaxUnbondings+1), f.unbondings(0)[youngest])
	f.requireInvariants()
}

func TestUnbondingsThatFailDoNotFillTheQueue(t *testing.T) {
	f := newFixture(t) // two items per block
	for n := range byte(3) {
		f.register(n, 110, 1)
	}
	f.bank.AppendSendRestriction(func(_ context.Context, _, to sdk.AccAddress, _ sdk.Coins) (sdk.AccAddress, error) {
		if to.Equals(operator(0)) || to.Equals(operator(1)) {
			return nil, sdkerrors.ErrUnauthorized
		}
		return to, nil
	})
	require.NoError(t, f.unbond(0, coin(10)))
	require.NoError(t, f.unbond(1, coin(10)))
	f.endBlock()
	require.NoError(t, f.unbond(2, coin(10)))
	for f.ctx.BlockHeight() <= 7 {
		f.endBlock()
	}
	require.Equal(t, int64(10), f.balance(operator(2)))
	f.requireInvariants()
}
