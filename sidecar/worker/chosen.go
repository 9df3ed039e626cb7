package worker

import (
	"context"
	"errors"
	"fmt"

	"github.com/thetaedge/theta/tensor/backend"
)

// health says why the chosen device must not be used now. It returns nil until a device is chosen.
// A device that becomes ill is in doubt: it has to give the published vectors again when it is well.
func (d *devices) health() error {
	chosen, _ := d.known()
	if chosen == nil || d.cfg.Tensors.Health == nil || !chosen.Driven() {
		return nil
	}
	err := d.cfg.Tensors.Health(chosen.Device)
	d.mu.Lock()
	began := err != nil && !d.ill
	d.ill = err != nil
	d.mu.Unlock()
	if began {
		d.doubt(&attached{device: chosen.Device})
	}
	if err != nil {
		return fmt.Errorf("%s must not be used: %w", chosen.Name, err)
	}
	return nil
}

// Chosen returns what executes the tensors of programs, and whether it has been chosen yet. Unlike
// Device, it does not wait.
func (e *Executor) Chosen() (Device, bool) {
	if chosen, _ := e.pool.devices.known(); chosen != nil {
		return *chosen, true
	}
	return Device{}, false
}

// Device returns what executes the tensors of programs. It starts a worker process if none has been
// started. If the device cannot be used, the error says why.
func (e *Executor) Device(ctx context.Context) (Device, error) {
	err := e.pool.probe(ctx)
	if chosen, _ := e.pool.devices.known(); chosen != nil {
		return *chosen, err
	}
	return Device{}, err
}

// List returns the cards of CUDA and the devices of Vulkan on this machine. A process that is confined like those of an
// executor finds them, so that their drivers are not loaded into this process. Dir of cfg is a folder
// that List may clear.
func List(ctx context.Context, cfg Config) (found []backend.Device, err error) {
	if cfg.Tensors == nil {
		cfg.Tensors = &Tensors{}
	}
	e, err := New(cfg)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, e.Close()) }()
	var first error
	for i, without := range attempts() {
		e.pool.devices.leaveOut(without)
		list, err := e.pool.devices.list(ctx)
		if i == 0 {
			found, first = list, err
		}
		for _, d := range list {
			if d.Kind != "processor" {
				return list, nil
			}
		}
		if ctx.Err() != nil || !errors.Is(err, errNoStart) && !hasNodes() || errors.Is(err, errSlowStart) {
			break
		}
	}
	return found, first
}
