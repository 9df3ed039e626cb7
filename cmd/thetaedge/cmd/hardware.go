package cmd

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/thetaedge/theta/sidecar/device"
	edgenodetypes "github.com/thetaedge/theta/x/edgenode/types"
)

// minTxPoll is the shortest pause between two looks for a transaction, which spares the
// node when the height is polled fast.
const minTxPoll = 50 * time.Millisecond

// detect describes this machine. A broken driver is noted and is never fatal.
func detect() device.Machine {
	gpus, err := device.OpenGPUs("")
	machine := device.Detect(gpus)
	if err != nil {
		machine.Missing = append(machine.Missing, err.Error())
	}
	if err := gpus.Close(); err != nil {
		machine.Missing = append(machine.Missing, "graphics driver: "+err.Error())
	}
	return machine
}

// hardwareOf returns what the chain is told about a machine.
func hardwareOf(m device.Machine) edgenodetypes.Hardware {
	return edgenodetypes.Hardware{
		CpuCores:       uint32(max(m.Cores, 0)), //nolint:gosec // a small count
		MemoryBytes:    m.MemoryBytes,
		Gpus:           uint32(len(m.GPUs)), //nolint:gosec // a small count
		GpuMemoryBytes: m.LeastGPUMemory(),
		Model:          m.Model(),
	}
}

// shortfalls lists what a machine lacks for a class; the list is empty if it qualifies.
func shortfalls(have, least edgenodetypes.Hardware) []string {
	var lacks []string
	lack := func(ok bool, format string, args ...any) {
		if !ok {
			lacks = append(lacks, fmt.Sprintf(format, args...))
		}
	}
	lack(have.CpuCores >= least.CpuCores, "%d cores of %d", have.CpuCores, least.CpuCores)
	lack(have.MemoryBytes >= least.MemoryBytes, "%s of %s memory", gib(have.MemoryBytes), gib(least.MemoryBytes))
	lack(have.Gpus >= least.Gpus, "%d of %d graphics processors", have.Gpus, least.Gpus)
	lack(have.GpuMemoryBytes >= least.GpuMemoryBytes, "%s of %s graphics memory", gib(have.GpuMemoryBytes), gib(least.GpuMemoryBytes))
	return lacks
}

func gib(bytes uint64) string { return fmt.Sprintf("%.1f GiB", float64(bytes)/(1<<30)) }

// bestClass returns the most demanding class for which a machine qualifies.
func bestClass(have edgenodetypes.Hardware, classes []edgenodetypes.HardwareClass) (string, error) {
	var fits []edgenodetypes.HardwareClass
	var reasons []string
	for _, class := range classes {
		lacks := shortfalls(have, class.Minimum)
		if len(lacks) == 0 {
			fits = append(fits, class)
			continue
		}
		reasons = append(reasons, class.Id+": has "+strings.Join(lacks, ", "))
	}
	if len(fits) == 0 {
		return "", fmt.Errorf("expected a machine that qualifies for a class, found none: %s", strings.Join(reasons, "; "))
	}
	best := slices.MaxFunc(fits, func(x, y edgenodetypes.HardwareClass) int {
		return cmp.Or(
			cmp.Compare(x.Minimum.GpuMemoryBytes, y.Minimum.GpuMemoryBytes),
			cmp.Compare(x.Minimum.Gpus, y.Minimum.Gpus),
			cmp.Compare(x.Minimum.CpuCores, y.Minimum.CpuCores),
			cmp.Compare(x.Minimum.MemoryBytes, y.Minimum.MemoryBytes))
	})
	return best.Id, nil
}

// describe lists a machine's hardware for its owner.
func describe(m device.Machine) []string {
	memory := "unknown"
	if m.MemoryBytes > 0 {
		memory = gib(m.MemoryBytes)
	}
	lines := []string{
		fmt.Sprintf("system     %s/%s", m.OS, m.Arch),
		fmt.Sprintf("processor  %s, %d cores", m.CPUModel, m.Cores),
		"memory     " + memory,
	}
	for _, gpu := range m.GPUs {
		lines = append(lines, fmt.Sprintf("graphics   %s, %s", gpu.Model, gib(gpu.MemoryBytes)))
	}
	if len(m.GPUs) == 0 {
		lines = append(lines, "graphics   none found")
	}
	for _, missing := range m.Missing {
		lines = append(lines, "note       "+missing)
	}
	return lines
}
