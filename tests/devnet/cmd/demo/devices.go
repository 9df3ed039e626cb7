package main

import (
	"fmt"

	"github.com/thetaedge/theta/tensor/backend"
)

// tensorDevices returns what executes the tensors of the three honest nodes, and says it to a reader:
// plain Go, the processor, and a device of CUDA or Vulkan if this machine has one, which may be a driver
// that computes on the processor.
func tensorDevices() (devices []string, said string) {
	found, err := backend.List()
	device, has := vulkanDevice(found)
	if !has {
		why := "this machine has no device of Vulkan (on Debian, mesa-vulkan-drivers has one that computes on the processor)"
		if err == nil && len(found) > 0 {
			why = "no device of Vulkan here has what it takes"
		}
		return []string{string(backend.Reference), string(backend.CPU), string(backend.CPU)},
			fmt.Sprintf("Tensors: one honest node executes them in plain Go, and two on the processor, because %s.", why)
	}
	return []string{string(backend.Reference), string(backend.CPU), device.Choice().String()},
		fmt.Sprintf("Tensors: the honest nodes execute them in plain Go, on the processor, and on %s through %s.", device.Name, device.Interface())
}

// vulkanDevice returns a graphics card, or else a driver that computes on the processor.
func vulkanDevice(found []backend.Device) (backend.Device, bool) {
	for _, kinds := range [][]string{{"discrete", "integrated", "virtual", "other"}, {"processor"}} {
		for _, kind := range kinds {
			for _, d := range found {
				if d.Kind == kind && d.Missing == "" {
					return d, true
				}
			}
		}
	}
	return backend.Device{}, false
}
