package types_test

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"

	sdkmath "cosmossdk.io/math"

	"github.com/thetaedge/theta/x/edgenode/types"
)

// A window of yields that began before every possible height would never end, because its age does
// not fit into a height.
func TestGenesisRefusesAWindowOfYieldsThatNeverEnds(t *testing.T) {
	genesis := func(yields uint32, since int64) error {
		state := types.NewNodeState(sdkmath.NewInt(100), 1)
		state.Status, state.Yields, state.YieldsSince = types.NODE_STATUS_PAUSED, yields, since
		g := types.DefaultGenesis()
		g.Nodes = []types.Node{{State: state, Profile: types.NodeProfile{
			Operator: "operator", Worker: "worker", Moniker: "node", Region: "de", Class: "cpu-small",
			Hardware: types.Hardware{CpuCores: 4, MemoryBytes: 8 << 30}, Executors: []string{"wasm/1"},
		}}}
		return g.Validate()
	}
	require.NoError(t, genesis(2, 0))
	require.NoError(t, genesis(2, -57_600))
	require.NoError(t, genesis(2, -1<<48))
	require.ErrorIs(t, genesis(2, -1<<48-1), types.ErrInvalidGenesis)
	require.ErrorIs(t, genesis(2, math.MinInt64), types.ErrInvalidGenesis)
	require.ErrorIs(t, genesis(0, -1), types.ErrInvalidGenesis)
	require.ErrorIs(t, genesis(types.MaxYieldsLimit+1, 0), types.ErrInvalidGenesis)
}
