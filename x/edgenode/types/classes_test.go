package types_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/thetaedge/theta/x/edgenode/types"
)

// The numbers are what drivers report for cards that are sold with a size in GB.
func TestCardsQualifyForTheClassOfTheirSizeAndHoldItsTasks(t *testing.T) {
	const mib = 1 << 20
	for class, cards := range map[string][]uint64{
		"gpu-6g":  {6_144, 5_934},
		"gpu-8g":  {8_192, 8_188},
		"gpu-12g": {12_288, 12_045},
		"gpu-16g": {16_384, 16_376, 15_360, 15_109},
		"gpu-24g": {24_576, 24_564, 23_028},
		"gpu-48g": {49_152, 49_140, 46_068},
		"gpu-80g": {81_920, 81_559, 81_251},
	} {
		found, err := types.DefaultParams().Class(class)
		require.NoError(t, err)
		least := found.Minimum.GpuMemoryBytes
		require.LessOrEqual(t, found.DeviceBytes, least*9/10, "a tenth is left to the driver and the display")
		for _, card := range cards {
			machine := types.Hardware{CpuCores: 16, MemoryBytes: 128 << 30, Gpus: 1, GpuMemoryBytes: card * mib}
			require.NoError(t, machine.Meets(found), "%s, a card of %d MiB", class, card)
			require.Less(t, found.DeviceBytes, card*mib)
		}
		require.ErrorIs(t, types.Hardware{CpuCores: 16, MemoryBytes: 128 << 30}.Meets(found), types.ErrHardwareTooSmall, "a machine without a card")
	}
	require.NoError(t, types.DefaultParams().Validate())
}

func TestLargerCardsAreInLargerClasses(t *testing.T) {
	var last types.HardwareClass
	for _, class := range types.DefaultParams().Classes {
		require.GreaterOrEqual(t, class.Minimum.GpuMemoryBytes, last.Minimum.GpuMemoryBytes)
		require.GreaterOrEqual(t, class.DeviceBytes, last.DeviceBytes)
		last = class
	}
}

// A task of a class must fit the device of every machine that declares the minimum.
func TestAClassMayNotPromiseMoreThanItsLeastDevice(t *testing.T) {
	params := types.DefaultParams()
	for i, class := range params.Classes {
		least := class.Minimum.MemoryBytes
		if class.Minimum.Gpus > 0 {
			least = class.Minimum.GpuMemoryBytes
		}
		params.Classes[i].DeviceBytes = least
		require.NoError(t, params.Validate(), class.Id)
		params.Classes[i].DeviceBytes = least + 1
		require.ErrorContains(t, params.Validate(), "device_bytes", class.Id)
		params.Classes[i].DeviceBytes = class.DeviceBytes
	}
}
