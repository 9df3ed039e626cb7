package vulkan

import (
	"github.com/thetaedge/theta/tensor"
	"github.com/thetaedge/theta/tensor/apart"
)

// onHost executes a call on copies of what it reads and writes, for what cannot be divided into
// dispatches.
func (d *Device) onHost(call tensor.Call) error {
	if err := d.drain(); err != nil {
		return err
	}
	found, err := apart.Run(call)
	d.sums.found = append(d.sums.found, found...)
	return err
}
