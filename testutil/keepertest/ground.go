// Package keepertest provides what a keeper needs in a test: stores in memory, and the SDK's
// real accounts and bank. A test of one module does not need an app.
package keepertest

import (
	"context"
	"maps"

	cmtproto "github.com/cometbft/cometbft/proto/tendermint/types"
	dbm "github.com/cosmos/cosmos-db"
	"github.com/stretchr/testify/require"

	"cosmossdk.io/core/address"
	"cosmossdk.io/core/store"
	"cosmossdk.io/log/v2"

	"github.com/cosmos/cosmos-sdk/codec"
	addresscodec "github.com/cosmos/cosmos-sdk/codec/address"
	codectestutil "github.com/cosmos/cosmos-sdk/codec/testutil"
	"github.com/cosmos/cosmos-sdk/runtime"
	rootstore "github.com/cosmos/cosmos-sdk/store/v2"
	storetypes "github.com/cosmos/cosmos-sdk/store/v2/types"
	sdk "github.com/cosmos/cosmos-sdk/types"
	authkeeper "github.com/cosmos/cosmos-sdk/x/auth/keeper"
	authtypes "github.com/cosmos/cosmos-sdk/x/auth/types"
	bankkeeper "github.com/cosmos/cosmos-sdk/x/bank/keeper"
	banktypes "github.com/cosmos/cosmos-sdk/x/bank/types"

	"github.com/thetaedge/theta/app/params"
)

const (
	// Faucet is the module account that mints the coins that a test spends.
	Faucet = "faucet"
	// Community is the module account of CommunityPool.
	Community = "community"
)

// TB contains the methods of testing.T and of rapid.T that a fixture needs.
type TB interface {
	require.TestingT
	Helper()
}

// Needs describes what a test's modules need.
type Needs struct {
	ChainID string
	// Stores and Transient are the keys of the modules' own stores.
	Stores, Transient []string
	// Accounts are module accounts with their permissions, in addition to those of the
	// faucet, the community pool and the fee collector.
	Accounts map[string][]string
	// Blocked are module accounts that cannot receive coins.
	Blocked []string
}

// Ground is a block context at height 1 with accounts and coins.
type Ground struct {
	Ctx       sdk.Context
	Stores    storetypes.CommitMultiStore
	Codec     codec.Codec
	Addresses address.Codec
	Accounts  authkeeper.AccountKeeper
	Bank      bankkeeper.BaseKeeper

	kv        map[string]*storetypes.KVStoreKey
	transient map[string]*storetypes.TransientStoreKey
}

// New creates the needed ground.
func New(t TB, needs Needs) *Ground {
	t.Helper()
	g := &Ground{
		Stores:    rootstore.NewCommitMultiStore(dbm.NewMemDB(), log.NewNopLogger()),
		Codec:     codectestutil.CodecOptions{AccAddressPrefix: params.Bech32Prefix}.NewCodec(),
		Addresses: addresscodec.NewBech32Codec(params.Bech32Prefix),
		kv:        storetypes.NewKVStoreKeys(append([]string{authtypes.StoreKey, banktypes.StoreKey}, needs.Stores...)...),
		transient: storetypes.NewTransientStoreKeys(needs.Transient...),
	}
	authtypes.RegisterInterfaces(g.Codec.InterfaceRegistry())
	g.Stores.SetIAVLDisableFastNode(true) // like the chain's default
	for _, key := range g.kv {
		g.Stores.MountStoreWithDB(key, storetypes.StoreTypeIAVL, nil)
	}
	for _, key := range g.transient {
		g.Stores.MountStoreWithDB(key, storetypes.StoreTypeTransient, nil)
	}
	require.NoError(t, g.Stores.LoadLatestVersion())

	permissions := map[string][]string{Faucet: {authtypes.Minter}, Community: nil, authtypes.FeeCollectorName: nil}
	maps.Copy(permissions, needs.Accounts)
	accounts := authkeeper.NewAccountKeeper(g.Codec, g.Store(authtypes.StoreKey),
		authtypes.ProtoBaseAccount, permissions, g.Addresses, params.Bech32Prefix, Authority())
	blocked := map[string]bool{}
	for _, name := range needs.Blocked {
		blocked[authtypes.NewModuleAddress(name).String()] = true
	}
	g.Accounts = accounts
	g.Bank = bankkeeper.NewBaseKeeper(g.Codec, g.Store(banktypes.StoreKey), accounts, blocked, Authority(), log.NewNopLogger())
	g.Ctx = sdk.NewContext(g.Stores, cmtproto.Header{Height: 1, ChainID: needs.ChainID}, false, log.NewNopLogger())
	require.NoError(t, accounts.Params.Set(g.Ctx, authtypes.DefaultParams()))
	require.NoError(t, g.Bank.SetParams(g.Ctx, banktypes.DefaultParams()))
	return g
}

// Store opens one of the stores by its key.
func (g *Ground) Store(key string) store.KVStoreService { return runtime.NewKVStoreService(g.kv[key]) }

// Transient opens one of the transient stores by its key.
func (g *Ground) Transient(key string) store.TransientStoreService {
	return runtime.NewTransientStoreService(g.transient[key])
}

// Pool returns a stand-in for x/distribution.
func (g *Ground) Pool() CommunityPool { return CommunityPool{bank: g.Bank} }

// CommunityPool is a module account that accepts everything.
type CommunityPool struct{ bank bankkeeper.Keeper }

// FundCommunityPool takes coins from an account.
func (p CommunityPool) FundCommunityPool(ctx context.Context, amount sdk.Coins, sender sdk.AccAddress) error {
	return p.bank.SendCoinsFromAccountToModule(ctx, sender, Community, amount)
}

// Authority returns the account that may change parameters.
func Authority() string { return authtypes.NewModuleAddress("gov").String() }
