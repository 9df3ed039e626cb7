package keeper_test

import (
	"bytes"
	"testing"
	"time"

	"github.com/cosmos/gogoproto/proto"
	"github.com/stretchr/testify/require"

	"cosmossdk.io/math"

	sdk "github.com/cosmos/cosmos-sdk/types"
	authtypes "github.com/cosmos/cosmos-sdk/x/auth/types"
	bankkeeper "github.com/cosmos/cosmos-sdk/x/bank/keeper"
	epochstypes "github.com/cosmos/cosmos-sdk/x/epochs/types"

	"github.com/thetaedge/theta/app/params"
	"github.com/thetaedge/theta/testutil/collect"
	"github.com/thetaedge/theta/testutil/keepertest"
	"github.com/thetaedge/theta/x/edgenode/keeper"
	"github.com/thetaedge/theta/x/edgenode/types"
)

const (
	denom     = "atfuel"
	faucet    = keepertest.Faucet
	escrow    = "compute"
	community = keepertest.Community
	small     = "cpu-small"
	large     = "cpu-large"
)

func TestMain(m *testing.M) {
	params.SetSDKDefaults()
	collect.Seldom()
	m.Run()
}

// tb is testing.T or rapid.T.
type tb = keepertest.TB

// hourly stands in for x/epochs. Its epoch lasts an hour and started at the given time.
type hourly time.Time

func (h hourly) GetEpochInfo(sdk.Context, string) (epochstypes.EpochInfo, error) {
	return epochstypes.EpochInfo{CurrentEpochStartTime: time.Time(h), Duration: time.Hour}, nil
}

// fixture contains the keeper, real stores and the SDK's real bank.
type fixture struct {
	t       tb
	ctx     sdk.Context
	keeper  *keeper.Keeper
	bank    bankkeeper.BaseKeeper
	msgs    types.MsgServer
	queries types.QueryServer
	// service opens the module's own store.
	service watched
}

func newFixture(t tb) *fixture {
	t.Helper()
	ground := keepertest.New(t, keepertest.Needs{
		Stores:   []string{types.StoreKey},
		Accounts: map[string][]string{escrow: nil, types.ModuleName: {authtypes.Burner}},
		Blocked:  []string{escrow, types.ModuleName},
	})
	ctx, bank := ground.Ctx, ground.Bank
	service := watched{ground.Store(types.StoreKey), map[byte]int{}}
	k := keeper.NewKeeper(ground.Codec, service, ground.Addresses, bank, ground.Pool(), authority())
	f := &fixture{
		t: t, ctx: ctx, keeper: k, bank: bank, msgs: keeper.NewMsgServer(k), queries: keeper.NewQueryServer(k),
		service: service,
	}
	genesis := types.DefaultGenesis()
	genesis.Params = testParams()
	require.NoError(t, k.InitGenesis(ctx, *genesis))
	return f
}

// testParams returns the default parameters with numbers that a reader can follow.
func testParams() types.Params {
	p := types.DefaultParams()
	p.MinBond = math.NewInt(100)
	p.BondPerSlot = math.NewInt(50)
	p.MaxSlots = 8
	p.UnbondingBlocks = 5
	p.QueueLimit = 2
	p.Jail = types.JailRules{
		FaultsToJail: 4, FaultWindow: 20, MissedPoints: 1, WrongPoints: 2, SilentPoints: 2,
		JailBlocks: 10, MaxJailBlocks: 35, CleanBlocks: 100,
	}
	return p
}

func authority() string { return keepertest.Authority() }

// operator and worker return the n-th address of each kind.
func operator(n byte) sdk.AccAddress { return bytes.Repeat([]byte{n + 1}, 20) }
func worker(n byte) sdk.AccAddress   { return bytes.Repeat([]byte{0x80 + n}, 20) }

func coin(amount int64) sdk.Coin { return sdk.NewInt64Coin(denom, amount) }

func (f *fixture) fund(to sdk.AccAddress, amount int64) {
	f.t.Helper()
	coins := sdk.NewCoins(coin(amount))
	require.NoError(f.t, f.bank.MintCoins(f.ctx, faucet, coins))
	require.NoError(f.t, f.bank.SendCoinsFromModuleToAccount(f.ctx, faucet, to, coins))
}

func (f *fixture) balance(of sdk.AccAddress) int64 {
	return f.bank.GetBalance(f.ctx, of, denom).Amount.Int64()
}

func (f *fixture) moduleBalance(name string) int64 {
	return f.balance(authtypes.NewModuleAddress(name))
}

// registerMsg returns a valid registration.
func registerMsg(n byte, bond int64, slots uint32) *types.MsgRegister {
	return &types.MsgRegister{
		Operator: operator(n).String(), Worker: worker(n).String(), Moniker: "node", Region: "de", Class: small,
		Hardware:  types.Hardware{CpuCores: 16, MemoryBytes: 64 << 30},
		Executors: []string{"wasm/1"}, Bond: coin(bond), Slots: slots,
	}
}

// register funds the n-th operator with exactly the bond and opens its node.
func (f *fixture) register(n byte, bond int64, slots uint32) {
	f.t.Helper()
	f.fund(operator(n), bond)
	_, err := f.msgs.Register(f.ctx, registerMsg(n, bond, slots))
	require.NoError(f.t, err)
}

func (f *fixture) state(n byte) types.NodeState {
	f.t.Helper()
	node, err := f.keeper.Node(f.ctx, operator(n))
	require.NoError(f.t, err)
	return node.State
}

func (f *fixture) weight(n byte, epoch uint64) int64 {
	f.t.Helper()
	weight, err := f.keeper.Weight(f.ctx, operator(n), epoch)
	require.NoError(f.t, err)
	return weight.Int64()
}

// try runs a step as a transaction runs: either all of its writes are kept, or none.
func (f *fixture) try(step func(ctx sdk.Context) error) error {
	cached, write := f.ctx.CacheContext()
	err := step(cached)
	if err == nil {
		write()
	}
	return err
}

// roll starts the next epoch in the way in which x/epochs does.
func (f *fixture) roll() {
	f.t.Helper()
	require.NoError(f.t, f.keeper.Hooks(hourly(f.ctx.BlockTime())).BeforeEpochStart(f.ctx, "edge", 1))
}

// at moves to a height without ending the blocks before it.
func (f *fixture) at(height int64) { f.ctx = f.ctx.WithBlockHeight(height) }

// endBlock ends the block and starts the next.
func (f *fixture) endBlock() {
	f.t.Helper()
	require.NoError(f.t, f.keeper.EndBlock(f.ctx))
	f.ctx = f.ctx.WithBlockHeight(f.ctx.BlockHeight() + 1)
}

func (f *fixture) requireInvariants() {
	f.t.Helper()
	for _, result := range f.keeper.CheckInvariants(f.ctx) {
		require.NoError(f.t, result.Err, result.Name)
	}
}

// requireEvent checks that a typed event has been emitted since the fixture's
// events were last reset.
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

func (f *fixture) resetEvents() { f.ctx = f.ctx.WithEventManager(sdk.NewEventManager()) }
