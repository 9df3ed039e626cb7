//go:build linux && cgo

package device

import (
	"errors"
	"fmt"

	"github.com/NVIDIA/go-nvml/pkg/nvml"
)

// highest reads all cards.
func (g *nvmlGPUs) highest(read func(handle nvml.Device) (float64, error)) (float64, error) {
	count, ret := g.lib.DeviceGetCount()
	if ret != nvml.SUCCESS {
		return 0, fmt.Errorf("NVIDIA: cannot count the graphics processors: %s", nvml.ErrorString(ret))
	}
	if count == 0 {
		return 0, errors.New("NVIDIA: no card")
	}
	var reads []func() (float64, error)
	for i := range count {
		reads = append(reads, func() (value float64, err error) {
			handle, ret := g.lib.DeviceGetHandleByIndex(i)
			if err = answerOf(ret); err == nil {
				value, err = read(handle)
			}
			if err != nil {
				err = fmt.Errorf("NVIDIA card %d: %w", i, err)
			}
			return value, err
		})
	}
	return Highest(reads...)
}

// answerOf returns the error of a return code.
func answerOf(ret nvml.Return) error {
	if ret == nvml.SUCCESS {
		return nil
	}
	return fmt.Errorf("the NVIDIA driver answers: %s", nvml.ErrorString(ret))
}

// Temperature implements Gauges.
func (g *nvmlGPUs) Temperature() (float64, error) {
	return g.highest(func(handle nvml.Device) (float64, error) {
		celsius, err := nvmlAsk(g, "nvmlDeviceGetTemperature", func() (uint32, nvml.Return) {
			return handle.GetTemperature(nvml.TEMPERATURE_GPU)
		})
		return float64(celsius), err
	})
}

// Fan implements Gauges.
func (g *nvmlGPUs) Fan() (float64, error) {
	return g.highest(func(handle nvml.Device) (float64, error) {
		percent, err := nvmlAsk(g, "nvmlDeviceGetFanSpeed", handle.GetFanSpeed)
		return float64(percent), err
	})
}

// Use implements Gauges. Calling a symbol that an old library lacks would end the process.
func (g *nvmlGPUs) Use(own map[int]bool) (float64, error) {
	return g.highest(func(handle nvml.Device) (float64, error) {
		uuid, ret := handle.GetUUID()
		if err := answerOf(ret); err != nil {
			return 0, err
		}
		if g.lib.Extensions().LookupSymbol("nvmlDeviceGetProcessUtilization") != nil {
			return 0, errors.New("the NVIDIA driver is too old to say which process uses the card; update it")
		}
		list, ret := handle.GetProcessUtilization(g.seen[uuid])
		if ret == nvml.ERROR_NOT_FOUND {
			return 0, nil // no process has used the card since
		}
		if err := answerOf(ret); err != nil {
			return 0, err
		}
		samples := make([]useSample, len(list))
		for i, s := range list {
			samples[i] = useSample{pid: int(s.Pid), at: s.TimeStamp, percent: max(s.SmUtil, s.EncUtil, s.DecUtil)}
		}
		percent, newest := useOf(samples, own, g.seen[uuid])
		g.seen[uuid] = newest
		return percent, nil
	})
}
