package tensors

import (
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/thetaedge/theta/executor"
	"github.com/thetaedge/theta/tensor"
	"github.com/thetaedge/theta/tensor/guard"
)

// devices are those that no task uses at present. There are never more open ones than tasks have
// run at the same time.
type devices struct {
	open      func() (tensor.Device, error)
	unguarded bool

	// keep bounds the weights that each device keeps, see weights.limit.
	keep uint64

	mu    sync.Mutex
	idle  []*opened
	guard guard.Config
	// known is the name of the device that gave the published vectors.
	known string
	label string
	// broken says why the last device could not be opened, and tried when that was.
	broken error
	tried  time.Time
	// probing counts the probes that go on by themselves.
	probing sync.WaitGroup
	closed  bool
}

// opened is an open device with the weights that it keeps.
type opened struct {
	device  tensor.Device
	weights *weights
}

// retryPause is the time after which a machine without a device tries to open one again.
const retryPause = time.Minute

func newDevices(cfg Config) *devices {
	if cfg.Guard.Qualified == nil {
		cfg.Guard.Qualified = &guard.Qualified{}
	}
	return &devices{open: cfg.Open, unguarded: cfg.Unguarded, keep: cfg.KeepBytes, guard: cfg.Guard, known: cfg.Known, label: "no device"}
}

// guarded opens a device, which has to give the published vectors before its first task.
func (d *devices) guarded() (tensor.Device, error) {
	device, err := d.open()
	if err != nil || d.unguarded {
		return device, err
	}
	d.mu.Lock()
	known, cfg := d.known, d.guard
	d.mu.Unlock()
	if known != device.Name() {
		if err := guard.Known(device); err != nil {
			return nil, errors.Join(err, device.Close())
		}
		d.mu.Lock()
		d.known = device.Name()
		d.mu.Unlock()
	}
	return guard.New(device, cfg), nil
}

// probe opens a device and keeps it.
func (d *devices) probe() {
	if device, err := d.take(); err == nil {
		d.give(device, false)
	}
}

// usable returns why the machine has no device. It tries to open one again after a while.
func (d *devices) usable() error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.broken != nil && !d.closed && time.Since(d.tried) > retryPause {
		d.tried = time.Now()
		d.probing.Go(d.probe)
	}
	return d.broken
}

func (d *devices) name() string {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.label
}

// takeIdle returns a device that is open, or nil.
func (d *devices) takeIdle() *opened {
	d.mu.Lock()
	defer d.mu.Unlock()
	last := len(d.idle) - 1
	if last < 0 {
		return nil
	}
	device := d.idle[last]
	d.idle = d.idle[:last]
	return device
}

// take returns a device for one task. It fails with executor.ErrDevice.
func (d *devices) take() (*opened, error) {
	if device := d.takeIdle(); device != nil {
		return device, nil
	}
	device, err := d.guarded()
	d.mu.Lock()
	defer d.mu.Unlock()
	if err != nil {
		d.tried = time.Now()
		d.broken = fmt.Errorf("%w: it cannot be opened: %w", executor.ErrDevice, err)
		return nil, d.broken
	}
	d.broken, d.label = nil, device.Name()
	return &opened{device: device, weights: newWeights(device, d.keep)}, nil
}

// give takes a device back, or closes it if it has failed, with the weights that it keeps. Nothing
// that was compared before counts any more then. If no other device is left and none can be opened, the machine cannot run the
// profile.
func (d *devices) give(device *opened, failed bool) {
	if failed {
		_ = device.device.Close()
		d.mu.Lock()
		none := len(d.idle) == 0
		d.known, d.guard.Qualified = "", &guard.Qualified{}
		d.mu.Unlock()
		if none {
			d.probe()
		}
		return
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.idle = append(d.idle, device)
}

func (d *devices) close() error {
	d.mu.Lock()
	d.closed = true
	d.mu.Unlock()
	d.probing.Wait()
	d.mu.Lock()
	defer d.mu.Unlock()
	var err error
	for _, device := range d.idle {
		err = errors.Join(err, device.device.Close())
	}
	d.idle = nil
	return err
}
