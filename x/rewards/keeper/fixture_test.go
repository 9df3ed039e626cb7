package keeper_test

import (
	"bytes"
	"context"
	"errors"
	"testing"
	"time"

	"github.com/cosmos/gogoproto/proto"
	"github.com/stretchr/testify/require"

	"cosmossdk.io/core/store"

	addresscodec "github.com/cosmos/cosmos-sdk/codec/address"
	cryptocodec "github.com/cosmos/cosmos-sdk/crypto/codec"
	storetypes "github.com/cosmos/cosmos-sdk/store/v2/types"
	sdk "github.com/cosmos/cosmos-sdk/types"
	authkeeper "github.com/cosmos/cosmos-sdk/x/auth/keeper"
	authtypes "github.com/cosmos/cosmos-sdk/x/auth/types"
	epochstypes "github.com/cosmos/cosmos-sdk/x/epochs/types"
	stakingkeeper "github.com/cosmos/cosmos-sdk/x/staking/keeper"
	stakingtypes "github.com/cosmos/cosmos-sdk/x/staking/types"

	"github.com/thetaedge/theta/app/params"
	"github.com/thetaedge/theta/app/supply"
	"github.com/thetaedge/theta/testutil/collect"
	"github.com/thetaedge/theta/testutil/keepertest"
	computetypes "github.com/thetaedge/theta/x/compute/types"
	edgenodekeeper "github.com/thetaedge/theta/x/edgenode/keeper"
	edgenodetypes "github.com/thetaedge/theta/x/edgenode/types"
	"github.com/thetaedge/theta/x/rewards/keeper"
	"github.com/thetaedge/theta/x/rewards/types"
)

const (
	denom     = "atfuel"
	other     = "utoken"
	faucet    = keepertest.Faucet
	escrow    = "compute"
	community = keepertest.Community
	collector = authtypes.FeeCollectorName
	// blocked is a module account that may not receive coins, and unblocked one that may.
	blocked, unblocked = "blocked", "unblocked"
)

func TestMain(m *testing.M) {
	params.SetSDKDefaults()
	collect.Seldom()
	m.Run()
}

// tb is testing.T or rapid.T.
type tb = keepertest.TB

// fixture is the keeper over real stores with the SDK's real bank.
type fixture struct {
	t        tb
	stores   storetypes.CommitMultiStore
	ctx      sdk.Context
	keeper   *keeper.Keeper
	bank     supply.Bank
	msgs     types.MsgServer
	queries  types.QueryServer
	accounts authkeeper.AccountKeeper
	staking  *stakingkeeper.Keeper
	// nodes contains the operators by the worker keys of their nodes.
	nodes *clock
	// edge is the real x/edgenode, which takes bonds.
	edge   *edgenodekeeper.Keeper
	epochs *hourly
	mint   *mint
	// vault mints what grants pay.
	vault *vault
	// service opens the module's own store.
	service store.KVStoreService
}

// workers is a stand-in for x/edgenode: operators by the text of their worker keys.
type workers map[string]sdk.AccAddress

// clock says in which epoch the test is, and whose nodes there are.
type clock struct {
	workers
	epoch uint64
}

// OperatorOf returns the operator of a worker.
func (w workers) OperatorOf(_ context.Context, worker sdk.AccAddress) (sdk.AccAddress, error) {
	operator, is := w[worker.String()]
	if !is {
		return nil, edgenodetypes.ErrUnknownWorker
	}
	return operator, nil
}

// registry is x/edgenode, except that tests say which epoch it is and whose node a worker key serves.
type registry struct {
	*edgenodekeeper.Keeper
	clock *clock
}

// Epoch returns the present epoch.
func (r registry) Epoch(context.Context) (uint64, error) { return r.clock.epoch, nil }

// OperatorOf returns the operator of a worker.
func (r registry) OperatorOf(ctx context.Context, worker sdk.AccAddress) (sdk.AccAddress, error) {
	return r.clock.OperatorOf(ctx, worker)
}

// hourly is a stand-in for x/epochs with one epoch. It returns err if that is set.
type hourly struct {
	duration time.Duration
	err      error
}

// GetEpochInfo returns the epoch.
func (h *hourly) GetEpochInfo(_ sdk.Context, identifier string) (epochstypes.EpochInfo, error) {
	if identifier != "edge" {
		return epochstypes.EpochInfo{}, errors.New("no such epoch")
	}
	return epochstypes.EpochInfo{Identifier: identifier, Duration: h.duration}, h.err
}

// mint is a stand-in for x/mint. It mints for the fee collector.
type mint struct {
	bank  supply.Bank
	shown types.MintFigures
	err   error
}

// Mint mints a coin.
func (m *mint) Mint(ctx context.Context, c sdk.Coin) error {
	if m.err != nil {
		return m.err
	}
	if err := m.bank.MintCoins(ctx, faucet, sdk.NewCoins(c)); err != nil {
		return err
	}
	return m.bank.SendCoinsFromModuleToModule(ctx, faucet, collector, sdk.NewCoins(c))
}

// Show keeps the figures.
func (m *mint) Show(_ context.Context, figures types.MintFigures) error {
	m.shown = figures
	return nil
}

// vault is the bank that grants mint with. Tests make it fail.
type vault struct {
	supply.Bank
	// fails is asked before coins are minted. It returns an error or panics if they cannot be.
	fails func(sdk.Coins) error
}

// MintCoins mints coins, unless that fails.
func (v *vault) MintCoins(ctx context.Context, module string, coins sdk.Coins) error {
	if v.fails != nil {
		if err := v.fails(coins); err != nil {
			return err
		}
	}
	return v.Bank.MintCoins(ctx, module, coins)
}

func newFixture(t tb) *fixture {
	t.Helper()
	ground := keepertest.New(t, keepertest.Needs{
		Stores: []string{types.StoreKey, stakingtypes.StoreKey, edgenodetypes.StoreKey}, Transient: []string{types.TStoreKey},
		Accounts: map[string][]string{
			escrow: {authtypes.Burner, authtypes.Minter}, edgenodetypes.ModuleName: {authtypes.Burner}, blocked: nil, unblocked: nil,
			stakingtypes.BondedPoolName: {authtypes.Burner, authtypes.Staking}, stakingtypes.NotBondedPoolName: {authtypes.Burner, authtypes.Staking},
		},
		Blocked: []string{blocked},
	})
	cryptocodec.RegisterInterfaces(ground.Codec.InterfaceRegistry()) // of the keys of validators
	ctx := ground.Ctx
	ledger := keeper.NewSupplyLedger(ground.Store(types.StoreKey), denom)
	bank := supply.NewBank(ground.Bank, ledger)
	validators := addresscodec.NewBech32Codec(params.Bech32Prefix + sdk.PrefixValidator + sdk.PrefixOperator)
	staking := stakingkeeper.NewKeeper(ground.Codec, ground.Store(stakingtypes.StoreKey), ground.Accounts, bank.Burning(types.SUPPLY_CAUSE_VALIDATOR_SLASHES), authority(),
		validators, addresscodec.NewBech32Codec(params.Bech32Prefix+sdk.PrefixValidator+sdk.PrefixConsensus))
	stake := stakingtypes.DefaultParams()
	stake.BondDenom = denom
	require.NoError(t, staking.SetParams(ctx, stake))
	nodes := &clock{workers: workers{}, epoch: 1}
	edge := edgenodekeeper.NewKeeper(ground.Codec, ground.Store(edgenodetypes.StoreKey), ground.Addresses,
		bank.Burning(types.SUPPLY_CAUSE_NODE_FAULTS), ground.Pool(), authority())
	require.NoError(t, edge.InitGenesis(ctx, *edgenodetypes.DefaultGenesis()))
	epochs := &hourly{duration: time.Hour}
	minting := &vault{Bank: bank.Minting(types.SUPPLY_CAUSE_GRANTS).Burning(types.SUPPLY_CAUSE_REWARD_SHARES)}
	k := keeper.NewKeeper(ground.Codec, ground.Store(types.StoreKey), ground.Transient(types.TStoreKey),
		keeper.Addresses{Accounts: ground.Addresses, Validators: validators},
		keeper.Others{
			Accounts: ground.Accounts, Community: ground.Pool(), Staking: staking, Nodes: registry{edge, nodes},
			Bank:   minting,
			Fees:   bank.Burning(types.SUPPLY_CAUSE_JOB_FEES),
			Epochs: epochs, Supply: ledger,
		},
		collector, escrow, authority())
	genesis := types.DefaultGenesis()
	genesis.Params.FoldBlocks = 3
	require.NoError(t, k.InitGenesis(ctx, *genesis))
	return &fixture{
		t: t, stores: ground.Stores, ctx: ctx, keeper: k, bank: bank, msgs: keeper.NewMsgServer(k), queries: keeper.NewQueryServer(k),
		accounts: ground.Accounts, staking: staking, nodes: nodes, edge: edge, epochs: epochs,
		mint: &mint{bank: bank.Minting(types.SUPPLY_CAUSE_EMISSION)}, service: ground.Store(types.StoreKey),
		vault: minting,
	}
}

func authority() string { return keepertest.Authority() }

func operator(n byte) sdk.AccAddress { return bytes.Repeat([]byte{n + 1}, 20) }

func coin(amount int64) sdk.Coin { return sdk.NewInt64Coin(denom, amount) }

// from returns the origin of a credit for a task of a job.
func from(source computetypes.CreditSource, task uint64) computetypes.CreditOrigin {
	return computetypes.CreditOrigin{Source: source, Job: computetypes.JobID{Height: 7}, Task: task}
}

// escrowed puts a coin into the escrow account, as posting a job does.
func (f *fixture) escrowed(c sdk.Coin) {
	f.t.Helper()
	require.NoError(f.t, f.bank.MintCoins(f.ctx, faucet, sdk.NewCoins(c)))
	require.NoError(f.t, f.bank.SendCoinsFromModuleToModule(f.ctx, faucet, escrow, sdk.NewCoins(c)))
}

// reward puts a coin into escrow and settles it in favour of the n-th operator.
func (f *fixture) reward(n byte, c sdk.Coin) sdk.Coin {
	f.t.Helper()
	f.escrowed(c)
	net, err := f.keeper.CreditReward(f.ctx, operator(n), c, from(computetypes.CREDIT_SOURCE_JOBS, 1))
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

// requireBacked checks the ledger, and that escrow holds exactly what the ledger and the
// pending shares owe.
func (f *fixture) requireBacked() {
	f.t.Helper()
	for _, result := range f.keeper.CheckInvariants(f.ctx) {
		require.NoError(f.t, result.Err, result.Name)
	}
	earned, err := f.keeper.EarningsTotal(f.ctx)
	require.NoError(f.t, err)
	pending, err := f.keeper.PendingTotal(f.ctx)
	require.NoError(f.t, err)
	grants, err := f.keeper.GrantsTotal(f.ctx)
	require.NoError(f.t, err)
	require.Equal(f.t, earned.Add(pending...).Add(grants...).String(), f.held(escrow).String())
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
