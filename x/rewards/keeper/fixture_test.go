package keeper_test

import (
	"bytes"
	"context"
	"testing"

	cmtproto "github.com/cometbft/cometbft/proto/tendermint/types"
	dbm "github.com/cosmos/cosmos-db"
	"github.com/cosmos/gogoproto/proto"
	"github.com/stretchr/testify/require"

	"cosmossdk.io/log/v2"

	"github.com/cosmos/cosmos-sdk/codec/address"
	codectestutil "github.com/cosmos/cosmos-sdk/codec/testutil"
	"github.com/cosmos/cosmos-sdk/runtime"
	"github.com/cosmos/cosmos-sdk/store/v2"
	storetypes "github.com/cosmos/cosmos-sdk/store/v2/types"
	sdk "github.com/cosmos/cosmos-sdk/types"
	authkeeper "github.com/cosmos/cosmos-sdk/x/auth/keeper"
	authtypes "github.com/cosmos/cosmos-sdk/x/auth/types"
	bankkeeper "github.com/cosmos/cosmos-sdk/x/bank/keeper"
	banktypes "github.com/cosmos/cosmos-sdk/x/bank/types"

	"github.com/thetaedge/theta/app/params"
	"github.com/thetaedge/theta/x/rewards/keeper"
	"github.com/thetaedge/theta/x/rewards/types"
)

const (
	denom     = "atfuel"
	other     = "utoken"
	faucet    = "faucet"
	escrow    = "compute"
	community = "community"
	collector = authtypes.FeeCollectorName
)

func TestMain(m *testing.M) {
	params.SetSDKDefaults()
	m.Run()
}

// tb is what the fixture needs of testing.T and of rapid.T.
type tb interface {
	require.TestingT
	Helper()
}

// communityPool stands in for x/distribution: a module account that takes all.
type communityPool struct{ bank bankkeeper.Keeper }

func (p communityPool) FundCommunityPool(ctx context.Context, amount sdk.Coins, sender sdk.AccAddress) error {
	return p.bank.SendCoinsFromAccountToModule(ctx, sender, community, amount)
}

// fixture is the keeper over real stores with the SDK's real bank.
type fixture struct {
	t       tb
	stores  storetypes.CommitMultiStore
	ctx     sdk.Context
	keeper  *keeper.Keeper
	bank    bankkeeper.BaseKeeper
	msgs    types.MsgServer
	queries types.QueryServer
}

func newFixture(t tb) *fixture {
	t.Helper()
	keys := storetypes.NewKVStoreKeys(authtypes.StoreKey, banktypes.StoreKey, types.StoreKey)
	transient := storetypes.NewTransientStoreKey(types.TStoreKey)
	db := dbm.NewMemDB()
	cms := store.NewCommitMultiStore(db, log.NewNopLogger())
	for _, key := range keys {
		cms.MountStoreWithDB(key, storetypes.StoreTypeIAVL, nil)
	}
	cms.MountStoreWithDB(transient, storetypes.StoreTypeTransient, nil)
	require.NoError(t, cms.LoadLatestVersion())
	cdc := codectestutil.CodecOptions{AccAddressPrefix: params.Bech32Prefix}.NewCodec()
	authtypes.RegisterInterfaces(cdc.InterfaceRegistry())
	addresses := address.NewBech32Codec(params.Bech32Prefix)
	permissions := map[string][]string{
		faucet: {authtypes.Minter}, escrow: {authtypes.Burner}, community: nil, collector: nil,
	}
	authority := authority()
	accounts := authkeeper.NewAccountKeeper(cdc, runtime.NewKVStoreService(keys[authtypes.StoreKey]),
		authtypes.ProtoBaseAccount, permissions, addresses, params.Bech32Prefix, authority)
	bank := bankkeeper.NewBaseKeeper(cdc, runtime.NewKVStoreService(keys[banktypes.StoreKey]),
		accounts, nil, authority, log.NewNopLogger())
	k := keeper.NewKeeper(cdc, runtime.NewKVStoreService(keys[types.StoreKey]), runtime.NewTransientStoreService(transient),
		addresses, bank, communityPool{bank}, collector, escrow, authority)
	ctx := sdk.NewContext(cms, cmtproto.Header{Height: 1}, false, log.NewNopLogger())
	require.NoError(t, accounts.Params.Set(ctx, authtypes.DefaultParams()))
	require.NoError(t, bank.SetParams(ctx, banktypes.DefaultParams()))
	genesis := types.DefaultGenesis()
	genesis.Params.FoldBlocks = 3
	require.NoError(t, k.InitGenesis(ctx, *genesis))
	return &fixture{
		t: t, stores: cms, ctx: ctx, keeper: k, bank: bank, msgs: keeper.NewMsgServer(k), queries: keeper.NewQueryServer(k),
	}
}

func authority() string { return authtypes.NewModuleAddress("gov").String() }

func operator(n byte) sdk.AccAddress { return bytes.Repeat([]byte{n + 1}, 20) }

func coin(amount int64) sdk.Coin { return sdk.NewInt64Coin(denom, amount) }

// escrowed puts a coin into the escrow account, as posting a job does.
func (f *fixture) escrowed(c sdk.Coin) {
	f.t.Helper()
	require.NoError(f.t, f.bank.MintCoins(f.ctx, faucet, sdk.NewCoins(c)))
	require.NoError(f.t, f.bank.SendCoinsFromModuleToModule(f.ctx, faucet, escrow, sdk.NewCoins(c)))
}

// reward escrows a coin and settles it in favour of the n-th operator.
func (f *fixture) reward(n byte, c sdk.Coin) sdk.Coin {
	f.t.Helper()
	f.escrowed(c)
	net, err := f.keeper.CreditReward(f.ctx, operator(n), c)
	require.NoError(f.t, err)
	return net
}

func (f *fixture) claim(n byte, denoms ...string) (sdk.Coins, error) {
	cached, write := f.ctx.CacheContext()
	res, err := f.msgs.Claim(cached, &types.MsgClaim{Operator: operator(n).String(), Denoms: denoms})
	if err != nil {
		return nil, err
	}
	write()
	return res.Amount, nil
}

func (f *fixture) held(module string) sdk.Coins {
	return f.bank.GetAllBalances(f.ctx, authtypes.NewModuleAddress(module))
}

// endBlock ends and commits the block, which empties the transient store.
func (f *fixture) endBlock() {
	f.t.Helper()
	require.NoError(f.t, f.keeper.EndBlock(f.ctx))
	f.stores.Commit()
	f.ctx = f.ctx.WithBlockHeight(f.ctx.BlockHeight() + 1)
}

// requireBacked checks the ledger and that escrow holds exactly what it and
// the pending shares owe.
func (f *fixture) requireBacked() {
	f.t.Helper()
	for _, result := range f.keeper.CheckInvariants(f.ctx) {
		require.NoError(f.t, result.Err, result.Name)
	}
	earned, err := f.keeper.EarningsTotal(f.ctx)
	require.NoError(f.t, err)
	pending, err := f.keeper.PendingTotal(f.ctx)
	require.NoError(f.t, err)
	require.Equal(f.t, earned.Add(pending...).String(), f.held(escrow).String())
}

func (f *fixture) requireEvent(want proto.Message) {
	f.t.Helper()
	var found []string
	for _, event := range f.ctx.EventManager().ABCIEvents() {
		got, err := sdk.ParseTypedEvent(event)
		if err != nil {
			continue // events of bank are not typed
		}
		if proto.MessageName(got) == proto.MessageName(want) && got.String() == want.String() {
			return
		}
		found = append(found, got.String())
	}
	require.Failf(f.t, "event missing", "expected %s, found %v", want, found)
}
