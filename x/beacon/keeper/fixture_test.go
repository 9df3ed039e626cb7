package keeper_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"cosmossdk.io/math"

	"github.com/cosmos/cosmos-sdk/codec/address"
	"github.com/cosmos/cosmos-sdk/runtime"
	storetypes "github.com/cosmos/cosmos-sdk/store/v2/types"
	"github.com/cosmos/cosmos-sdk/testutil"
	sdk "github.com/cosmos/cosmos-sdk/types"
	moduletestutil "github.com/cosmos/cosmos-sdk/types/module/testutil"
	authtypes "github.com/cosmos/cosmos-sdk/x/auth/types"

	"github.com/thetaedge/theta/x/beacon/bls"
	"github.com/thetaedge/theta/x/beacon/keeper"
	"github.com/thetaedge/theta/x/beacon/types"
)

const (
	denom     = "atfuel"
	genesisAt = int64(1_700_000_000)
)

// purse is a fee collector that can be empty or refuse to pay.
type purse struct {
	held   math.Int
	paid   map[string]math.Int
	refuse bool
}

func (p *purse) GetBalance(_ context.Context, addr sdk.AccAddress, d string) sdk.Coin {
	if !addr.Equals(authtypes.NewModuleAddress(authtypes.FeeCollectorName)) {
		return sdk.NewCoin(d, math.ZeroInt())
	}
	return sdk.NewCoin(d, p.held)
}

func (p *purse) SendCoinsFromModuleToAccount(_ context.Context, _ string, to sdk.AccAddress, amount sdk.Coins) error {
	if p.refuse {
		return errors.New("recipient is blocked")
	}
	p.held = p.held.Sub(amount.AmountOf(denom))
	was, ok := p.paid[to.String()]
	if !ok {
		was = math.ZeroInt()
	}
	p.paid[to.String()] = was.Add(amount.AmountOf(denom))
	return nil
}

// fixture is a keeper with real stores, on a network whose key the test holds.
type fixture struct {
	t         require.TestingT
	ctx       sdk.Context
	keeper    *keeper.Keeper
	msgs      types.MsgServer
	queries   types.QueryServer
	key       bls.SecretKey
	purse     *purse
	submitter sdk.AccAddress
	authority string
}

func newFixture(t testing.TB, adjust ...func(*types.GenesisState)) *fixture {
	t.Helper()
	key := storetypes.NewKVStoreKey(types.StoreKey)
	testCtx := testutil.DefaultContextWithDB(t, key, storetypes.NewTransientStoreKey("transient"))
	f := &fixture{
		t:         t,
		ctx:       testCtx.Ctx.WithBlockHeight(0).WithBlockTime(time.Unix(genesisAt, 0)),
		key:       bls.GenerateKey(),
		purse:     &purse{held: math.NewIntWithDecimal(1, 18), paid: map[string]math.Int{}},
		submitter: sdk.AccAddress("submitter___________"),
		authority: authtypes.NewModuleAddress("gov").String(),
	}
	codec := address.NewBech32Codec(sdk.GetConfig().GetBech32AccountAddrPrefix())
	f.keeper = keeper.NewKeeper(moduletestutil.MakeTestEncodingConfig().Codec, runtime.NewKVStoreService(key),
		codec, f.purse, authtypes.FeeCollectorName, denom, f.authority)
	f.msgs, f.queries = keeper.NewMsgServer(f.keeper), keeper.NewQueryServer(f.keeper)

	g := types.GenesisState{Params: f.params()}
	for _, a := range adjust {
		a(&g)
	}
	require.NoError(t, g.Validate())
	require.NoError(t, f.keeper.InitGenesis(f.ctx, g))
	return f
}

// params returns the parameters of the test's own network: rounds every 3 seconds.
func (f *fixture) params() types.Params {
	p := types.DefaultParams()
	p.PublicKey, p.GenesisTime = f.key.Public().String(), genesisAt
	return p
}

func (f *fixture) schedule() types.Schedule {
	res, err := f.queries.Params(f.ctx, &types.QueryParamsRequest{})
	require.NoError(f.t, err)
	return res.Schedule
}

// next ends the block and begins another, this much later.
func (f *fixture) next(later time.Duration) {
	require.NoError(f.t, f.keeper.EndBlock(f.ctx))
	f.ctx = f.ctx.WithBlockHeight(f.ctx.BlockHeight() + 1).WithBlockTime(f.ctx.BlockTime().Add(later)).
		WithEventManager(sdk.NewEventManager())
	require.NoError(f.t, f.keeper.BeginBlock(f.ctx))
}

func (f *fixture) sign(round uint64) []byte {
	signature, err := f.key.Sign(round)
	require.NoError(f.t, err)
	return signature
}

func (f *fixture) submit(round uint64, signature []byte) error {
	_, err := f.msgs.SubmitRound(f.ctx, &types.MsgSubmitRound{
		Submitter: f.submitter.String(), Round: round, Signature: signature,
	})
	return err
}

func (f *fixture) roundAt(height int64) uint64 {
	round, found, err := f.keeper.RoundAt(f.ctx, height)
	require.NoError(f.t, err)
	require.True(f.t, found, "height %d is not pinned", height)
	return round
}

func (f *fixture) seed(height int64) (types.Seed, bool) {
	seed, found, err := f.keeper.Seed(f.ctx, height)
	require.NoError(f.t, err)
	return seed, found
}

// until advances in blocks of one second until the round is due.
func (f *fixture) until(round uint64) {
	for f.schedule().DueAt(f.ctx.BlockTime()) < round {
		f.next(time.Second)
	}
}
