package cuda

import (
	"errors"
	"fmt"

	"github.com/thetaedge/theta/tensor"
)

var _ tensor.Sleeper = (*Device)(nil)

// errAsleep is the error of a device that sleeps.
var errAsleep = errors.New("the device sleeps")

// Sleep implements tensor.Sleeper. It ends the context, because the driver keeps memory for each.
func (d *Device) Sleep() error {
	if errors.Is(d.lost, errAsleep) {
		return nil
	}
	if d.lost != nil {
		return d.lost
	}
	s, name := d.settings, d.Name()
	if err := d.Close(); err != nil {
		return fmt.Errorf("end %s for a while: %w", name, err)
	}
	*d = Device{settings: s, slept: name, lost: errAsleep}
	return nil
}

// Wake implements tensor.Sleeper. It fails if the device is not the one that it was.
func (d *Device) Wake() error {
	if !errors.Is(d.lost, errAsleep) {
		return d.lost
	}
	s, name := d.settings, d.slept
	opened, err := open(s)
	if err != nil {
		return fmt.Errorf("open %s again: %w", name, err)
	}
	*d = *opened
	if d.Name() != name {
		return errors.Join(fmt.Errorf("expected %s again, found %s", name, d.Name()), d.Close())
	}
	return nil
}
