package agent

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/thetaedge/theta/executor/container"
	"github.com/thetaedge/theta/executor/wasm"
	computetypes "github.com/thetaedge/theta/x/compute/types"
)

func TestTheChainsLimitsOfAProfileAreTheExecutors(t *testing.T) {
	limits, known := computetypes.LimitsOf(wasm.Profile)
	require.True(t, known)
	var env []string
	for _, v := range wasm.Environment() {
		env = append(env, v.Name)
	}
	require.Equal(t, computetypes.ProfileLimits{
		Env:          env,
		ProgramBytes: wasm.MaxProgramBytes, Fuel: wasm.MaxFuel, MemoryBytes: wasm.MaxMemoryBytes, OutputBytes: wasm.MaxOutputBytes,
	}, limits)
	limits, known = computetypes.LimitsOf(container.Profile)
	require.True(t, known)
	require.True(t, limits.Untraced)
	require.Equal(t, container.Environment(), limits.Env)
	require.Equal(t, []uint64{container.MaxFuel, container.MaxMemoryBytes, container.MaxOutputBytes},
		[]uint64{limits.Fuel, limits.MemoryBytes, limits.OutputBytes})
	_, known = computetypes.LimitsOf("next/1")
	require.False(t, known, "a profile that this chain does not know has the limits of its nodes alone")
}

func TestANodeWithoutContainersSaysHowTheyAreTurnedOn(t *testing.T) {
	a := &Agent{}
	health := a.executorHealth("container/1")
	require.False(t, health.Works)
	require.Contains(t, health.Why, "container.enabled turns it on")
	require.Equal(t, "this machine has not", a.executorHealth("wasm/9").Why)
}
