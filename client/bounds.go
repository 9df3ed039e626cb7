package client

import (
	"github.com/thetaedge/theta/sidecar/executor/wasm"
)

// CautiousFuelPerBlock is the fuel that nodes declare by default that they surely burn
// in a block.
const CautiousFuelPerBlock = 1_500_000_000

// Bounds are what a job may ask for.
type Bounds struct {
	// Fuel, in the unit of the profile.
	Fuel uint64
	// MemoryBytes and OutputBytes.
	MemoryBytes, OutputBytes uint64
	// CommitBlocks, when each of them burns CautiousFuelPerBlock.
	CommitBlocks uint64
}

const (
	// commitSpare is how many blocks a node gets beside fetching and running.
	commitSpare = 10
	leastFuel   = 1_000_000
	leastOutput = 4 << 10
)

// Suggested returns bounds with a quarter to spare over what the task took. They are
// for this task: other inputs may take more.
func (l *Local) Suggested() Bounds {
	files := l.OutputBytes()
	fuel := twoDigits(max(spare(l.Report.FuelUsed), leastFuel))
	return Bounds{
		Fuel:         fuel,
		MemoryBytes:  min(roundUp(spare(l.MemoryBytes()), 1<<20), wasm.MaxMemoryBytes),
		OutputBytes:  roundUp(max(spare(files), leastOutput), 1<<10),
		CommitBlocks: l.Spec.PrepareBlocks + fuel/CautiousFuelPerBlock + commitSpare,
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

// MemoryBytes is what counts towards the bound of a job: the executor reports the
// output files, which it holds in memory, on top of that.
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
