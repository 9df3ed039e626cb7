package sensors

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestWindowsTellsItsLoad(t *testing.T) {
	first, err := systemTicks()
	require.NoError(t, err)
	require.LessOrEqual(t, first.idle, first.all)
	require.Eventually(t, func() bool {
		later, err := systemTicks()
		return err == nil && later.all > first.all
	}, 30*time.Second, 10*time.Millisecond)
}
