package keeper_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"cosmossdk.io/math"

	sdk "github.com/cosmos/cosmos-sdk/types"
	authtypes "github.com/cosmos/cosmos-sdk/x/auth/types"

	"github.com/thetaedge/theta/x/edgenode/types"
)

func TestRegisterBondsAndOpensNode(t *testing.T) {
	f := newFixture(t)
	f.register(0, 150, 2)

	node, err := f.keeper.Node(f.ctx, operator(0))
	require.NoError(t, err)
	require.Equal(t, types.NODE_STATUS_ACTIVE, node.State.Status)
	require.Equal(t, int64(150), node.State.Bond.Int64())
	require.Equal(t, int64(1), node.Profile.RegisteredHeight)
	require.Equal(t, int64(150), f.moduleBalance(types.ModuleName))
	require.Zero(t, f.balance(operator(0)))
	owner, err := f.keeper.OperatorOf(f.ctx, worker(0))
	require.NoError(t, err)
	require.Equal(t, operator(0), owner)
	f.requireEvent(&types.EventNodeRegistered{
		Operator: operator(0).String(), Worker: worker(0).String(), Class: small, Bond: coin(150),
	})
	f.requireEvent(&types.EventNodeStatus{Operator: operator(0).String(), To: types.NODE_STATUS_ACTIVE})
	f.requireInvariants()
}

func TestRegisterRefuses(t *testing.T) {
	cases := map[string]struct {
		change func(*types.MsgRegister)
		want   error
	}{
		"malformed operator":       {func(m *types.MsgRegister) { m.Operator = "theta1" }, types.ErrInvalidAddress},
		"malformed worker":         {func(m *types.MsgRegister) { m.Worker = "cosmos1x" }, types.ErrInvalidAddress},
		"blocked operator":         {func(m *types.MsgRegister) { m.Operator = authtypes.NewModuleAddress(escrow).String() }, types.ErrInvalidAddress},
		"worker is operator":       {func(m *types.MsgRegister) { m.Worker = m.Operator }, types.ErrInvalidWorker},
		"worker of another node":   {func(m *types.MsgRegister) { m.Worker = worker(7).String() }, types.ErrWorkerTaken},
		"operator with a node":     {func(m *types.MsgRegister) { m.Operator = operator(7).String() }, types.ErrNodeExists},
		"empty moniker":            {func(m *types.MsgRegister) { m.Moniker = " " }, types.ErrInvalidProfile},
		"moniker too long":         {func(m *types.MsgRegister) { m.Moniker = strings.Repeat("x", 65) }, types.ErrInvalidProfile},
		"moniker with a bell":      {func(m *types.MsgRegister) { m.Moniker = "a\a" }, types.ErrInvalidProfile},
		"moniker turned around":    {func(m *types.MsgRegister) { m.Moniker = "a\u202eb" }, types.ErrInvalidProfile},
		"moniker not UTF-8":        {func(m *types.MsgRegister) { m.Moniker = "\xff" }, types.ErrInvalidProfile},
		"model too long":           {func(m *types.MsgRegister) { m.Hardware.Model = strings.Repeat("x", 65) }, types.ErrInvalidProfile},
		"gpu without memory":       {func(m *types.MsgRegister) { m.Hardware.Gpus = 1 }, types.ErrInvalidProfile},
		"no hardware":              {func(m *types.MsgRegister) { m.Hardware = types.Hardware{} }, types.ErrInvalidProfile},
		"no region":                {func(m *types.MsgRegister) { m.Region = "" }, types.ErrInvalidProfile},
		"region in capitals":       {func(m *types.MsgRegister) { m.Region = "DE" }, types.ErrInvalidProfile},
		"region with empty part":   {func(m *types.MsgRegister) { m.Region = "us-" }, types.ErrInvalidProfile},
		"no executors":             {func(m *types.MsgRegister) { m.Executors = nil }, types.ErrInvalidProfile},
		"executor without version": {func(m *types.MsgRegister) { m.Executors = []string{"wasm"} }, types.ErrInvalidProfile},
		"executor without name":    {func(m *types.MsgRegister) { m.Executors = []string{"/1"} }, types.ErrInvalidProfile},
		"executor twice":           {func(m *types.MsgRegister) { m.Executors = []string{"wasm/1", "wasm/1"} }, types.ErrInvalidProfile},
		"nine executors":           {func(m *types.MsgRegister) { m.Executors = strings.Fields("a/1 a/2 a/3 a/4 a/5 a/6 a/7 a/8 a/9") }, types.ErrInvalidProfile},
		"unknown class":            {func(m *types.MsgRegister) { m.Class = "tpu" }, types.ErrUnknownClass},
		"hardware below class":     {func(m *types.MsgRegister) { m.Class = "gpu-8g" }, types.ErrHardwareTooSmall},
		"limit above the bound":    {func(m *types.MsgRegister) { m.Limits.Fuel = types.MaxLimit + 1 }, types.ErrInvalidProfile},
		"no slots":                 {func(m *types.MsgRegister) { m.Slots = 0 }, types.ErrInvalidSlots},
		"too many slots":           {func(m *types.MsgRegister) { m.Slots = 9 }, types.ErrInvalidSlots},
		"wrong denom":              {func(m *types.MsgRegister) { m.Bond.Denom = "uatom" }, types.ErrInvalidCoin},
		"no amount":                {func(m *types.MsgRegister) { m.Bond.Amount = math.Int{} }, types.ErrInvalidCoin},
		"zero bond":                {func(m *types.MsgRegister) { m.Bond.Amount = math.ZeroInt() }, types.ErrInvalidCoin},
		"negative bond":            {func(m *types.MsgRegister) { m.Bond.Amount = math.NewInt(-5) }, types.ErrInvalidCoin},
		"bond below minimum":       {func(m *types.MsgRegister) { m.Bond = coin(99) }, types.ErrBondTooSmall},
		"bond that is not there":   {func(m *types.MsgRegister) { m.Bond = coin(1_000_000) }, sdkInsufficientFunds()},
		"bond of 2^256-1":          {func(m *types.MsgRegister) { m.Bond.Amount = hugeInt() }, sdkInsufficientFunds()},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			f := newFixture(t)
			f.register(7, 100, 1)
			f.fund(operator(0), 1000)
			msg := registerMsg(0, 150, 2)
			c.change(msg)
			err := f.try(func(ctx sdk.Context) error { _, err := f.msgs.Register(ctx, msg); return err })
			require.ErrorIs(t, err, c.want)
			require.Equal(t, int64(1000), f.balance(operator(0)))
			f.requireInvariants()
		})
	}
}

func TestWhatANodeTakesIsDeclaredAtItsOpeningAndReplacedByAnUpdate(t *testing.T) {
	f := newFixture(t)
	f.fund(operator(0), 150)
	msg := registerMsg(0, 150, 2)
	msg.Limits = types.TaskLimits{MemoryBytes: 2 << 30, Trust: types.TRUST_STANCE_OFF}
	_, err := f.msgs.Register(f.ctx, msg)
	require.NoError(t, err)
	node, err := f.keeper.Node(f.ctx, operator(0))
	require.NoError(t, err)
	require.Equal(t, msg.Limits, node.Profile.Limits)

	change := updateMsg(0, small, 2)
	change.Limits = types.TaskLimits{FuelPerBlock: 7, MinRewards: sdk.NewCoins(coin(3))}
	_, err = f.msgs.Update(f.ctx, change)
	require.NoError(t, err)
	node, err = f.keeper.Node(f.ctx, operator(0))
	require.NoError(t, err)
	require.Equal(t, change.Limits, node.Profile.Limits, "an update replaces all that is declared")

	change.Limits.Trust = 9
	err = f.try(func(ctx sdk.Context) error { _, err := f.msgs.Update(ctx, change); return err })
	require.ErrorIs(t, err, types.ErrInvalidProfile)
}

func TestAWalkOverNodesEndsWhereItIsToldTo(t *testing.T) {
	f := newFixture(t)
	for n := range byte(4) {
		f.register(n, 150, 2)
	}
	for most, want := range []int{0, 1, 2, 3, 4, 4} {
		var seen []string
		shown, more, err := f.keeper.WalkNodes(f.ctx, most, func(n types.Node) error {
			seen = append(seen, n.Profile.Operator)
			return nil
		})
		require.NoError(t, err)
		require.Equal(t, want, shown)
		require.Len(t, seen, want)
		require.Equal(t, most < 4, more)
	}
	_, _, err := f.keeper.WalkNodes(f.ctx, 9, func(types.Node) error { return types.ErrTooManyNodes })
	require.ErrorIs(t, err, types.ErrTooManyNodes)
}

func TestRefusalNamesEachNumberBelowTheClass(t *testing.T) {
	hardware := types.Hardware{CpuCores: 1, MemoryBytes: 64 << 30}
	err := hardware.Meets(types.HardwareClass{Id: "gpu", Minimum: types.Hardware{CpuCores: 2, MemoryBytes: 1, Gpus: 1, GpuMemoryBytes: 8}})
	require.ErrorIs(t, err, types.ErrHardwareTooSmall)
	require.ErrorContains(t, err, "cpu_cores: expected at least 2, found 1")
	require.ErrorContains(t, err, "gpus: expected at least 1, found 0")
	require.ErrorContains(t, err, "gpu_memory_bytes: expected at least 8, found 0")
	require.NotContains(t, err.Error(), ": memory_bytes")
}

func TestUpdateReplacesProfile(t *testing.T) {
	f := newFixture(t)
	f.register(0, 400, 2)
	f.resetEvents()
	_, err := f.msgs.Update(f.ctx, updateMsg(0, large, 4))
	require.NoError(t, err)
	node, err := f.keeper.Node(f.ctx, operator(0))
	require.NoError(t, err)
	require.Equal(t, "renamed", node.Profile.Moniker)
	require.Equal(t, large, node.Profile.Class)
	require.Equal(t, uint32(4), node.State.Slots)
	require.Equal(t, worker(0).String(), node.Profile.Worker)
	f.requireEvent(&types.EventNodeUpdated{Operator: operator(0).String(), Worker: worker(0).String(), Class: large})
	f.requireInvariants()
}

func TestUpdateRefuses(t *testing.T) {
	f := newFixture(t)
	f.register(0, 400, 3)
	require.NoError(t, f.keeper.Reserve(f.ctx, operator(0), math.NewInt(1)))
	require.NoError(t, f.keeper.Reserve(f.ctx, operator(0), math.NewInt(1)))

	_, err := f.msgs.Update(f.ctx, updateMsg(1, small, 2))
	require.ErrorIs(t, err, types.ErrNodeNotFound)
	_, err = f.msgs.Update(f.ctx, updateMsg(0, small, 1))
	require.ErrorIs(t, err, types.ErrInvalidSlots, "below the slots in use")
	_, err = f.msgs.Update(f.ctx, updateMsg(0, "tpu", 2))
	require.ErrorIs(t, err, types.ErrUnknownClass)
	_, err = f.msgs.Retire(f.ctx, &types.MsgRetire{Operator: operator(0).String()})
	require.NoError(t, err)
	_, err = f.msgs.Update(f.ctx, updateMsg(0, small, 2))
	require.ErrorIs(t, err, types.ErrInvalidStatus)
}

func TestRotateWorkerFreesTheOldKey(t *testing.T) {
	f := newFixture(t)
	f.register(0, 100, 1)
	f.register(1, 100, 1)
	rotate := func(to sdk.AccAddress) error {
		return f.try(func(ctx sdk.Context) error {
			_, err := f.msgs.RotateWorker(ctx, &types.MsgRotateWorker{Operator: operator(0).String(), Worker: to.String()})
			return err
		})
	}
	require.ErrorIs(t, rotate(worker(1)), types.ErrWorkerTaken)
	require.ErrorIs(t, rotate(worker(0)), types.ErrWorkerTaken)
	require.ErrorIs(t, rotate(operator(0)), types.ErrInvalidWorker)
	require.NoError(t, rotate(operator(1)), "the key of another operator may serve as a worker")
	f.requireEvent(&types.EventNodeUpdated{Operator: operator(0).String(), Worker: operator(1).String(), Class: small})

	_, err := f.keeper.OperatorOf(f.ctx, worker(0))
	require.ErrorIs(t, err, types.ErrUnknownWorker)
	owner, err := f.keeper.OperatorOf(f.ctx, operator(1))
	require.NoError(t, err)
	require.Equal(t, operator(0), owner)
}

func updateMsg(n byte, class string, slots uint32) *types.MsgUpdate {
	return &types.MsgUpdate{
		Operator: operator(n).String(), Moniker: "renamed", Region: "us-west", Class: class, Slots: slots,
		Hardware: types.Hardware{CpuCores: 16, MemoryBytes: 64 << 30}, Executors: []string{"wasm/1", "wasm/2"},
	}
}

// TestAddressesAreKeptAsTheChainWritesThem checks that addresses are stored in one form. Other
// programs compare addresses as text and would not find an address that is written in another
// form.
func TestAddressesAreKeptAsTheChainWritesThem(t *testing.T) {
	f := newFixture(t)
	msg := registerMsg(0, 100, 2)
	msg.Operator, msg.Worker = strings.ToUpper(msg.Operator), strings.ToUpper(msg.Worker)
	f.fund(operator(0), 100)
	_, err := f.msgs.Register(f.ctx, msg)
	require.NoError(t, err)
	node, err := f.keeper.Node(f.ctx, operator(0))
	require.NoError(t, err)
	require.Equal(t, operator(0).String(), node.Profile.Operator)
	require.Equal(t, worker(0).String(), node.Profile.Worker)

	_, err = f.msgs.RotateWorker(f.ctx, &types.MsgRotateWorker{
		Operator: strings.ToUpper(operator(0).String()), Worker: strings.ToUpper(worker(1).String()),
	})
	require.NoError(t, err)
	node, err = f.keeper.Node(f.ctx, operator(0))
	require.NoError(t, err)
	require.Equal(t, worker(1).String(), node.Profile.Worker)
}
