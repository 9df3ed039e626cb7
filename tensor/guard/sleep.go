package guard

import (
	"github.com/thetaedge/theta/tensor"
)

var _ tensor.Sleeper = (*Device)(nil)

// Sleep implements tensor.Sleeper. It gives up the guard's own tensors too; what was compared still counts.
// Everything that was submitted has been waited for.
func (d *Device) Sleep() error {
	p := &d.products
	for _, held := range append([]tensor.Buffer{d.marks.held, p.rows, p.words}, p.library.held...) {
		if held == nil {
			continue
		}
		if err := d.inner.free(held); err != nil {
			return err
		}
	}
	d.marks.held, p.rows, p.words, p.library.held = nil, nil, nil, nil
	p.library.clear()
	return d.inner.sleep("a sleep", tensor.Sleeper.Sleep)
}

// Wake implements tensor.Sleeper.
func (d *Device) Wake() error { return d.inner.sleep("the end of a sleep", tensor.Sleeper.Wake) }

// sleep lets the device begin or end to sleep, if it can.
func (w *watched) sleep(what string, change func(tensor.Sleeper) error) error {
	sleeper, can := w.inner.(tensor.Sleeper)
	if !can {
		return w.failed
	}
	return w.within(what, func() error { return change(sleeper) })
}
