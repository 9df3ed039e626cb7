package cmd

import (
	"context"
	"fmt"
	"log/slog"
	"path/filepath"
	"slices"
	"time"

	"github.com/thetaedge/theta/executor/tensors"
	"github.com/thetaedge/theta/sidecar/config"
	"github.com/thetaedge/theta/sidecar/worker"
	"github.com/thetaedge/theta/tensor/backend"
)

// Shares of a memory that tensors may take, in percent. The system, a display and other programs need
// the rest.
const (
	hostShare   = 75
	deviceShare = 90
)

// offered returns the memory of tensors that one program may have on a device, in bytes: an equal
// share of the memory for each program that runs at once, and at most what the owner allows. An
// owner's 0 allows all of the share. A memory whose size is not known, which is 0, does not bind; if
// nothing does, the default of policy.max-device counts.
func offered(owner, host uint64, d backend.Device, jobs int) uint64 {
	most, bound := uint64(tensors.MaxDeviceBytes), owner > 0
	bind := func(memory, share uint64) {
		if memory > 0 {
			bound = true
			most = min(most, memory/100*share/uint64(max(jobs, 1))) //nolint:gosec // positive
		}
	}
	if d.Shared() {
		bind(host, hostShare)
	}
	bind(d.MemoryBytes, deviceShare)
	if owner > 0 {
		most = min(most, owner)
	}
	if !bound {
		return uint64(config.Default().Policy.MaxDevice)
	}
	return most
}

// offer bounds what the node offers for tensors by the memory of what executes them.
func (n *node) offer(d backend.Device) {
	n.tensorBytes = offered(uint64(n.config.Policy.MaxDevice), detect().MemoryBytes, d, n.config.Policy.MaxJobs)
}

// maxDevice returns the largest memory of a program's tensors. Until it is known what executes them,
// that is the processor.
func (n *node) maxDevice() uint64 {
	if n.tensorBytes == 0 {
		n.offer(backend.Device{})
	}
	return n.tensorBytes
}

// deviceLimit is the time that a call of a device may take, in addition to the time that the fuel of
// what it waits for allows. A driver that takes longer hangs.
const deviceLimit = 3 * time.Minute

// tensorsOf says what executes the tensors of a node's programs, in an executor with a number of
// slots. Their memory is bounded by that of the machine here, because a driver may keep all of it there.
func tensorsOf(n *node, slots int) (*worker.Tensors, error) {
	choice, err := backend.ParseChoice(n.config.Tensors.Device)
	if err != nil {
		return nil, fmt.Errorf("tensors.device: %w", err)
	}
	return &worker.Tensors{
		Choice: choice, Limit: deviceLimit, Health: n.cards.health, Dir: filepath.Join(n.home, "devices"), Bytes: offered(uint64(n.config.Policy.MaxDevice), detect().MemoryBytes, backend.Device{}, slots),
	}, nil
}

// meet asks the executor of tensor/1 what executes tensors, and tells the owner.
func (all engines) meet(ctx context.Context, n *node, logger *slog.Logger) {
	for _, engine := range all {
		if engine.Profile() != tensors.Profile {
			continue
		}
		d, err := engine.Device(ctx)
		if err != nil {
			return // the reason why the profile cannot run is logged for all profiles alike
		}
		n.offer(d.Device)
		if d.Fallback != "" {
			logger.Info("tensors are executed on the processor, because tensors.device = auto found nothing better", "reason", d.Fallback)
		}
		for _, layer := range d.Layers {
			if layer.Missing != "" {
				logger.Warn("the driver of the device for tensors runs without a layer of isolation; thetaedge doctor says more", "layer", layer.Name, "reason", layer.Missing)
			}
		}
		logger.Info("tensors", "device", d.String(), "bytes for a program", n.tensorBytes)
	}
}

// checkDevice shows what executes tensors, what else there is, and what isolates its driver.
func checkDevice(r *report, n *node, d worker.Device) {
	for _, found := range d.Found {
		fmt.Fprintf(r.out, "         %s:%d   %s (%s:%s)\n", found.Backend, found.Index, found, found.Backend, found.UUID)
	}
	v, why := good, ""
	if d.Fallback != "" {
		why = "; no graphics card is used: " + d.Fallback
		if slices.ContainsFunc(d.Found, func(found backend.Device) bool { return found.Kind != "processor" }) {
			v = unsure
		}
	}
	if d.Engine != "" {
		why = "; it gave the published vectors of all operations"
	}
	r.line(v, "tensors", "%s, %s for a program%s", d.Device, gib(n.maxDevice()), why)
	for _, layer := range d.Layers {
		if layer.Missing == "" {
			r.line(good, "driver", "%s: %s", layer.Name, layer.By)
			continue
		}
		r.line(unsure, "driver", "%s: %s; the driver of the device runs without this layer", layer.Name, layer.Missing)
	}
}
