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

	mu    sync.Mutex
	idle  []tensor.Device
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

// retryPause is the time after which a machine without a device tries to open one again.
const retryPause = time.Minute

func newDevices(cfg Config) *devices {
	if cfg.Guard.Qualified == nil {
		cfg.Guard.Qualified = &guard.Qualified{}
	}
	return &devices{open: cfg.Open, unguarded: cfg.Unguarded, guard: cfg.Guard, known: cfg.Known, label: "no device"}
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

// take returns a device for one task. It fails with executor.ErrDevice.
func (d *devices) take() (tensor.Device, error) {
	d.mu.Lock()
	if last := len(d.idle) - 1; last >= 0 {
		device := d.idle[last]
		d.idle = d.idle[:last]
		d.mu.Unlock()
		return device, nil
	}
	d.mu.Unlock()
	device, err := d.guarded()
	d.mu.Lock()
	defer d.mu.Unlock()
	if err != nil {
		d.tried = time.Now()
		d.broken = fmt.Errorf("%w: it cannot be opened: %w", executor.ErrDevice, err)
		return nil, d.broken
	}
	d.broken, d.label = nil, device.Name()
	return device, nil
}

// give takes a device back, or closes it if it has failed. Nothing that was compared before counts
// any more then. If no other device is left and none can be opened, the machine cannot run the
// profile.
func (d *devices) give(device tensor.Device, failed bool) {
	if failed {
		_ = device.Close()
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
		err = errors.Join(err, device.Close())
	}
	d.idle = nil
	return err
}

// lent is the device of one run. It is taken when the program makes its first tensor. All of its
// errors wrap executor.ErrDevice.
type lent struct {
	devices *devices
	device  tensor.Device
	failed  bool
}

var _ tensor.Device = (*lent)(nil)

// check marks an error as one of the device.
func (l *lent) check(err error) error {
	if err == nil || errors.Is(err, executor.ErrDevice) {
		return err
	}
	l.failed = true
	return fmt.Errorf("%w: %w", executor.ErrDevice, err)
}

func (l *lent) Name() string {
	if l.device == nil {
		return "no device"
	}
	return l.device.Name()
}

func (l *lent) New(s tensor.Shape) (tensor.Buffer, error) {
	if l.device == nil {
		device, err := l.devices.take()
		if err != nil {
			return nil, err
		}
		l.device = device
	}
	buffer, err := l.device.New(s)
	if err != nil {
		return nil, l.check(err)
	}
	return &lentBuffer{buffer, l}, nil
}

func (l *lent) Submit(submitted []tensor.Call) error {
	if l.device == nil {
		return nil
	}
	for _, call := range submitted {
		for i, buffer := range call.Buffers {
			if buffer != nil {
				call.Buffers[i] = buffer.(*lentBuffer).Buffer
			}
		}
	}
	return l.check(l.device.Submit(submitted))
}

func (l *lent) Wait() ([]uint64, error) {
	if l.device == nil {
		return nil, nil
	}
	sums, err := l.device.Wait()
	return sums, l.check(err)
}

// Close gives the device back.
func (l *lent) Close() error {
	if l.device != nil {
		l.devices.give(l.device, l.failed)
		l.device = nil
	}
	return nil
}

// lentBuffer is a tensor of a run.
type lentBuffer struct {
	tensor.Buffer

	lent *lent
}

func (b *lentBuffer) Write(offset uint64, p []byte) error {
	return b.lent.check(b.Buffer.Write(offset, p))
}

func (b *lentBuffer) Read(offset uint64, p []byte) error {
	return b.lent.check(b.Buffer.Read(offset, p))
}

func (b *lentBuffer) Free() error { return b.lent.check(b.Buffer.Free()) }
