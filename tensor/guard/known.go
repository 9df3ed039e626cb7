package guard

import (
	"errors"
	"fmt"

	"github.com/thetaedge/theta/tensor"
	"github.com/thetaedge/theta/tensor/tensortest"
)

// ErrDoubt means that a device did something else than the reference. Nothing that it has computed
// may be relied on.
var ErrDoubt = errors.New("the numbers of the device are in doubt")

// Known compares a device with the published vectors of each operation. It fails with ErrDoubt, or
// with an error of the device.
func Known(d tensor.Device) error {
	published, err := tensortest.Published()
	if err != nil {
		return err
	}
	for _, code := range tensor.Codes() {
		digest, err := tensortest.Vector(d, code)
		if err != nil {
			return err
		}
		if digest != published[code] {
			return fmt.Errorf("%w: %s: %v: expected the published vectors %x, found %x", ErrDoubt, d.Name(), code, published[code], digest)
		}
	}
	return nil
}
