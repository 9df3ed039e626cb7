//go:build linux && cgo

package device

import (
	"errors"
	"fmt"

	"github.com/NVIDIA/go-nvml/pkg/nvml"
)

// throttles are the reasons for a low clock in the bits of NVML, in the order of their names here.
// Being idle and settings of the owner are not among them.
func throttles() []struct {
	bit  uint64
	text string
} {
	return []struct {
		bit  uint64
		text string
	}{
		{nvml.ClocksThrottleReasonSwPowerCap, "power cap"},
		{nvml.ClocksThrottleReasonHwSlowdown, "hardware slowdown"},
		{nvml.ClocksThrottleReasonSwThermalSlowdown, "too hot (driver)"},
		{nvml.ClocksThrottleReasonHwThermalSlowdown, "too hot (hardware)"},
		{nvml.ClocksThrottleReasonHwPowerBrakeSlowdown, "power brake of the power supply"},
		{nvml.ClocksThrottleReasonSyncBoost, "follows the slowest card of its group"},
	}
}

// Cards implements Driver. A card that has a name and does not answer is shown as lost.
func (g *nvmlGPUs) Cards() ([]Card, error) {
	count, ret := g.lib.DeviceGetCount()
	if ret != nvml.SUCCESS {
		return nil, fmt.Errorf("cannot count the graphics processors: %s", nvml.ErrorString(ret))
	}
	driver, ret := g.lib.SystemGetDriverVersion()
	if ret != nvml.SUCCESS {
		driver = ""
	}
	var cards []Card
	var failed error
	for i := range count {
		handle, ret := g.lib.DeviceGetHandleByIndex(i)
		if ret != nvml.SUCCESS {
			failed = fmt.Errorf("graphics processor %d cannot be opened: %s; it is left out", i, nvml.ErrorString(ret))
			continue
		}
		gpu, err := g.describe(i)
		if gpu.UUID == "" {
			failed = fmt.Errorf("graphics processor %d: %w; it is left out", i, err)
			continue
		}
		gpu.Driver = driver
		card := Card{GPU: gpu, Vendor: "nvidia", Source: "nvml", Kind: "discrete", PCI: g.place(handle), Vulkan: plainUUID(gpu.UUID)}
		if err != nil {
			card.State = lostState(err.Error())
		} else {
			card.State = g.state(handle)
		}
		cards = append(cards, card)
	}
	return cards, failed
}

// place returns the place of a card on the PCI bus as the kernel writes it, or "".
func (g *nvmlGPUs) place(handle nvml.Device) string {
	info, err := nvmlAsk(g, "nvmlDeviceGetPciInfo_v3", handle.GetPciInfo)
	if err != nil || info.Bus > 0xff || info.Device > 0x1f {
		return ""
	}
	return fmt.Sprintf("%04x:%02x:%02x.0", info.Domain, info.Bus, info.Device)
}

// nvmlAsk calls a function of NVML if the library has it: calling a symbol that an old library
// lacks would end the process.
func nvmlAsk[T any](g *nvmlGPUs, symbol string, call func() (T, nvml.Return)) (value T, err error) {
	if err := g.lib.Extensions().LookupSymbol(symbol); err != nil {
		return value, errors.New("the NVIDIA driver is too old to report it; update it")
	}
	value, ret := call()
	if ret != nvml.SUCCESS {
		return value, fmt.Errorf("the NVIDIA driver answers: %s", nvml.ErrorString(ret))
	}
	return value, nil
}

// state reads what NVML reports about a card.
func (g *nvmlGPUs) state(handle nvml.Device) State {
	s := NoState("the driver does not report it")
	s.FanRPM = NotMeasured("NVML reports the fan in percent")
	if _, ret := handle.GetMemoryInfo(); ret == nvml.ERROR_GPU_IS_LOST || ret == nvml.ERROR_RESET_REQUIRED {
		return lostState(nvml.ErrorString(ret))
	}
	memory, err := nvmlAsk(g, "nvmlDeviceGetMemoryInfo", handle.GetMemoryInfo)
	s.MemoryTotal, s.MemoryUsed = readingOf(memory.Total, err), readingOf(memory.Used, err)
	use, err := nvmlAsk(g, "nvmlDeviceGetUtilizationRates", handle.GetUtilizationRates)
	s.Busy = readingOf(use.Gpu, err)
	s.Temperature = readingOf(nvmlAsk(g, "nvmlDeviceGetTemperature", func() (uint32, nvml.Return) {
		return handle.GetTemperature(nvml.TEMPERATURE_GPU)
	})).scaled(1000, 1)
	s.Slowdown = readingOf(nvmlAsk(g, "nvmlDeviceGetTemperatureThreshold", func() (uint32, nvml.Return) {
		return handle.GetTemperatureThreshold(nvml.TEMPERATURE_THRESHOLD_SLOWDOWN)
	})).scaled(1000, 1)
	s.Power = readingOf(nvmlAsk(g, "nvmlDeviceGetPowerUsage", handle.GetPowerUsage))
	s.PowerCap = readingOf(nvmlAsk(g, "nvmlDeviceGetEnforcedPowerLimit", handle.GetEnforcedPowerLimit))
	s.PowerLimits = g.powerLimits(handle)
	s.Energy = readingOf(nvmlAsk(g, "nvmlDeviceGetTotalEnergyConsumption", handle.GetTotalEnergyConsumption))
	clock := func(kind nvml.ClockType) Reading {
		return readingOf(nvmlAsk(g, "nvmlDeviceGetClockInfo", func() (uint32, nvml.Return) { return handle.GetClockInfo(kind) }))
	}
	s.Clock, s.MemoryClock = clock(nvml.CLOCK_SM), clock(nvml.CLOCK_MEM)
	s.FanPercent = readingOf(nvmlAsk(g, "nvmlDeviceGetFanSpeed", handle.GetFanSpeed))
	ecc := func(kind nvml.MemoryErrorType) Reading {
		return readingOf(nvmlAsk(g, "nvmlDeviceGetTotalEccErrors", func() (uint64, nvml.Return) {
			return handle.GetTotalEccErrors(kind, nvml.VOLATILE_ECC)
		}))
	}
	s.Corrected, s.Uncorrected = ecc(nvml.MEMORY_ERROR_TYPE_CORRECTED), ecc(nvml.MEMORY_ERROR_TYPE_UNCORRECTED)
	s.MIG = readingOf(nvmlAsk(g, "nvmlDeviceGetMigMode", func() (int, nvml.Return) {
		mode, _, ret := handle.GetMigMode()
		return mode, ret
	}))
	if bits, err := nvmlAsk(g, "nvmlDeviceGetCurrentClocksThrottleReasons", handle.GetCurrentClocksThrottleReasons); err == nil {
		for _, reason := range throttles() {
			if bits&reason.bit != 0 {
				s.Throttle = append(s.Throttle, reason.text)
			}
		}
	}
	g.processes(handle, &s)
	return s
}

// powerLimits reads the limits to which the power of a card can be set.
func (g *nvmlGPUs) powerLimits(handle nvml.Device) PowerLimits {
	var l PowerLimits
	l.Default = readingOf(nvmlAsk(g, "nvmlDeviceGetPowerManagementDefaultLimit", handle.GetPowerManagementDefaultLimit))
	bounds, err := nvmlAsk(g, "nvmlDeviceGetPowerManagementLimitConstraints", func() ([2]uint32, nvml.Return) {
		least, most, ret := handle.GetPowerManagementLimitConstraints()
		return [2]uint32{least, most}, ret
	})
	l.Least, l.Most = readingOf(bounds[0], err), readingOf(bounds[1], err)
	return l
}

// memoryUnknown is what NVML reports for a process whose memory the system hides.
const memoryUnknown = ^uint64(0)

// processes lists the processes on a card.
func (g *nvmlGPUs) processes(handle nvml.Device, s *State) {
	busy := g.busyOf(handle)
	s.ProcessesMissing = ""
	for _, kind := range []struct {
		name, symbol string
		list         func() ([]nvml.ProcessInfo, nvml.Return)
	}{
		{"compute", "nvmlDeviceGetComputeRunningProcesses", handle.GetComputeRunningProcesses},
		{"graphics", "nvmlDeviceGetGraphicsRunningProcesses", handle.GetGraphicsRunningProcesses},
	} {
		list, err := nvmlAsk(g, kind.symbol, kind.list)
		if err != nil {
			s.ProcessesMissing = kind.name + ": " + err.Error()
			continue
		}
		for _, p := range list {
			process := Process{PID: int(p.Pid), Kind: kind.name, Memory: readingOf(p.UsedGpuMemory, nil).within(0, mostMemory), Busy: NotMeasured("the driver has no sample of the process")}
			if p.UsedGpuMemory == memoryUnknown {
				process.Memory = NotMeasured("the system does not tell the driver")
			}
			if share, ok := busy[p.Pid]; ok {
				process.Busy = readingOf(share, nil).within(0, mostPercent)
			}
			s.Processes = append(s.Processes, process)
		}
	}
}

// busyOf returns the newest sample of each process, in percent of the card.
func (g *nvmlGPUs) busyOf(handle nvml.Device) map[uint32]uint32 {
	samples, err := nvmlAsk(g, "nvmlDeviceGetProcessUtilization", func() ([]nvml.ProcessUtilizationSample, nvml.Return) {
		return handle.GetProcessUtilization(0)
	})
	if err != nil {
		return nil
	}
	busy, at := map[uint32]uint32{}, map[uint32]uint64{}
	for _, sample := range samples {
		if sample.TimeStamp >= at[sample.Pid] {
			busy[sample.Pid], at[sample.Pid] = sample.SmUtil, sample.TimeStamp
		}
	}
	return busy
}
