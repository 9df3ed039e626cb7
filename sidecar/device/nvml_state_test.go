//go:build linux && cgo

package device

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"

	"github.com/NVIDIA/go-nvml/pkg/nvml"
	"github.com/NVIDIA/go-nvml/pkg/nvml/mock"
	"github.com/NVIDIA/go-nvml/pkg/nvml/mock/dgxa100"
	"github.com/stretchr/testify/require"
)

// busyServer is a server of eight cards that report everything.
func busyServer(t *testing.T) (*dgxa100.Server, []*dgxa100.Device) {
	t.Helper()
	server := dgxa100.New()
	var list []*dgxa100.Device
	for i, d := range server.Devices {
		device, ok := d.(*dgxa100.Device)
		require.True(t, ok)
		list = append(list, device)
		number := func(value uint32) func() (uint32, nvml.Return) {
			return func() (uint32, nvml.Return) { return value, nvml.SUCCESS }
		}
		device.GetPciInfoFunc = func() (nvml.PciInfo, nvml.Return) {
			return nvml.PciInfo{Bus: uint32(i + 1)}, nvml.SUCCESS
		}
		device.GetUtilizationRatesFunc = func() (nvml.Utilization, nvml.Return) { return nvml.Utilization{Gpu: 83, Memory: 20}, nvml.SUCCESS }
		device.GetTemperatureFunc = func(nvml.TemperatureSensors) (uint32, nvml.Return) { return 61, nvml.SUCCESS }
		device.GetTemperatureThresholdFunc = func(nvml.TemperatureThresholds) (uint32, nvml.Return) { return 90, nvml.SUCCESS }
		device.GetPowerUsageFunc, device.GetEnforcedPowerLimitFunc = number(312_000), number(400_000)
		device.GetPowerManagementDefaultLimitFunc = number(400_000)
		device.GetPowerManagementLimitConstraintsFunc = func() (uint32, uint32, nvml.Return) { return 100_000, 400_000, nvml.SUCCESS }
		device.GetTotalEnergyConsumptionFunc = func() (uint64, nvml.Return) { return 5000, nvml.SUCCESS }
		device.GetClockInfoFunc = func(kind nvml.ClockType) (uint32, nvml.Return) { return 1000 + uint32(kind), nvml.SUCCESS }
		device.GetFanSpeedFunc = func() (uint32, nvml.Return) { return 0, nvml.ERROR_NOT_SUPPORTED }
		device.GetTotalEccErrorsFunc = func(kind nvml.MemoryErrorType, _ nvml.EccCounterType) (uint64, nvml.Return) {
			if kind == nvml.MEMORY_ERROR_TYPE_CORRECTED {
				return 2, nvml.SUCCESS
			}
			return 0, nvml.SUCCESS
		}
		device.GetCurrentClocksThrottleReasonsFunc = func() (uint64, nvml.Return) {
			return nvml.ClocksThrottleReasonSwPowerCap | nvml.ClocksThrottleReasonGpuIdle, nvml.SUCCESS
		}
		device.GetComputeRunningProcessesFunc = func() ([]nvml.ProcessInfo, nvml.Return) {
			return []nvml.ProcessInfo{{Pid: 42, UsedGpuMemory: 3 << 30}, {Pid: 43, UsedGpuMemory: memoryUnknown}}, nvml.SUCCESS
		}
		device.GetGraphicsRunningProcessesFunc = func() ([]nvml.ProcessInfo, nvml.Return) { return nil, nvml.SUCCESS }
		device.GetProcessUtilizationFunc = func(uint64) ([]nvml.ProcessUtilizationSample, nvml.Return) {
			return []nvml.ProcessUtilizationSample{{Pid: 42, TimeStamp: 5, SmUtil: 70}, {Pid: 42, TimeStamp: 3, SmUtil: 1}}, nvml.SUCCESS
		}
	}
	return server, list
}

func driverOf(t *testing.T, server *dgxa100.Server) nvmlDriver {
	t.Helper()
	gpus, err := openNVML(server)
	require.NoError(t, err)
	g, ok := gpus.(*nvmlGPUs)
	require.True(t, ok)
	return nvmlDriver{g}
}

func TestACardOfNVIDIAIsReadThroughNVML(t *testing.T) {
	server, devices := busyServer(t)
	cards, err := JoinDrivers(driverOf(t, server)).Cards()
	require.NoError(t, err)
	require.Len(t, cards, 8)
	c := cards[1]
	require.Equal(t, devices[1].UUID, c.UUID)
	require.Equal(t, plainUUID(devices[1].UUID), c.Vulkan)
	require.Equal(t, "0000:02:00.0", c.PCI)
	s := c.State
	require.EqualValues(t, 83, measured(t, s.Busy))
	require.EqualValues(t, 61_000, measured(t, s.Temperature))
	require.EqualValues(t, 90_000, measured(t, s.Slowdown))
	require.EqualValues(t, 312_000, measured(t, s.Power))
	require.EqualValues(t, 400_000, measured(t, s.PowerCap))
	require.EqualValues(t, 400_000, measured(t, s.PowerLimits.Default))
	require.EqualValues(t, 100_000, measured(t, s.PowerLimits.Least))
	advice, given := c.PowerAdvice()
	require.True(t, given)
	require.Equal(t, "sudo nvidia-smi -i "+c.UUID+" -pl 300", advice.Command)
	require.EqualValues(t, 5000, measured(t, s.Energy))
	require.EqualValues(t, 1001, measured(t, s.Clock))
	require.EqualValues(t, 1002, measured(t, s.MemoryClock))
	require.EqualValues(t, 2, measured(t, s.Corrected))
	require.Zero(t, measured(t, s.Uncorrected))
	require.Zero(t, measured(t, s.MIG))
	_, fan := s.FanPercent.Value()
	require.False(t, fan, "a server card has no fan")
	require.Equal(t, []string{"power cap"}, s.Throttle, "being idle is not a complaint")
	require.Len(t, s.Processes, 2)
	require.EqualValues(t, 3<<30, measured(t, s.Processes[0].Memory))
	require.EqualValues(t, 70, measured(t, s.Processes[0].Busy), "the newest sample")
	_, known := s.Processes[1].Memory.Value()
	require.False(t, known, "NVML says that it does not know")
	require.Empty(t, s.ProcessesMissing)
}

func TestALostCardIsShownAsLost(t *testing.T) {
	server, devices := busyServer(t)
	devices[2].GetMemoryInfoFunc = func() (nvml.Memory, nvml.Return) { return nvml.Memory{}, nvml.ERROR_GPU_IS_LOST }
	server.DeviceGetHandleByIndexFunc = func(index int) (nvml.Device, nvml.Return) {
		if index == 3 {
			return nil, nvml.ERROR_GPU_IS_LOST
		}
		return devices[index], nvml.SUCCESS
	}
	cards, err := driverOf(t, server).Cards()
	require.ErrorContains(t, err, "graphics processor 3 cannot be opened")
	require.Len(t, cards, 7)
	require.NotEmpty(t, cards[2].State.Lost)
	require.Empty(t, cards[3].State.Lost)
}

// events makes a server report events, one per wait.
func events(server *dgxa100.Server, devices []*dgxa100.Device, wait func() (nvml.EventData, nvml.Return)) *atomic.Bool {
	freed := &atomic.Bool{}
	server.EventSetCreateFunc = func() (nvml.EventSet, nvml.Return) {
		return &mock.EventSet{
			WaitFunc: func(uint32) (nvml.EventData, nvml.Return) { return wait() },
			FreeFunc: func() nvml.Return { freed.Store(true); return nvml.SUCCESS },
		}, nvml.SUCCESS
	}
	for _, device := range devices {
		device.RegisterEventsFunc = func(uint64, nvml.EventSet) nvml.Return { return nvml.SUCCESS }
	}
	return freed
}

func TestXIDsAreReportedAndTheListenerEnds(t *testing.T) {
	server, devices := busyServer(t)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	waits := 0
	freed := events(server, devices, func() (nvml.EventData, nvml.Return) {
		switch waits++; waits {
		case 1:
			return nvml.EventData{}, nvml.ERROR_TIMEOUT
		case 2:
			return nvml.EventData{Device: devices[4], EventType: nvml.EventTypeDoubleBitEccError}, nvml.SUCCESS
		case 3:
			return nvml.EventData{Device: devices[4], EventType: nvml.EventTypeXidCriticalError, EventData: 79}, nvml.SUCCESS
		}
		cancel()
		return nvml.EventData{}, nvml.ERROR_TIMEOUT
	})
	var heard []string
	require.NoError(t, driverOf(t, server).Listen(ctx, func(id string, xid uint64) {
		require.EqualValues(t, 79, xid)
		heard = append(heard, id)
	}))
	require.Equal(t, []string{devices[4].UUID}, heard)
	require.True(t, freed.Load())
}

func TestAListenerThatCannotListenSaysWhy(t *testing.T) {
	server, devices := busyServer(t)
	freed := events(server, devices, func() (nvml.EventData, nvml.Return) { return nvml.EventData{}, nvml.ERROR_GPU_IS_LOST })
	require.ErrorContains(t, driverOf(t, server).Listen(t.Context(), nil), "has ended")
	require.True(t, freed.Load())
	for _, device := range devices {
		device.RegisterEventsFunc = func(uint64, nvml.EventSet) nvml.Return { return nvml.ERROR_NOT_SUPPORTED }
	}
	require.ErrorContains(t, driverOf(t, server).Listen(t.Context(), nil), "does not report XIDs")
	server.LookupSymbolFunc = func(string) error { return errors.New("no such symbol") }
	require.ErrorContains(t, driverOf(t, server).Listen(t.Context(), nil), "too old")
}
