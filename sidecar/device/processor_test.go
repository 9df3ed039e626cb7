package device

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestTheTimesOfAllProcessorsAreInTheFirstLine(t *testing.T) {
	times, err := parseProcessorTimes("cpu  10 1 5 100 7 2 3 9 50 60\ncpu0 1")
	require.NoError(t, err)
	require.Equal(t, ProcessorTimes{Total: 137, Idle: 100, Waiting: 7, Stolen: 9}, times)
	for _, text := range []string{"", "cpu 1 2", "cpu 1 2 3 4 5 6 7", "cpu 1 2 3 4 5 6 7 -8", "intr 1 2 3 4 5 6 7 8", "cpu 1 2 3 99999999999999999999 5 6 7 8"} {
		_, err := parseProcessorTimes(text)
		require.Error(t, err, text)
	}
}

// TestALargeFileOfCountersIsReadInPart: a machine with hundreds of processors has a long one.
func TestALargeFileOfCountersIsReadInPart(t *testing.T) {
	root := t.TempDir()
	path := filepath.Join(root, "proc", "stat")
	require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o700))
	require.NoError(t, os.WriteFile(path, []byte("cpu  10 1 5 100 7 2 3 9 0 0\n"+strings.Repeat("cpu0 1 2 3 4 5 6 7 8 0 0\n", 100_000)), 0o600))
	times, err := ReadProcessorTimes(root)
	require.NoError(t, err)
	require.Equal(t, uint64(137), times.Total)
}
