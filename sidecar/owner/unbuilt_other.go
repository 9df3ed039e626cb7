//go:build !linux

package owner

import (
	"context"
	"fmt"
	"runtime"
)

// unbuilt is a sensor that says what is not seen on this system.
func unbuilt[T any](what string) Sensor[T] {
	return SensorFunc[T](func(context.Context) (T, error) {
		var none T
		return none, fmt.Errorf("this build of thetaedge does not see %s on %s", what, runtime.GOOS)
	})
}
