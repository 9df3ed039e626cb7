package device

import (
	"errors"
	"fmt"
)

// highest reads all cards.
func (d dllDriver) highest(read func(handle uintptr) (float64, error)) (float64, error) {
	handles, err := d.handles()
	if len(handles) == 0 {
		return 0, errors.Join(errors.New("NVIDIA: no card"), err)
	}
	var reads []func() (float64, error)
	for i, handle := range handles {
		reads = append(reads, func() (float64, error) {
			value, err := read(handle)
			if err != nil {
				err = fmt.Errorf("NVIDIA card %d: %w", i, err)
			}
			return value, err
		})
	}
	return Highest(reads...)
}

// Temperature implements Gauges.
func (d dllDriver) Temperature() (float64, error) {
	return d.highest(func(handle uintptr) (float64, error) {
		celsius, err := readOf(d.dll, "nvmlDeviceGetTemperature", handle, temperatureGPU)
		return float64(celsius), err
	})
}

// Fan implements Gauges.
func (d dllDriver) Fan() (float64, error) {
	return d.highest(func(handle uintptr) (float64, error) {
		percent, err := read[uint32](d.dll, "nvmlDeviceGetFanSpeed", handle)
		return float64(percent), err
	})
}

// Use implements Gauges.
func (d dllDriver) Use(own map[int]bool) (float64, error) {
	return d.highest(func(handle uintptr) (float64, error) {
		uuid, err := d.textOf("nvmlDeviceGetUUID", handle)
		if err != nil {
			return 0, err
		}
		samples, err := d.samples(handle, d.seen[uuid])
		if errors.Is(err, nvmlCode(nvmlNotFound)) {
			// It answers so for each card that shows a screen, whatever programs use it.
			return 0, errors.New("the NVIDIA driver does not tell which programs use the card")
		}
		if err != nil {
			return 0, err
		}
		percent, newest := useOf(samples, own, d.seen[uuid])
		d.seen[uuid] = newest
		return percent, nil
	})
}

// dllSample is nvmlProcessUtilizationSample_t.
type dllSample struct {
	PID                               uint32
	At                                uint64
	Compute, Memory, Encoder, Decoder uint32
}

const (
	// nvmlInsufficientSize means that there are more samples than room.
	nvmlInsufficientSize = 7
	// mostSamples bounds the samples that are read at once.
	mostSamples = 4096
)

// samples returns the use of a card by process since a time by the driver's clock, in µs.
func (d *dll) samples(handle uintptr, since uint64) ([]useSample, error) {
	call, err := function[func(uintptr, *dllSample, *uint32, uint64) uint32](d, "nvmlDeviceGetProcessUtilization")
	if err != nil {
		return nil, err
	}
	var count uint32
	err = check(call(handle, nil, &count, since))
	if !errors.Is(err, nvmlCode(nvmlInsufficientSize)) {
		return nil, err
	}
	if count == 0 || count > mostSamples {
		return nil, fmt.Errorf("expected 1 to %d samples of processes, found %d", mostSamples, count)
	}
	buffer := make([]dllSample, count)
	if err := check(call(handle, &buffer[0], &count, since)); err != nil {
		return nil, err
	}
	var list []useSample
	for _, s := range buffer[:min(int(count), len(buffer))] {
		list = append(list, useSample{pid: int(s.PID), at: s.At, percent: max(s.Compute, s.Encoder, s.Decoder)})
	}
	return list, nil
}
