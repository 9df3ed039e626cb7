package device

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestWindowsTellsItsLoad(t *testing.T) {
	first, err := systemProcessorTimes()
	require.NoError(t, err)
	require.LessOrEqual(t, first.Idle, first.Total)
	require.Eventually(t, func() bool {
		later, err := systemProcessorTimes()
		return err == nil && later.Total > first.Total
	}, 30*time.Second, 10*time.Millisecond)
}
