package keeper_test

import (
	"context"
	"errors"
	"testing"

	cmtproto "github.com/cometbft/cometbft/proto/tendermint/types"
	"github.com/stretchr/testify/require"

	"cosmossdk.io/math"

	"github.com/cosmos/cosmos-sdk/runtime"
	storetypes "github.com/cosmos/cosmos-sdk/store/v2/types"
	"github.com/cosmos/cosmos-sdk/testutil"
	sdk "github.com/cosmos/cosmos-sdk/types"
	sdkerrors "github.com/cosmos/cosmos-sdk/types/errors"
	moduletestutil "github.com/cosmos/cosmos-sdk/types/module/testutil"
	authtypes "github.com/cosmos/cosmos-sdk/x/auth/types"

	"github.com/thetaedge/theta/x/feemarket/keeper"
	"github.com/thetaedge/theta/x/feemarket/types"
)

const (
	denom = "atfuel"
	block = 1_000_000
)

// purse is the module's account.
type purse struct {
	held, burned math.Int
	refuse       bool
}

func (p *purse) GetBalance(_ context.Context, _ sdk.AccAddress, denom string) sdk.Coin {
	return sdk.NewCoin(denom, p.held)
}

func (p *purse) BurnCoins(_ context.Context, _ string, amount sdk.Coins) error {
	if p.refuse {
		return errors.New("nothing is burned")
	}
	p.held, p.burned = p.held.Sub(amount.AmountOf(denom)), p.burned.Add(amount.AmountOf(denom))
	return nil
}

// floor is the lowest price of a unit of gas.
type floor struct {
	price math.Int
	err   error
}

func (f *floor) MinGasPrice(context.Context) (math.Int, error) { return f.price, f.err }

func (f *floor) FeeDenom(context.Context) (string, error) { return denom, f.err }

type fixture struct {
	t         *testing.T
	ctx       sdk.Context
	keeper    *keeper.Keeper
	purse     *purse
	floor     *floor
	authority string
}

func newFixture(t *testing.T) *fixture {
	t.Helper()
	key, transient := storetypes.NewKVStoreKey(types.StoreKey), storetypes.NewTransientStoreKey(types.TStoreKey)
	stores := testutil.DefaultContextWithDB(t, key, transient)
	f := &fixture{
		t: t, purse: &purse{held: math.ZeroInt(), burned: math.ZeroInt()}, floor: &floor{price: math.NewInt(1_000)},
		authority: authtypes.NewModuleAddress("gov").String(),
		ctx:       stores.Ctx.WithBlockHeight(1).WithConsensusParams(cmtproto.ConsensusParams{Block: &cmtproto.BlockParams{MaxGas: block}}),
	}
	f.keeper = keeper.NewKeeper(moduletestutil.MakeTestEncodingConfig().Codec, runtime.NewKVStoreService(key),
		runtime.NewTransientStoreService(transient), f.purse, f.floor, f.authority)
	return f
}

func (f *fixture) base() int64 {
	base, _, err := f.keeper.Prices(f.ctx)
	require.NoError(f.t, err)
	return base.Int64()
}

func TestWhatIsPaidForMovesThePriceOnce(t *testing.T) {
	f := newFixture(t)
	require.NoError(t, f.keeper.InitGenesis(f.ctx, *types.DefaultGenesis()))
	budget, err := f.keeper.Budget(f.ctx)
	require.NoError(t, err)
	require.EqualValues(t, 750_000, budget.Ordinary)
	require.NoError(t, f.keeper.Paid(f.ctx, 0, 500_000))
	require.NoError(t, f.keeper.Paid(f.ctx, 3, 250_000))
	require.NoError(t, f.keeper.Paid(f.ctx, -1, 250_000), "outside of a block nothing is noted")
	require.NoError(t, f.keeper.EndBlock(f.ctx))
	require.EqualValues(t, 1_125, f.base())
	f.floor.price = math.NewInt(2_000)
	require.EqualValues(t, 2_000, f.base(), "the floor may pass it")
}

func TestWhoIsInTheLaneAndPassedIsKnownByIndex(t *testing.T) {
	f := newFixture(t)
	require.NoError(t, f.keeper.SetLane(f.ctx, []int{0, 2}))
	require.NoError(t, f.keeper.Hold(f.ctx, 2))
	require.NoError(t, f.keeper.Hold(f.ctx, -1))
	for index, want := range map[int][2]bool{-1: {}, 0: {true, false}, 1: {}, 2: {true, true}} {
		lane, err := f.keeper.InLane(f.ctx, index)
		require.NoError(t, err)
		require.Equal(t, want[0], lane, "index %d", index)
		if index >= 0 {
			held, err := f.keeper.Held(f.ctx, index)
			require.NoError(t, err)
			require.Equal(t, want[1], held, "index %d", index)
		}
	}
}

func TestABurnThatFailsHaltsNothingAndComesWithTheNextBlock(t *testing.T) {
	f := newFixture(t)
	require.NoError(t, f.keeper.InitGenesis(f.ctx, *types.DefaultGenesis()))
	f.purse.held, f.purse.refuse = math.NewInt(7), true
	require.NoError(t, f.keeper.EndBlock(f.ctx))
	require.EqualValues(t, 7, f.purse.held.Int64())
	f.purse.refuse = false
	require.NoError(t, f.keeper.EndBlock(f.ctx))
	require.Zero(t, f.purse.held.Int64())
	require.EqualValues(t, 7, f.purse.burned.Int64())
}

func TestWithoutParametersAllGasIsForEverybodyAtTheFloor(t *testing.T) {
	f := newFixture(t)
	budget, err := f.keeper.Budget(f.ctx)
	require.NoError(t, err)
	require.Equal(t, types.Budget{Limited: true, Block: block, Ordinary: block, Tx: block}, budget)
	require.NoError(t, f.keeper.Paid(f.ctx, 0, block))
	require.NoError(t, f.keeper.EndBlock(f.ctx))
	require.EqualValues(t, 1_000, f.base())
	genesis, err := f.keeper.ExportGenesis(f.ctx)
	require.NoError(t, err)
	require.NoError(t, genesis.Validate())
}

func TestParametersAreForTheirAuthority(t *testing.T) {
	f := newFixture(t)
	server := keeper.NewMsgServer(f.keeper)
	good, bad := types.DefaultParams(), types.DefaultParams()
	good.LaneBps, bad.LaneBps = 100, types.BasisPoints
	for _, c := range []struct {
		authority string
		params    types.Params
		want      error
	}{
		{"theta1nobody", good, sdkerrors.ErrUnauthorized},
		{f.authority, bad, types.ErrInvalidParams},
		{f.authority, good, nil},
	} {
		_, err := server.UpdateParams(f.ctx, &types.MsgUpdateParams{Authority: c.authority, Params: c.params})
		require.ErrorIs(t, err, c.want)
	}
	params, err := f.keeper.Params(f.ctx)
	require.NoError(t, err)
	require.Equal(t, good, params)
}

func TestAFloorThatCannotBeReadIsAnError(t *testing.T) {
	f := newFixture(t)
	f.floor.err = errors.New("no floor")
	_, _, err := f.keeper.Prices(f.ctx)
	require.ErrorIs(t, err, f.floor.err)
	require.ErrorIs(t, f.keeper.EndBlock(f.ctx), f.floor.err)
}
