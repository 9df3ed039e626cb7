package cmd

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/thetaedge/theta/client"
	"github.com/thetaedge/theta/sidecar/config"
	edgenodetypes "github.com/thetaedge/theta/x/edgenode/types"
)

// homeLimits are what the settings of a new home declare.
func homeLimits(t *testing.T) edgenodetypes.TaskLimits {
	t.Helper()
	policy, err := policyOf(&node{home: t.TempDir(), config: config.Default()})
	require.NoError(t, err)
	return policy.Limits()
}

func TestTheDefaultSettingsAreDeclaredWhole(t *testing.T) {
	require.Equal(t, edgenodetypes.TaskLimits{
		MemoryBytes: 2 << 30, InputBytes: 1 << 30, OutputBytes: 256 << 20, DeviceBytes: 2 << 30,
		FuelPerBlock: client.CautiousFuelPerBlock("tensor/1"),
		Rates: []edgenodetypes.ExecutorRate{
			{Executor: "tensor/1", FuelPerBlock: client.CautiousFuelPerBlock("tensor/1")},
			{Executor: "wasm/1", FuelPerBlock: client.CautiousFuelPerBlock("wasm/1")},
		},
		ChallengeBlocks: 9_600, Trust: edgenodetypes.TRUST_STANCE_NAMED,
	}, homeLimits(t), "client.CautiousFuelPerBlock is what nodes declare by default")
	require.NoError(t, homeLimits(t).Validate())
}

func TestAnOpenNodesDeclarationFollowsTheSettingsAndNothingElseOfItChanges(t *testing.T) {
	params := edgenodetypes.DefaultParams()
	node := func() edgenodetypes.Node {
		return edgenodetypes.Node{
			Profile: edgenodetypes.NodeProfile{
				Operator: "theta1operator", Moniker: "lab", Hardware: edgenodetypes.Hardware{CpuCores: 64, MemoryBytes: 256 << 30, Model: "x"},
				Region: "de", Class: "cpu-small", Executors: []string{"wasm/1", "container/1"},
			},
			State: edgenodetypes.NodeState{Status: edgenodetypes.NODE_STATUS_PAUSED, Slots: 3},
		}
	}
	limits := homeLimits(t)
	known := node()
	update, text := declaration(known, limits, 0, params)
	require.Contains(t, text, "declare the limits of the node: policy.max-memory is 2GiB, declared is no limit")
	after := update.Apply(known.Profile)
	require.Equal(t, limits, after.Limits)
	require.Equal(t, known.State.Slots, update.Slots)
	again, text := declaration(edgenodetypes.Node{Profile: after, State: known.State}, limits, 0, params)
	require.Nil(t, again)
	require.Empty(t, text)
	after.Limits = known.Profile.Limits
	require.Equal(t, known.Profile, after)

	for reason, change := range map[string]func(*edgenodetypes.Node){
		"retired":           func(n *edgenodetypes.Node) { n.State.Status = edgenodetypes.NODE_STATUS_RETIRED },
		"cpu_cores":         func(n *edgenodetypes.Node) { n.Profile.Hardware.CpuCores = 0 },
		"slots and at most": func(n *edgenodetypes.Node) { n.State.Slots = params.MaxSlots + 1 },
	} {
		known := node()
		change(&known)
		update, text := declaration(known, limits, 0, params)
		require.Nil(t, update, "the chain would refuse it, and the fee grant with it")
		require.Contains(t, text, "not declared")
		require.Contains(t, text, reason)
	}
}

func TestAnOpenNodeGetsTheSlotsThatItsOperatorNamesUnlessTheChainWouldRefuseThem(t *testing.T) {
	params := edgenodetypes.DefaultParams()
	limits := homeLimits(t)
	known := edgenodetypes.Node{
		Profile: edgenodetypes.NodeProfile{Class: "cpu-small", Hardware: edgenodetypes.Hardware{CpuCores: 64, MemoryBytes: 256 << 30}, Limits: limits},
		State:   edgenodetypes.NodeState{Status: edgenodetypes.NODE_STATUS_ACTIVE, Slots: 2, UsedSlots: 2},
	}
	update, text := declaration(known, limits, 4, params)
	require.NotNil(t, update)
	require.Equal(t, uint32(4), update.Slots)
	require.Contains(t, text, "--slots is 4, declared is 2")
	update, text = declaration(known, limits, 2, params)
	require.Nil(t, update)
	require.Empty(t, text)
	for slots, reason := range map[uint32]string{1: "uses 2 now", params.MaxSlots + 1: "slots and at most"} {
		update, text = declaration(known, limits, slots, params)
		require.Nil(t, update, "%d", slots)
		require.Contains(t, text, reason)
	}
}

func TestEachDifferenceBetweenSettingsAndDeclarationIsNamed(t *testing.T) {
	settings := homeLimits(t)
	require.Empty(t, undeclared(settings, settings))
	require.Len(t, undeclared(settings, edgenodetypes.TaskLimits{}), 8, "a node that has declared nothing")
	for text, change := range map[string]func(*edgenodetypes.TaskLimits){
		"policy.max-memory is 2GiB, declared is 3GiB":      func(l *edgenodetypes.TaskLimits) { l.MemoryBytes = 3 << 30 },
		"policy.max-device is 2GiB, declared is no limit":  func(l *edgenodetypes.TaskLimits) { l.DeviceBytes = 0 },
		"policy.max-input is 1GiB, declared is no limit":   func(l *edgenodetypes.TaskLimits) { l.InputBytes = 0 },
		"policy.max-output is 256MiB, declared is 1 bytes": func(l *edgenodetypes.TaskLimits) { l.OutputBytes = 1 },
		"policy.max-fuel is no limit, declared is 5":       func(l *edgenodetypes.TaskLimits) { l.Fuel = 5 },
		"policy.fuel-per-block of wasm/1 is 1500000000, declared is 7": func(l *edgenodetypes.TaskLimits) {
			l.Rates = []edgenodetypes.ExecutorRate{l.Rates[0], {Executor: "wasm/1", FuelPerBlock: 7}}
		},
		"policy.max-challenge-blocks is 9600, declared is no limit": func(l *edgenodetypes.TaskLimits) { l.ChallengeBlocks = 0 },
		"policy.trust is named, declared is any":                    func(l *edgenodetypes.TaskLimits) { l.Trust = edgenodetypes.TRUST_STANCE_ANY },
		"policy.min-rewards is none, declared is 5atfuel":           func(l *edgenodetypes.TaskLimits) { l.MinRewards = sdk.NewCoins(sdk.NewInt64Coin("atfuel", 5)) },
	} {
		declared := settings
		change(&declared)
		require.Equal(t, text, strings.Join(undeclared(settings, declared), "; "))
	}
}
