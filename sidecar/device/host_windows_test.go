package device

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestWindowsTellsTheProcessorAndTheMemoryByWhichAMachineQualifies(t *testing.T) {
	name, err := cpuModel("")
	require.NoError(t, err)
	require.NotEmpty(t, name)
	require.Equal(t, strings.TrimSpace(name), name)
	memory, err := memoryBytes("")
	require.NoError(t, err)
	require.Greater(t, memory, uint64(256<<20))
	require.Less(t, memory, uint64(64<<40))
}
