package cmd

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/thetaedge/theta/executor/tensors"
	"github.com/thetaedge/theta/sidecar/config"
	"github.com/thetaedge/theta/sidecar/device"
	"github.com/thetaedge/theta/sidecar/worker"
	"github.com/thetaedge/theta/tensor/backend"
	"github.com/thetaedge/theta/tensor/vulkan"
	edgenodetypes "github.com/thetaedge/theta/x/edgenode/types"
)

// detectAll describes this machine with the graphics cards of every vendor.
func detectAll(ctx context.Context) device.Machine {
	found, err := listDevices(ctx)
	return withCards(detect(), found, err)
}

// listTime is the longest time in which drivers list their devices.
const listTime = time.Minute

// listDevices lists the cards of CUDA and the devices of Vulkan. A process that is confined like the workers
// loads the drivers, which are not loaded into this one. A machine with neither has none.
func listDevices(ctx context.Context) (found []backend.Device, err error) {
	ctx, cancel := context.WithTimeout(ctx, listTime)
	defer cancel()
	dir, err := os.MkdirTemp("", "thetaedge-devices-")
	if err != nil {
		return nil, fmt.Errorf("cannot make a folder for the process that lists devices: %w", err)
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	found, err = worker.List(ctx, worker.Config{
		Profile: tensors.Profile, Slots: 1, Dir: filepath.Join(dir, "workers"), MemoryBytes: workerBytes, FileBytes: streamBytes, StreamBytes: streamBytes,
	})
	// The error comes from another process as text.
	if err != nil && strings.Contains(err.Error(), vulkan.ErrNotAvailable.Error()) {
		return nil, nil
	}
	return found, err
}

// withCards adds the graphics cards that only CUDA and Vulkan know to a machine, and says which of its
// cards cannot run tensor/1. A card that both list has one UUID.
func withCards(machine device.Machine, found []backend.Device, err error) device.Machine {
	if err != nil {
		machine.Missing = append(machine.Missing, "CUDA and Vulkan: "+err.Error())
	}
	usable := map[string]bool{}
	known := map[string]bool{}
	for _, gpu := range machine.GPUs {
		known[plainUUID(gpu.UUID)] = true
	}
	for _, card := range found {
		if isCard(card) && card.Missing == "" {
			usable[plainUUID(card.UUID)] = true
		}
	}
	for _, card := range found {
		if !isCard(card) || card.Missing != "" && usable[plainUUID(card.UUID)] {
			continue
		}
		if card.Missing != "" {
			machine.Missing = append(machine.Missing, fmt.Sprintf("%s cannot run tensor/1: its driver lacks %s; update the driver", card.Name, card.Missing))
			continue
		}
		if !known[plainUUID(card.UUID)] {
			known[plainUUID(card.UUID)] = card.UUID != ""
			machine.GPUs = append(machine.GPUs, device.GPU{Index: len(machine.GPUs), UUID: card.UUID, Model: card.Name, MemoryBytes: card.MemoryBytes, Driver: card.Driver})
		}
	}
	for _, gpu := range machine.GPUs {
		if !usable[plainUUID(gpu.UUID)] {
			machine.Missing = append(machine.Missing, fmt.Sprintf("%s cannot run tensor/1: neither CUDA nor Vulkan lists it; %s", gpu.Model, listing()))
		}
	}
	return machine
}

// listing says what makes CUDA or Vulkan list a card.
func listing() string {
	const uvm = "/dev/nvidia-uvm"
	_, nodes := os.Stat("/dev/nvidiactl")
	_, shared := os.Stat(uvm)
	if nodes == nil && errors.Is(shared, fs.ErrNotExist) {
		return "CUDA needs " + uvm + ", which is not there: run \"sudo nvidia-modprobe -u -c=0\" when the machine starts"
	}
	return "for a card of NVIDIA install libcuda1, for others the driver's Vulkan part and the loader (libvulkan1)"
}

// isCard reports whether a device has memory of its own. A processor that runs Vulkan, and one that
// shares the memory of the machine, leave it in the classes of processors.
func isCard(d backend.Device) bool { return d.Kind == "discrete" || d.Kind == "virtual" }

// plainUUID returns the digits of a UUID: NVIDIA's library writes GPU-01234567-... and Vulkan the
// digits alone.
func plainUUID(uuid string) string {
	return strings.ReplaceAll(strings.ToLower(strings.TrimPrefix(uuid, "GPU-")), "-", "")
}

// classLimit says how much memory for tensors the jobs of a class may ask for, if the settings do
// not allow it, or "".
func classLimit(class edgenodetypes.HardwareClass, maxDevice uint64) string {
	if class.DeviceBytes == 0 || maxDevice == 0 || maxDevice >= class.DeviceBytes {
		return ""
	}
	return fmt.Sprintf("jobs of class %s may ask for %d MiB of tensors, and policy.max-device is %d MiB: the node leaves larger ones to others; to take them, set max-device = %q",
		class.Id, class.DeviceBytes>>20, maxDevice>>20, fmt.Sprintf("%dMiB", class.DeviceBytes>>20))
}

// proposals says in which class of a new chain a machine would work. The chain that the home works
// for may have other classes: doctor compares with those.
func proposals(have edgenodetypes.Hardware, policy config.Policy) []string {
	classes := edgenodetypes.DefaultParams().Classes
	best, err := bestClass(have, classes)
	if err != nil {
		return []string{"class      none: " + err.Error()}
	}
	lines := []string{fmt.Sprintf("class      %s, if the chain has its default classes; register takes the most demanding one that fits", best)}
	for _, class := range classes {
		if text := classLimit(class, uint64(policy.MaxDevice)); class.Id == best && text != "" {
			lines = append(lines, "note       "+text)
		}
	}
	return lines
}
