//go:build linux && cgo

package device

import (
	"errors"
	"testing"

	"github.com/NVIDIA/go-nvml/pkg/nvml"
	"github.com/stretchr/testify/require"
)

// TestGaugesOfNVIDIAAreThoseOfTheCardsThatHaveThem plays a driver whose first two cards can say what is
// asked.
func TestGaugesOfNVIDIAAreThoseOfTheCardsThatHaveThem(t *testing.T) {
	server, devices := busyServer(t)
	server.LookupSymbolFunc = func(string) error { return nil }
	var samples []nvml.ProcessUtilizationSample
	var asked uint64
	for i, card := range devices {
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
	gauges, ok := JoinDrivers(driverOf(t, server)).(Gauges)
	require.True(t, ok)
	got, err := gauges.Temperature()
	require.NoError(t, err)
	require.InDelta(t, 71, got, 0.01)
	_, err = gauges.Fan()
	require.ErrorContains(t, err, "NVIDIA card 0", "none of them has a fan")

	own := map[int]bool{5: true, 6: true}
	samples = []nvml.ProcessUtilizationSample{
		{Pid: 6, TimeStamp: 90, SmUtil: 99}, {Pid: 7, TimeStamp: 80, SmUtil: 77}, {Pid: 7, TimeStamp: 100, SmUtil: 20}, {Pid: 8, TimeStamp: 95, SmUtil: 5, DecUtil: 30},
	}
	got, err = gauges.Use(own)
	require.NoError(t, err)
	require.InDelta(t, 50, got, 0.01, "the newest sample of each process that is not ours")
	_, err = gauges.Use(own)
	require.NoError(t, err)
	require.EqualValues(t, 100, asked)

	server.LookupSymbolFunc = func(string) error { return errors.New("no symbol") }
	_, err = gauges.Use(own)
	require.ErrorContains(t, err, "too old")
	server.DeviceGetCountFunc = func() (int, nvml.Return) { return 0, nvml.ERROR_GPU_IS_LOST }
	_, err = gauges.Temperature()
	require.ErrorContains(t, err, "NVIDIA: ")
	server.DeviceGetCountFunc = func() (int, nvml.Return) { return 0, nvml.SUCCESS }
	_, err = gauges.Temperature()
	require.ErrorContains(t, err, "no card")
}
