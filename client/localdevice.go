package client

import (
	"context"
	"errors"

	"github.com/thetaedge/theta/executor"
	"github.com/thetaedge/theta/executor/profiles"
	"github.com/thetaedge/theta/executor/tensors"
	"github.com/thetaedge/theta/tensor/backend"
)

// LocalOption changes how RunLocal runs a task.
type LocalOption func(*localOptions)

type localOptions struct{ device backend.Choice }

// OnDevice executes tensors on a device of this machine. Its driver runs in this process: unlike a
// node, a requester runs only programs of its own.
func OnDevice(choice backend.Choice) LocalOption { return func(o *localOptions) { o.device = choice } }

// openHere opens an executor of a profile. A device other than the processor has to give the published
// vectors.
func openHere(ctx context.Context, profile string, options []LocalOption) (executor.Executor, error) {
	cpu := backend.Device{Backend: backend.CPU}
	chosen := localOptions{device: cpu.Choice()}
	for _, option := range options {
		option(&chosen)
	}
	if processor, is := chosen.device.Processor(); is || profile != tensors.Profile {
		return profiles.Open(profile, profiles.Config{Slots: 1, Device: processor})
	}
	found, err := backend.List()
	var fit []backend.Device
	if err == nil {
		fit, err = chosen.device.Candidates(found)
	}
	failures := []error{err}
	for _, device := range fit {
		engine, err := profiles.Open(profile, profiles.Config{Slots: 1, Device: device})
		if err != nil {
			return nil, err
		}
		f := engine.Fingerprint(ctx)
		if f.Health == executor.Healthy {
			return engine, nil
		}
		failures = append(failures, errors.New(f.Detail), engine.Close())
	}
	if !chosen.device.Auto() {
		return nil, errors.Join(failures...)
	}
	return profiles.Open(profile, profiles.Config{Slots: 1, Device: cpu})
}
