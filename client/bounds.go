package client

import (
	"github.com/thetaedge/theta/executor/tensors"
	"github.com/thetaedge/theta/executor/wasm"
)

// CautiousFuelPerBlock returns the fuel per block that nodes declare by default for an executor
// profile, as an amount that they can surely use. The unit of work differs between profiles.
func CautiousFuelPerBlock(executor string) uint64 {
	if executor == tensors.Profile {
		return 250_000_000
	}
	return 1_500_000_000
}

// Bounds are the resources that a job can ask for.
type Bounds struct {
	// Fuel, in the unit of the profile.
	Fuel uint64
	// MemoryBytes and OutputBytes are in bytes.
	MemoryBytes, OutputBytes uint64
	// CommitBlocks is the number of blocks at CautiousFuelPerBlock of the profile.
	CommitBlocks uint64
}

const (
	// commitSpare is the number of blocks that a node gets in addition to those for
	// downloading and running.
	commitSpare = 10
	leastFuel   = 10_000
	leastOutput = 4 << 10
)

// Suggested returns bounds with a reserve of one quarter over what the task used. They are
// for this task: other inputs may need more.
func (l *Local) Suggested() Bounds {
	files := l.OutputBytes()
	fuel := twoDigits(max(spare(l.Report.FuelUsed), leastFuel))
	return Bounds{
		Fuel:         fuel,
		MemoryBytes:  min(roundUp(spare(l.MemoryBytes()), 1<<20), wasm.MaxMemoryBytes),
		OutputBytes:  roundUp(max(spare(files), leastOutput), 1<<10),
		CommitBlocks: l.Spec.PrepareBlocks + fuel/CautiousFuelPerBlock(l.Spec.Executor) + commitSpare,
	}
}

// OutputBytes is the size of the output files; the captured streams do not count
// towards the bound of a job.
func (l *Local) OutputBytes() uint64 {
	var total uint64
	for _, file := range l.Manifest.Files {
		if file.Path != "stdout" && file.Path != "stderr" {
			total += file.Size
		}
	}
	return total
}

// MemoryBytes is the memory that counts towards the bound of a job: in addition to the
// program's memory, the executor counts the output files, which it holds in memory.
func (l *Local) MemoryBytes() uint64 {
	return l.Report.PeakMemory - min(l.Report.PeakMemory, l.OutputBytes())
}

func spare(used uint64) uint64 { return used + used/4 }

func roundUp(n, unit uint64) uint64 { return max(1, (n+unit-1)/unit) * unit }

// twoDigits rounds up to two leading digits.
func twoDigits(n uint64) uint64 {
	unit := uint64(1)
	for n/unit >= 100 {
		unit *= 10
	}
	return roundUp(n, unit)
}
