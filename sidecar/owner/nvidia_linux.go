//go:build cgo

package owner

import (
	"errors"
	"fmt"
	"sync"

	"github.com/NVIDIA/go-nvml/pkg/nvml"
)

// nvidia reads NVIDIA cards through the driver's library, which it opens when it is first needed.
type nvidia struct {
	open func() nvml.Interface

	mu  sync.Mutex
	lib nvml.Interface
	// seen is the time, by the driver's clock in µs, up to which the use of a card was read.
	seen map[string]uint64
}

func openNVIDIA() *nvidia {
	return &nvidia{open: func() nvml.Interface { return nvml.New() }, seen: map[string]uint64{}}
}

// each calls read for each card. It returns the highest value of the cards that have one.
func (n *nvidia) each(read func(uuid string, card nvml.Device) (float64, error)) (float64, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.lib == nil {
		lib := n.open()
		if ret := lib.Init(); ret != nvml.SUCCESS {
			return 0, fmt.Errorf("NVIDIA: %s", nvml.ErrorString(ret))
		}
		n.lib = lib
	}
	count, ret := n.lib.DeviceGetCount()
	if ret != nvml.SUCCESS {
		return 0, n.lost(ret)
	}
	if count == 0 {
		return 0, errors.New("NVIDIA: no card")
	}
	most, seen := 0.0, false
	var errs []error
	for i := range count {
		card, ret := n.lib.DeviceGetHandleByIndex(i)
		if ret != nvml.SUCCESS {
			return 0, n.lost(ret)
		}
		uuid, ret := card.GetUUID()
		if ret != nvml.SUCCESS {
			return 0, n.lost(ret)
		}
		value, err := read(uuid, card)
		if err != nil {
			errs = append(errs, fmt.Errorf("NVIDIA card %d: %w", i, err))
			continue
		}
		most, seen = max(most, value), true
	}
	if !seen {
		return 0, join(errs)
	}
	return most, nil
}

// lost closes the library, because the driver may have been reloaded.
func (n *nvidia) lost(ret nvml.Return) error {
	_ = n.lib.Shutdown()
	n.lib = nil
	return fmt.Errorf("NVIDIA: %s", nvml.ErrorString(ret))
}

// temperature returns that of the hottest card in °C.
func (n *nvidia) temperature() (float64, error) {
	return n.each(func(_ string, card nvml.Device) (float64, error) {
		celsius, ret := card.GetTemperature(nvml.TEMPERATURE_GPU)
		if ret != nvml.SUCCESS {
			return 0, errors.New(nvml.ErrorString(ret))
		}
		return float64(celsius), nil
	})
}

// fan returns the speed of the fastest fan in percent.
func (n *nvidia) fan() (float64, error) {
	return n.each(func(_ string, card nvml.Device) (float64, error) {
		percent, ret := card.GetFanSpeed()
		if ret != nvml.SUCCESS {
			return 0, errors.New(nvml.ErrorString(ret))
		}
		return float64(percent), nil
	})
}

// use returns the load of the most loaded card by processes that are not ours, in percent. Calling a
// symbol that an old library lacks would end the process.
func (n *nvidia) use(table *processTable) (float64, error) {
	_, own, err := table.read()
	if err != nil {
		return 0, err
	}
	return n.each(func(uuid string, card nvml.Device) (float64, error) {
		if err := n.lib.Extensions().LookupSymbol("nvmlDeviceGetProcessUtilization"); err != nil {
			return 0, errors.New("the driver is too old to say which process uses the card; update it")
		}
		samples, ret := card.GetProcessUtilization(n.seen[uuid])
		if ret == nvml.ERROR_NOT_FOUND {
			return 0, nil // no process has used the card since
		}
		if ret != nvml.SUCCESS {
			return 0, errors.New(nvml.ErrorString(ret))
		}
		newest := map[uint32]nvml.ProcessUtilizationSample{}
		for _, s := range samples {
			n.seen[uuid] = max(n.seen[uuid], s.TimeStamp)
			if before, twice := newest[s.Pid]; !own[int(s.Pid)] && (!twice || s.TimeStamp > before.TimeStamp) {
				newest[s.Pid] = s
			}
		}
		total := 0.0
		for _, s := range newest {
			total += float64(max(s.SmUtil, s.EncUtil, s.DecUtil))
		}
		return min(total, 100), nil
	})
}
