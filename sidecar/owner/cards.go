//go:build linux || windows

package owner

import (
	"context"

	"github.com/thetaedge/theta/sidecar/device"
)

// useByOthers returns a sensor of the load of the most loaded graphics card by processes that are not ours.
func useByOthers(use func(own map[int]bool) (float64, error), ours func() (map[int]bool, error)) Sensor[float64] {
	return SensorFunc[float64](func(ctx context.Context) (float64, error) {
		own, err := ours()
		if err != nil {
			return 0, err
		}
		return twice(ctx, device.UseSpan, func() (float64, error) { return use(own) })
	})
}

// sensorOf returns a sensor of a number that is read without waiting.
func sensorOf(read func() (float64, error)) Sensor[float64] {
	return SensorFunc[float64](func(context.Context) (float64, error) { return read() })
}
