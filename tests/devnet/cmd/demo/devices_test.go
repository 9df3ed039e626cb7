package main

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/thetaedge/theta/tensor/backend"
)

func TestTheDemoTakesAGraphicsCardBeforeADriverOnTheProcessor(t *testing.T) {
	driver := backend.Device{Backend: backend.Vulkan, Name: "driver", Kind: "processor"}
	card := backend.Device{Backend: backend.Vulkan, Name: "card", Kind: "discrete"}
	old := backend.Device{Backend: backend.Vulkan, Name: "old", Kind: "discrete", Missing: "shaderInt64"}
	d, has := vulkanDevice([]backend.Device{driver, old, card})
	require.True(t, has)
	require.Equal(t, card, d)
	d, has = vulkanDevice([]backend.Device{old, driver})
	require.True(t, has)
	require.Equal(t, driver, d)
	_, has = vulkanDevice([]backend.Device{old})
	require.False(t, has)
}

func TestEachHonestNodeOfTheDemoHasADevice(t *testing.T) {
	devices, said := tensorDevices()
	require.Len(t, devices, 3)
	for _, device := range devices {
		_, err := backend.ParseChoice(device)
		require.NoError(t, err)
	}
	require.Contains(t, said, "plain Go")
}
