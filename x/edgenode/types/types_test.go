package types_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"cosmossdk.io/math"

	"github.com/thetaedge/theta/x/edgenode/types"
)

func TestDefaultParamsAreValid(t *testing.T) {
	require.NoError(t, types.DefaultParams().Validate())
	require.NoError(t, types.DefaultGenesis().Validate())
}

func TestParamsRefuseWhatCannotWork(t *testing.T) {
	cases := map[string]func(*types.Params){
		"denom":              func(p *types.Params) { p.BondDenom = "!" },
		"min bond missing":   func(p *types.Params) { p.MinBond = math.Int{} },
		"min bond zero":      func(p *types.Params) { p.MinBond = math.ZeroInt() },
		"bond per slot huge": func(p *types.Params) { p.BondPerSlot = math.NewIntWithDecimal(1, 60) },
		"no slots":           func(p *types.Params) { p.MaxSlots = 0 },
		"too many slots":     func(p *types.Params) { p.MaxSlots = 1 << 20 },
		"no unbonding":       func(p *types.Params) { p.UnbondingBlocks = 0 },
		"endless unbonding":  func(p *types.Params) { p.UnbondingBlocks = 1 << 62 },
		"no lease":           func(p *types.Params) { p.LeaseBlocks = 0 },
		"endless lease":      func(p *types.Params) { p.LeaseBlocks = 1<<48 + 1 },
		"jail at no fault":   func(p *types.Params) { p.Jail.FaultsToJail = 0 },
		"jail never":         func(p *types.Params) { p.Jail.FaultsToJail = 1 << 31 },
		"points that wrap":   func(p *types.Params) { p.Jail.WrongPoints = 1 << 31 },
		"no fault window":    func(p *types.Params) { p.Jail.FaultWindow = 0 },
		"no jail term":       func(p *types.Params) { p.Jail.JailBlocks = 0 },
		"cap below the term": func(p *types.Params) { p.Jail.MaxJailBlocks = p.Jail.JailBlocks - 1 },
		"endless jail":       func(p *types.Params) { p.Jail.MaxJailBlocks = 1 << 62 },
		"no clean period":    func(p *types.Params) { p.Jail.CleanBlocks = 0 },
		"no identifier":      func(p *types.Params) { p.EpochIdentifier = "" },
		"no queue limit":     func(p *types.Params) { p.QueueLimit = 0 },
		"split too small":    func(p *types.Params) { p.SlashSplit.BurnBps-- },
		"split that wraps": func(p *types.Params) {
			p.SlashSplit = types.SlashSplit{HonestBps: 1 << 31, BurnBps: 1 << 31, CommunityBps: 10_000}
		},
		"no classes":         func(p *types.Params) { p.Classes = nil },
		"class twice":        func(p *types.Params) { p.Classes = append(p.Classes, p.Classes[0]) },
		"class in capitals":  func(p *types.Params) { p.Classes[0].Id = "CPU" },
		"class with no core": func(p *types.Params) { p.Classes[0].Minimum.CpuCores = 0 },
		"65 classes":         func(p *types.Params) { p.Classes = make([]types.HardwareClass, 65) },
	}
	for name, change := range cases {
		t.Run(name, func(t *testing.T) {
			params := types.DefaultParams()
			change(&params)
			require.ErrorIs(t, params.Validate(), types.ErrInvalidParams)
		})
	}
}

func TestStatusTableHoldsPairByPair(t *testing.T) {
	all := []types.NodeStatus{
		types.NODE_STATUS_UNSPECIFIED, types.NODE_STATUS_ACTIVE, types.NODE_STATUS_PAUSED, types.NODE_STATUS_RETIRED,
		types.NODE_STATUS_JAILED, types.NODE_STATUS_LAPSED, 99,
	}
	allowed := map[[2]types.NodeStatus]bool{
		{types.NODE_STATUS_UNSPECIFIED, types.NODE_STATUS_ACTIVE}: true,
		{types.NODE_STATUS_ACTIVE, types.NODE_STATUS_PAUSED}:      true,
		{types.NODE_STATUS_ACTIVE, types.NODE_STATUS_RETIRED}:     true,
		{types.NODE_STATUS_ACTIVE, types.NODE_STATUS_JAILED}:      true,
		{types.NODE_STATUS_ACTIVE, types.NODE_STATUS_LAPSED}:      true,
		{types.NODE_STATUS_PAUSED, types.NODE_STATUS_ACTIVE}:      true,
		{types.NODE_STATUS_PAUSED, types.NODE_STATUS_RETIRED}:     true,
		{types.NODE_STATUS_PAUSED, types.NODE_STATUS_JAILED}:      true,
		{types.NODE_STATUS_JAILED, types.NODE_STATUS_ACTIVE}:      true,
		{types.NODE_STATUS_JAILED, types.NODE_STATUS_RETIRED}:     true,
		{types.NODE_STATUS_LAPSED, types.NODE_STATUS_ACTIVE}:      true,
		{types.NODE_STATUS_LAPSED, types.NODE_STATUS_PAUSED}:      true,
		{types.NODE_STATUS_LAPSED, types.NODE_STATUS_RETIRED}:     true,
		{types.NODE_STATUS_LAPSED, types.NODE_STATUS_JAILED}:      true,
		{types.NODE_STATUS_RETIRED, types.NODE_STATUS_ACTIVE}:     true,
		{types.NODE_STATUS_RETIRED, types.NODE_STATUS_RETIRED}:    true,
	}
	for _, from := range all {
		for _, to := range all {
			require.Equal(t, allowed[[2]types.NodeStatus{from, to}], from.CanBecome(to), "%s -> %s", from, to)
		}
	}
}

func TestCheckpointInForceIsTheLastAtOrBefore(t *testing.T) {
	var state types.NodeState
	require.True(t, state.CheckpointAt(5).Weight.IsZero())
	state.SetCheckpoint(types.WeightCheckpoint{Epoch: 2, Weight: math.NewInt(20), Class: "a"})
	state.SetCheckpoint(types.WeightCheckpoint{Epoch: 5, Weight: math.NewInt(50), Class: "a"})
	state.SetCheckpoint(types.WeightCheckpoint{Epoch: 5, Weight: math.NewInt(51), Class: "b"})
	for epoch, want := range map[uint64]int64{1: 0, 2: 20, 4: 20, 5: 51, 9: 51} {
		require.Equal(t, want, state.CheckpointAt(epoch).Weight.Int64(), "epoch %d", epoch)
	}
	state.TrimCheckpoints(4)
	require.Len(t, state.Weights, 2, "epoch 4 still asks for the first")
	state.TrimCheckpoints(5)
	require.Len(t, state.Weights, 1)
}

func TestBondFundsWholeSlotsOfAnActiveNode(t *testing.T) {
	cases := []struct {
		bond           int64
		slots          uint32
		weight, funded int64
	}{
		{bond: 500, slots: 8, weight: 400, funded: 8},
		{bond: 400, slots: 8, weight: 400, funded: 8},
		{bond: 399, slots: 8, weight: 399, funded: 7},
		{bond: 49, slots: 8, weight: 49, funded: 0},
		{bond: 0, slots: 8, weight: 0, funded: 0},
	}
	for _, c := range cases {
		state := types.NewNodeState(math.NewInt(c.bond), c.slots)
		point := state.Checkpoint(3, math.NewInt(50), "a")
		require.Equal(t, c.weight, point.Weight.Int64(), c)
		require.Equal(t, uint32(c.funded), point.Slots, c)
		for _, status := range []types.NodeStatus{
			types.NODE_STATUS_PAUSED, types.NODE_STATUS_LAPSED, types.NODE_STATUS_JAILED, types.NODE_STATUS_RETIRED,
		} {
			state.Status = status
			point := state.Checkpoint(3, math.NewInt(50), "a")
			require.True(t, point.Weight.IsZero(), status)
			require.Zero(t, point.Slots, status)
		}
	}
}

func TestSnapshotGivesBackExactlyWhatItTook(t *testing.T) {
	a := types.WeightCheckpoint{Weight: math.NewInt(70), Slots: 1}
	b := types.WeightCheckpoint{Weight: math.NewInt(200), Slots: 4}
	both := types.ZeroSnapshot().Add(a).Add(b)
	require.True(t, both.Equal(types.ClassSnapshot{Weight: math.NewInt(270), Nodes: 2, Slots: 5}))
	require.False(t, both.Equal(types.ClassSnapshot{Weight: math.NewInt(270), Nodes: 2, Slots: 6}))
	left, err := both.Sub(b)
	require.NoError(t, err)
	require.True(t, left.Equal(types.ZeroSnapshot().Add(a)))
	_, err = left.Sub(types.WeightCheckpoint{Weight: math.NewInt(10), Slots: 2})
	require.ErrorIs(t, err, types.ErrInconsistentRecords, "more slots than there are")
	_, err = left.Sub(b)
	require.ErrorIs(t, err, types.ErrInconsistentRecords)
}
