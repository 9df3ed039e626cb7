//go:build linux && cgo

package device

import (
	"context"
	"errors"
	"fmt"

	"github.com/NVIDIA/go-nvml/pkg/nvml"
)

// eventWait is the time in milliseconds after which a wait for events returns, so that the caller
// can look whether it should end.
const eventWait = 1000

// Listen implements Alarms with the XIDs of NVML.
func (g *nvmlGPUs) Listen(ctx context.Context, tell func(id string, xid uint64)) (err error) {
	for _, symbol := range []string{"nvmlEventSetCreate", "nvmlEventSetFree", "nvmlDeviceRegisterEvents"} {
		if g.lib.Extensions().LookupSymbol(symbol) != nil {
			return errors.New("the NVIDIA driver is too old to report XIDs; update it")
		}
	}
	set, ret := g.lib.EventSetCreate()
	if ret != nvml.SUCCESS {
		return fmt.Errorf("cannot watch for XIDs: %s", nvml.ErrorString(ret))
	}
	defer func() {
		if ret := set.Free(); ret != nvml.SUCCESS && err == nil {
			err = fmt.Errorf("cannot end watching for XIDs: %s", nvml.ErrorString(ret))
		}
	}()
	if err := g.register(set); err != nil {
		return err
	}
	for ctx.Err() == nil {
		event, ret := set.Wait(eventWait)
		switch {
		case ret == nvml.ERROR_TIMEOUT:
		case ret != nvml.SUCCESS:
			return fmt.Errorf("watching for XIDs has ended: %s", nvml.ErrorString(ret))
		case event.EventType == nvml.EventTypeXidCriticalError && event.Device != nil:
			if id, ret := event.Device.GetUUID(); ret == nvml.SUCCESS {
				tell(id, event.EventData)
			}
		}
	}
	return nil
}

// register asks for the XIDs of all cards. It fails if no card reports them.
func (g *nvmlGPUs) register(set nvml.EventSet) error {
	count, ret := g.lib.DeviceGetCount()
	if ret != nvml.SUCCESS {
		return fmt.Errorf("cannot count the graphics processors: %s", nvml.ErrorString(ret))
	}
	registered, failed := 0, error(nil)
	for i := range count {
		handle, ret := g.lib.DeviceGetHandleByIndex(i)
		if ret == nvml.SUCCESS {
			ret = handle.RegisterEvents(nvml.EventTypeXidCriticalError, set)
		}
		if ret != nvml.SUCCESS {
			failed = fmt.Errorf("graphics processor %d does not report XIDs: %s", i, nvml.ErrorString(ret))
			continue
		}
		registered++
	}
	if registered == 0 && failed != nil {
		return failed
	}
	return nil
}

var (
	_ Driver = nvmlDriver{}
	_ Alarms = nvmlDriver{}
)

// nvmlDriver is the library as a Driver, whose unit of energy is the microjoule.
type nvmlDriver struct{ *nvmlGPUs }

// Energy implements Driver.
func (d nvmlDriver) Energy(id string) (uint64, error) {
	if _, ret := d.lib.DeviceGetHandleByUUID(id); ret == nvml.ERROR_NOT_FOUND || ret == nvml.ERROR_INVALID_ARGUMENT {
		return 0, errNotMine
	}
	millijoules, err := d.nvmlGPUs.Energy(id)
	if err != nil {
		return 0, err
	}
	return microjoules(millijoules)
}

// OpenNVML loads the NVIDIA management library like OpenGPUs. A machine without the library or the
// driver has no cards.
func OpenNVML(library string) (Driver, error) {
	gpus, err := OpenGPUs(library)
	if g, ok := gpus.(*nvmlGPUs); ok {
		return nvmlDriver{g}, err
	}
	return NoCards{}, err
}
