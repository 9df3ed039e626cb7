package types_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"cosmossdk.io/math"

	"github.com/thetaedge/theta/x/edgenode/types"
)

// holds returns holds for pairs of a height and an amount.
func holds(pairs ...int64) []types.Hold {
	var out []types.Hold
	for i := 0; i < len(pairs); i += 2 {
		out = append(out, types.Hold{Until: pairs[i], Amount: math.NewInt(pairs[i+1])})
	}
	return out
}

func TestHoldsStandInTheOrderOfTheirEndsWhateverOrderTheyCameIn(t *testing.T) {
	s := types.NewNodeState(math.NewInt(100), 1)
	s.Locked = math.NewInt(16)
	for _, h := range holds(30, 3, 10, 1, 20, 2, 10, 4, 30, 6) {
		s.AddHold(h.Until, h.Amount)
	}
	require.Equal(t, holds(10, 5, 20, 2, 30, 9), s.Holds, "one of each height")
	for _, c := range []struct{ height, locked int64 }{{10, 16}, {11, 11}, {30, 9}, {31, 0}} {
		s.EndHolds(c.height)
		require.Equal(t, []int64{c.locked, c.locked}, []int64{s.Locked.Int64(), s.Held().Int64()}, "at height %d", c.height)
	}
	require.Empty(t, s.Holds)
}

func TestGenesisRefusesHoldsOutOfOrderEmptyOrBeyondTheLock(t *testing.T) {
	profile := types.NodeProfile{
		Operator: "operator", Worker: "worker", Moniker: "node", Region: "de", Class: "cpu-small",
		Hardware: types.Hardware{CpuCores: 4, MemoryBytes: 8 << 30}, Executors: []string{"wasm/1"},
	}
	genesis := func(h []types.Hold) error {
		state := types.NewNodeState(math.NewInt(100), 1)
		state.Status, state.Locked, state.Holds = types.NODE_STATUS_PAUSED, math.NewInt(10), h
		g := types.DefaultGenesis()
		g.Nodes = []types.Node{{Profile: profile, State: state}}
		return g.Validate()
	}
	require.NoError(t, genesis(holds(10, 4, 20, 6)))
	for name, bad := range map[string][]types.Hold{
		"out of order": holds(20, 4, 10, 6), "twice": holds(10, 4, 10, 6), "no height": holds(0, 4), "empty": holds(10, 0),
		"negative": holds(10, -1, 20, 2), "no amount": {{Until: 10}}, "beyond the lock": holds(10, 4, 20, 7),
	} {
		require.ErrorIs(t, genesis(bad), types.ErrInvalidGenesis, name)
	}
}
