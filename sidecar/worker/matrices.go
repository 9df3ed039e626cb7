package worker

import (
	"context"
	"errors"

	"github.com/thetaedge/theta/tensor/backend"
)

// openWhatStarts opens a device, without cooperative matrices if its process ends with them: drivers
// have been seen to crash when they compile kernels that use these.
func (d *devices) openWhatStarts(ctx context.Context, device backend.Device) (*attached, backend.Device, error) {
	a, err := d.open(ctx, device, false)
	if err == nil || !device.Matrices || !errors.Is(err, errNoStart) || ctx.Err() != nil {
		return a, device, err
	}
	plain := device
	plain.Matrices = false
	if a, again := d.open(ctx, plain, false); again == nil {
		d.cfg.Logger.Warn("the driver ends with cooperative matrices; the device is used without them", "device", device.Name, "error", err)
		return a, plain, nil
	}
	return nil, device, err
}
