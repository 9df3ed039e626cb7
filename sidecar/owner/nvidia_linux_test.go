//go:build cgo

package owner

import (
	"errors"
	"testing"

	"github.com/NVIDIA/go-nvml/pkg/nvml"
	"github.com/NVIDIA/go-nvml/pkg/nvml/mock"
	"github.com/NVIDIA/go-nvml/pkg/nvml/mock/dgxa100"
	"github.com/stretchr/testify/require"
)

// TestNVIDIACardsAreReadThroughTheirLibrary plays a driver whose first two cards can say what is
// asked.
func TestNVIDIACardsAreReadThroughTheirLibrary(t *testing.T) {
	server := dgxa100.New()
	server.ExtensionsFunc = func() nvml.ExtendedInterface {
		return &mock.ExtendedInterface{LookupSymbolFunc: func(string) error { return nil }}
	}
	var samples []nvml.ProcessUtilizationSample
	var asked uint64
	for i := range server.Devices {
		card, ok := server.Devices[i].(*dgxa100.Device)
		require.True(t, ok)
		card.GetTemperatureFunc = func(nvml.TemperatureSensors) (uint32, nvml.Return) { return 0, nvml.ERROR_NOT_SUPPORTED }
		card.GetFanSpeedFunc = func() (uint32, nvml.Return) { return 0, nvml.ERROR_NOT_SUPPORTED }
		card.GetProcessUtilizationFunc = func(uint64) ([]nvml.ProcessUtilizationSample, nvml.Return) { return nil, nvml.ERROR_NOT_FOUND }
		if i < 2 {
			celsius := []uint32{55, 71}[i]
			card.GetTemperatureFunc = func(nvml.TemperatureSensors) (uint32, nvml.Return) { return celsius, nvml.SUCCESS }
		}
		if i == 1 {
			card.GetProcessUtilizationFunc = func(since uint64) ([]nvml.ProcessUtilizationSample, nvml.Return) {
				asked = since
				return samples, nvml.SUCCESS
			}
		}
	}
	n := &nvidia{open: func() nvml.Interface { return server }, seen: map[string]uint64{}}
	got, err := n.temperature()
	require.NoError(t, err)
	require.InDelta(t, 71, got, 0.01)
	_, err = n.fan()
	require.ErrorContains(t, err, "NVIDIA card 0", "none of them has a fan")

	root := t.TempDir()
	kernel(t, root, map[string]string{"proc/1/stat": statOf(1, 0, "init"), "proc/5/stat": statOf(5, 1, "me"), "proc/6/stat": statOf(6, 5, "worker")})
	table := &processTable{root: root, self: 5}
	samples = []nvml.ProcessUtilizationSample{
		{Pid: 6, TimeStamp: 90, SmUtil: 99}, {Pid: 7, TimeStamp: 80, SmUtil: 77}, {Pid: 7, TimeStamp: 100, SmUtil: 20}, {Pid: 8, TimeStamp: 95, SmUtil: 5, DecUtil: 30},
	}
	got, err = n.use(table)
	require.NoError(t, err)
	require.InDelta(t, 50, got, 0.01, "the newest sample of each process that is not ours")
	_, err = n.use(table)
	require.NoError(t, err)
	require.EqualValues(t, 100, asked)

	server.DeviceGetCountFunc = func() (int, nvml.Return) { return 0, nvml.ERROR_GPU_IS_LOST }
	_, err = n.temperature()
	require.Error(t, err)
	require.Nil(t, n.lib, "it is opened again, because the driver may have been reloaded")
	server.ExtensionsFunc = func() nvml.ExtendedInterface {
		return &mock.ExtendedInterface{LookupSymbolFunc: func(string) error { return errors.New("no symbol") }}
	}
	server.DeviceGetCountFunc = func() (int, nvml.Return) { return 1, nvml.SUCCESS }
	_, err = n.use(table)
	require.ErrorContains(t, err, "too old")
}

func TestAMachineWithoutCardsSaysSo(t *testing.T) {
	root := t.TempDir()
	c := &cards{
		nvidia: &nvidia{open: func() nvml.Interface {
			return &mock.Interface{InitFunc: func() nvml.Return { return nvml.ERROR_LIBRARY_NOT_FOUND }}
		}},
		drm: &drmUse{table: &processTable{root: root}}, hwmon: hwmon{root, graphicsChips()},
	}
	_, err := c.temperature(t.Context())
	require.ErrorContains(t, err, "NVIDIA: ")
	require.ErrorContains(t, err, "no chip below")
}
