package vulkan_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/thetaedge/theta/tensor"
	"github.com/thetaedge/theta/tensor/vulkan"
)

func TestADeviceThatHasSleptComputesAsBefore(t *testing.T) {
	d := open(t)
	name := d.Name()
	for round := range uint64(2) {
		require.NoError(t, d.Sleep())
		require.NoError(t, d.Sleep())
		_, err := d.New(tensor.Shape{Type: tensor.S8, Count: 1})
		require.ErrorContains(t, err, "sleeps")
		require.NoError(t, d.Wake())
		require.NoError(t, d.Wake())
		require.Equal(t, name, d.Name())
		require.NoError(t, d.Test(round<<40, 1))
	}
	require.NoError(t, d.Sleep())
}

func TestADeviceThatSleepsCanBeClosed(t *testing.T) {
	d := open(t)
	require.NoError(t, d.Sleep())
	require.NoError(t, d.Close())
	require.ErrorIs(t, d.Wake(), vulkan.ErrLost)
}
