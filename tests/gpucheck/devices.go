package gpucheck

import (
	"errors"
	"fmt"

	"github.com/thetaedge/theta/tensor"
	"github.com/thetaedge/theta/tensor/backend"
	"github.com/thetaedge/theta/tensor/cuda"
	"github.com/thetaedge/theta/tensor/cuda/kernel"
	"github.com/thetaedge/theta/tensor/vulkan"
)

// variant is a way to open a device.
type variant struct {
	name string
	open func() (tensor.Device, error)
	// uses says what kernels of a device that was opened in this way use.
	uses func(tensor.Device) string
}

// variants are the ways to open a device: as it opens by itself, and without what its kernels use then.
func variants(d backend.Device) []variant {
	var all []variant
	switch d.Backend {
	case backend.CUDA:
		add := func(name string, options ...cuda.Option) {
			all = append(all, variant{
				name: name,
				open: func() (tensor.Device, error) { return cuda.Open(append(options, cuda.WithIndex(d.Index))...) },
				uses: func(d tensor.Device) string { return d.(*cuda.Device).Instructions() },
			})
		}
		add("as it opens")
		add("tensor cores of 8x8x16", cuda.WithTensorCores(kernel.Tensor75))
		add("without tensor cores", cuda.WithTensorCores(kernel.Plain))
		add("without tensor cores and dp4a", cuda.WithTensorCores(kernel.Plain), cuda.WithoutDotProducts())
	case backend.Vulkan:
		add := func(name string, options ...vulkan.Option) {
			all = append(all, variant{
				name: name,
				open: func() (tensor.Device, error) { return vulkan.Open(append(options, vulkan.WithIndex(d.Index))...) },
				uses: func(d tensor.Device) string {
					v := d.(*vulkan.Device)
					return fmt.Sprintf("cooperative matrices %q, sums of products %v, pairs of words %v", v.Matrices(), v.DotProducts(), v.Narrow())
				},
			})
		}
		add("as it opens")
		add("without cooperative matrices", vulkan.WithoutMatrices())
		add("without both", vulkan.WithoutMatrices(), vulkan.WithoutDotProducts())
		add("with pairs of words", vulkan.WithoutWideIntegers())
	case backend.CPU, backend.Reference:
	}
	return all
}

// errNone says that there is no device.
var errNone = errors.New("expected a device of CUDA or Vulkan, found none; install the driver of the card")

// devices returns the devices of the machine that can be used.
func devices() ([]backend.Device, error) {
	found, err := backend.List()
	if err != nil {
		return nil, err
	}
	var able []backend.Device
	for _, d := range found {
		if d.Missing == "" {
			able = append(able, d)
		}
	}
	if len(able) == 0 {
		return nil, errNone
	}
	return able, nil
}

// identity names a device.
func identity(d backend.Device) string { return fmt.Sprintf("%s:%d %v", d.Backend, d.Index, d) }
