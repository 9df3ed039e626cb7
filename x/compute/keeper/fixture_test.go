package keeper_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"cosmossdk.io/core/store"
	"cosmossdk.io/math"

	sdk "github.com/cosmos/cosmos-sdk/types"
	authtypes "github.com/cosmos/cosmos-sdk/x/auth/types"

	"github.com/thetaedge/theta/app/params"
	"github.com/thetaedge/theta/app/supply"
	"github.com/thetaedge/theta/testutil/collect"
	"github.com/thetaedge/theta/testutil/keepertest"
	beacontypes "github.com/thetaedge/theta/x/beacon/types"
	"github.com/thetaedge/theta/x/compute/keeper"
	"github.com/thetaedge/theta/x/compute/types"
	edgenodekeeper "github.com/thetaedge/theta/x/edgenode/keeper"
	edgenodetypes "github.com/thetaedge/theta/x/edgenode/types"
	rewardskeeper "github.com/thetaedge/theta/x/rewards/keeper"
	rewardstypes "github.com/thetaedge/theta/x/rewards/types"
)

const (
	chainID   = "theta-test"
	denom     = "atfuel"
	otherCoin = "uother"
	faucet    = keepertest.Faucet
	community = keepertest.Community
	class     = "cpu-small"
	// seedDelay is the number of blocks after its pin at which a seed becomes known.
	seedDelay = 2
	// foldBlocks is the number of blocks after which shares of rewards are paid out.
	foldBlocks = 3
)

func TestMain(m *testing.M) {
	params.SetSDKDefaults()
	collect.Seldom()
	m.Run()
}

// tb is testing.T or rapid.T.
type tb = keepertest.TB

// beacon provides a seed for every height seedDelay blocks later, unless seeds are withheld.
type beacon struct {
	withheld bool
	// since is the height at which withholding ended.
	since int64
	// broken contains heights whose seed cannot be read. If the value is true, reading it
	// panics.
	broken map[int64]bool
}

func (b *beacon) Seed(ctx context.Context, height int64) (beacontypes.Seed, bool, error) {
	if panics, broken := b.broken[height]; panics {
		panic("beacon is broken")
	} else if broken {
		return beacontypes.Seed{}, false, errors.New("beacon is broken")
	}
	now := sdk.UnwrapSDKContext(ctx).BlockHeight()
	known := max(height+seedDelay, b.since)
	if b.withheld || now < known {
		return beacontypes.Seed{}, false, nil
	}
	sum := sha256.Sum256(fmt.Appendf(nil, "seed %d", height))
	return beacontypes.Seed{Round: uint64(height), Randomness: sum[:], Height: known}, true, nil
}

// registry is the real x/edgenode. While torn is set, the classes of an epoch cannot be read.
type registry struct {
	*edgenodekeeper.Keeper
	torn bool
	// walked counts how often all nodes were walked.
	walked int
}

var errTorn = errors.New("the registry of nodes is torn")

func (r *registry) ClassSnapshot(ctx context.Context, class string, epoch uint64) (edgenodetypes.ClassSnapshot, error) {
	if r.torn {
		return edgenodetypes.ClassSnapshot{}, errTorn
	}
	return r.Keeper.ClassSnapshot(ctx, class, epoch)
}

func (r *registry) WalkNodes(ctx context.Context, most int, show func(edgenodetypes.Node) error) (int, bool, error) {
	r.walked++
	return r.Keeper.WalkNodes(ctx, most, show)
}

// fixture is x/compute over real stores, with the real bank, nodes and rewards.
type fixture struct {
	t      tb
	ctx    sdk.Context
	beacon *beacon
	bank   supply.Bank
	nodes  *edgenodekeeper.Keeper
	// registry contains the nodes as the keeper sees them.
	registry *registry
	rewards  *rewardskeeper.Keeper
	keeper   *keeper.Keeper
	msgs     types.MsgServer
	queries  types.QueryServer
	minted   sdk.Coins
	// receipts contains the receipts from events, by job, in order.
	receipts map[string][]types.Receipt
	// excused contains the seats that were yielded and excused.
	excused map[seatOf]bool
	// service opens the module's own store.
	service store.KVStoreService
	// exit is the exit code of all programs. In chunks of several tasks, it is that of the tasks
	// that fail, which are all if fails is nil.
	exit  uint32
	fails func(task uint64) bool
	// claimed contains what nodes claim in addition to their fuel.
	claimed map[int]types.Metrics
	// model counts the energy that nodes claim, if it is set.
	model *energyModel
	// firstEpoch is the epoch of the genesis.
	firstEpoch uint64
	// ground is what ends and begins blocks, and where coins come from.
	ground ground
}

// ground is the chain under a fixture.
type ground interface {
	// end runs the end of a block, and begin the beginning of the next one, whose height is set.
	end(f *fixture)
	begin(f *fixture)
	// give pays coins to an account, from nowhere or from an account of the chain.
	give(f *fixture, to sdk.AccAddress, coins sdk.Coins)
}

// modules is a ground with x/compute and the modules below it alone.
type modules struct{}

func (modules) end(f *fixture) {
	require.NoError(f.t, f.keeper.EndBlock(f.ctx))
	if f.model != nil {
		f.model.end(f)
	}
	require.NoError(f.t, f.rewards.EndBlock(f.ctx))
	require.NoError(f.t, f.nodes.EndBlock(f.ctx))
}

func (modules) begin(*fixture) {}

func (modules) give(f *fixture, to sdk.AccAddress, coins sdk.Coins) {
	require.NoError(f.t, f.bank.MintCoins(f.ctx, faucet, coins))
	require.NoError(f.t, f.bank.SendCoinsFromModuleToAccount(f.ctx, faucet, to, coins))
	f.minted = f.minted.Add(coins...)
}

func newFixture(t tb) *fixture {
	t.Helper()
	f := emptyFixture(t)
	f.initGenesis()
	return f
}

// emptyFixture returns a fixture before its genesis.
func emptyFixture(t tb) *fixture {
	t.Helper()
	ground := keepertest.New(t, keepertest.Needs{
		ChainID:   chainID,
		Stores:    []string{types.StoreKey, edgenodetypes.StoreKey, rewardstypes.StoreKey},
		Transient: []string{types.TStoreKey, rewardstypes.TStoreKey},
		Accounts: map[string][]string{
			types.ModuleName: {authtypes.Burner, authtypes.Minter}, edgenodetypes.ModuleName: {authtypes.Burner},
		},
	})
	cdc, addresses := ground.Codec, ground.Addresses
	ledger := rewardskeeper.NewSupplyLedger(ground.Store(rewardstypes.StoreKey), "atfuel")
	bank := supply.NewBank(ground.Bank, ledger)
	nodes := edgenodekeeper.NewKeeper(cdc, ground.Store(edgenodetypes.StoreKey), addresses, bank, ground.Pool(), authority())
	nodeRegistry := &registry{Keeper: nodes}
	rewards := rewardskeeper.NewKeeper(cdc, ground.Store(rewardstypes.StoreKey), ground.Transient(rewardstypes.TStoreKey),
		rewardskeeper.Addresses{Accounts: addresses},
		rewardskeeper.Others{Accounts: ground.Accounts, Bank: bank, Fees: bank, Community: ground.Pool(), Nodes: nodes, Supply: ledger},
		authtypes.FeeCollectorName, types.ModuleName, authority())
	b := &beacon{}
	k := keeper.NewKeeper(cdc, ground.Store(types.StoreKey), ground.Transient(types.TStoreKey),
		addresses, bank, b, nodeRegistry, rewards, authority())
	return &fixture{
		t: t, ctx: ground.Ctx, beacon: b, bank: bank, nodes: nodes, rewards: rewards,
		registry: nodeRegistry, keeper: k, msgs: keeper.NewMsgServer(k), queries: keeper.NewQueryServer(k),
		service: ground.Store(types.StoreKey), receipts: map[string][]types.Receipt{},
		exit:    3,
		excused: map[seatOf]bool{}, claimed: map[int]types.Metrics{}, ground: modules{},
	}
}

func (f *fixture) initGenesis() {
	f.t.Helper()
	nodes := edgenodetypes.DefaultGenesis()
	nodes.Params, nodes.Epoch = nodeParams(nodes.Params), f.firstEpoch
	require.NoError(f.t, f.nodes.InitGenesis(f.ctx, *nodes))
	rewards := rewardstypes.DefaultGenesis()
	rewards.Params.FoldBlocks = foldBlocks
	require.NoError(f.t, f.rewards.InitGenesis(f.ctx, *rewards))
	genesis := types.DefaultGenesis()
	genesis.Params = testParams()
	require.NoError(f.t, f.keeper.InitGenesis(f.ctx, *genesis))
}

// nodeParams gives parameters of x/edgenode small bonds and short times.
func nodeParams(p edgenodetypes.Params) edgenodetypes.Params {
	p.MinBond, p.BondPerSlot = math.NewInt(1_000), math.NewInt(1_000)
	p.UnbondingBlocks, p.HoldBlocks = 5, 8
	return p
}

// testParams returns the default parameters with numbers that a reader can follow.
func testParams() types.Params {
	p := types.DefaultParams()
	p.Denoms = []types.PaymentDenom{
		{Denom: denom, MinReward: math.NewInt(10), BondNumerator: 1, BondDenominator: 1},
		{Denom: otherCoin, MinReward: math.NewInt(7), BondNumerator: 3, BondDenominator: 2},
	}
	p.SpareNodes = 0
	p.PostingFeePerByte = math.NewInt(1)
	p.MinLiability = math.NewInt(50)
	p.Escalation = []uint32{3, 3}
	p.AuditFloorBps = 0 // tests turn audits on if they need them
	p.ClaimBlocks, p.RevealBlocks, p.MaxDraws = 2, 4, 2
	p.SeedTimeoutBlocks, p.MaxWaitBlocks = 20, 60
	p.MinPrepareBlocks, p.MinCommitBlocks = 1, 2
	p.InputReports = 2
	p.QueueLimit = 50
	return p
}

// setParams changes the parameters as governance does.
func (f *fixture) setParams(change func(*types.Params)) {
	f.t.Helper()
	p, err := f.keeper.Params(f.ctx)
	require.NoError(f.t, err)
	change(&p)
	_, err = f.msgs.UpdateParams(f.ctx, &types.MsgUpdateParams{Authority: authority(), Params: p})
	require.NoError(f.t, err)
}

func authority() string { return keepertest.Authority() }

// operator, worker and requester return the n-th address of each kind.
func operator(n int) sdk.AccAddress  { return bytes.Repeat([]byte{byte(n + 1)}, 20) }
func worker(n int) sdk.AccAddress    { return bytes.Repeat([]byte{byte(0x60 + n)}, 20) }
func requester(n int) sdk.AccAddress { return bytes.Repeat([]byte{byte(0xC0 + n)}, 20) }

func (f *fixture) fund(to sdk.AccAddress, coins ...sdk.Coin) {
	f.t.Helper()
	f.ground.give(f, to, sdk.NewCoins(coins...))
}

// register registers the n-th node with a bond and slots that count at once.
func (f *fixture) register(n int, bond int64, slots uint32) {
	f.t.Helper()
	f.fund(operator(n), sdk.NewInt64Coin(denom, bond))
	_, err := edgenodekeeper.NewMsgServer(f.nodes).Register(f.ctx, &edgenodetypes.MsgRegister{
		Operator: operator(n).String(), Worker: worker(n).String(), Moniker: "node", Region: "de", Class: class,
		Hardware:  edgenodetypes.Hardware{CpuCores: 16, MemoryBytes: 64 << 30},
		Executors: []string{"wasm/1"}, Bond: sdk.NewInt64Coin(denom, bond), Slots: slots,
	})
	require.NoError(f.t, err)
}

// network registers n equal nodes and starts a new epoch, so that they have weight.
func (f *fixture) network(n int) {
	f.t.Helper()
	for i := range n {
		f.register(i, 10_000, 4)
	}
	require.NoError(f.t, f.nodes.RollEpoch(f.ctx))
}

// next ends the block, checks every invariant, and starts the next block.
func (f *fixture) next() {
	f.t.Helper()
	f.ground.end(f)
	f.checkInvariants()
	f.collect()
	f.ctx = f.ctx.WithBlockHeight(f.ctx.BlockHeight() + 1).WithEventManager(sdk.NewEventManager())
	f.ground.begin(f)
}

func (f *fixture) blocks(n int) {
	f.t.Helper()
	for range n {
		f.next()
	}
}

func (f *fixture) checkInvariants() {
	f.t.Helper()
	defer func(walked int) { f.registry.walked = walked }(f.registry.walked) // this walk belongs to the test, not to a message
	for _, r := range f.keeper.CheckInvariants(f.ctx) {
		require.NoError(f.t, r.Err, "compute: %s", r.Name)
	}
	for _, r := range f.rewards.CheckInvariants(f.ctx) {
		require.NoError(f.t, r.Err, "rewards: %s", r.Name)
	}
	for _, r := range f.nodes.CheckInvariants(f.ctx) {
		require.NoError(f.t, r.Err, "edgenode: %s", r.Name)
	}
}

// spec returns a valid job.
func spec(reward sdk.Coin, replicas uint32) types.JobSpec {
	digest := sha256.Sum256([]byte("program"))
	blob := types.Blob{Sha256: digest[:], Size_: 7, Uris: []string{"http://127.0.0.1:1/v1/blobs/00"}}
	return types.JobSpec{
		Executor: "wasm/1", Program: blob, Inputs: []types.Input{{Path: "prompt.txt", Blob: blob}},
		Args: []string{"--tokens", "8"}, Class: class, Tasks: 1,
		Resources: types.Resources{Fuel: 1_000_000, MemoryBytes: 1 << 20, OutputBytes: 1 << 20},
		Policy:    types.Policy{Kind: types.POLICY_KIND_QUORUM, Replicas: replicas},
		Reward:    reward, PrepareBlocks: 3, CommitBlocks: 6, LifetimeBlocks: 40,
		Sink: "http://127.0.0.1:1/v1/drops/00",
	}
}

// post funds a requester and posts a job.
func (f *fixture) post(n int, s types.JobSpec) string {
	f.t.Helper()
	f.fund(requester(n), sdk.NewInt64Coin(denom, 100_000), sdk.NewInt64Coin(otherCoin, 100_000))
	resp, err := f.msgs.PostJob(f.ctx, &types.MsgPostJob{Requester: requester(n).String(), Spec: s})
	require.NoError(f.t, err)
	return resp.JobId
}

func (f *fixture) job(id string) types.Job {
	f.t.Helper()
	resp, err := f.queries.Job(f.ctx, &types.QueryJobRequest{JobId: id})
	require.NoError(f.t, err)
	return resp.Job
}

func (f *fixture) receipt(id string) types.Receipt {
	f.t.Helper()
	resp, err := f.queries.Receipt(f.ctx, &types.QueryReceiptRequest{JobId: id})
	require.NoError(f.t, err)
	return resp.Receipt
}

func (f *fixture) bond(n int) math.Int {
	f.t.Helper()
	node, err := f.nodes.Node(f.ctx, operator(n))
	require.NoError(f.t, err)
	return node.State.Bond
}

func (f *fixture) earned(n int) sdk.Coins {
	f.t.Helper()
	earned, err := f.rewards.Earnings(f.ctx, operator(n))
	require.NoError(f.t, err)
	return earned
}
