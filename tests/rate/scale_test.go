package rate

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestALoadIsReadAsItIsWritten(t *testing.T) {
	loads, err := ParseLoads("1ms:3000,1s:60:10:auto:10%,100ms:5::1", 2)
	require.NoError(t, err)
	require.Equal(t, []Load{
		{Name: "1ms", Each: time.Millisecond, Tasks: 3000, Turns: 500_000, Loose: 1, Audit: "100%"},
		{Name: "1s fuel x10", Each: time.Second, Tasks: 60, Turns: 500_000_000, Loose: 10, Chunk: "auto", Audit: "10%"},
		{Name: "100ms", Each: 100 * time.Millisecond, Tasks: 5, Turns: 50_000_000, Loose: 1, Chunk: "1", Audit: "100%"},
	}, loads)
	for _, load := range loads {
		job, err := load.job("program.wasm", "")
		require.NoError(t, err)
		require.Equal(t, load.Tasks, uint64(job.Tasks))
	}
	for _, text := range []string{"", "1ms", "1ms:0", "0s:5", "-1s:5", "1ms:5:0", "1ms:x"} {
		_, err := ParseLoads(text, 2)
		require.ErrorContains(t, err, "expected TIME:TASKS", text)
	}
}

func TestTheFullScaleRunsEachLengthInSingleTasksAndInChunks(t *testing.T) {
	networks, err := Scale("full", 2)
	require.NoError(t, err)
	require.Len(t, networks, 2)
	for _, network := range networks {
		require.Len(t, network.Loads, 8)
		for i := 0; i < 8; i += 2 {
			single, chunks := network.Loads[i], network.Loads[i+1]
			require.Equal(t, "1", single.Chunk)
			require.Empty(t, chunks.Chunk)
			require.Equal(t, single.Each, chunks.Each)
			require.Equal(t, []string{"10%", "10%"}, []string{single.Audit, chunks.Audit})
		}
	}
	_, err = Scale("huge", 2)
	require.ErrorContains(t, err, "small or full")
}

// TestProgramsThatShareProcessorsDeclareTheirPart: 13 fuel per turn of 2 ns are 6.5 fuel per ns.
func TestProgramsThatShareProcessorsDeclareTheirPart(t *testing.T) {
	for programs, want := range map[int]uint64{0: 3_250, 1: 3_250, 2: 3_250, 4: 1_625, 8: 812} {
		require.Equal(t, want, FuelPerBlock(2, time.Microsecond, programs, 2), "%d", programs)
	}
}
