package bid

import (
	"time"

	"cosmossdk.io/math"

	computetypes "github.com/thetaedge/theta/x/compute/types"
	edgenodetypes "github.com/thetaedge/theta/x/edgenode/types"
)

// DiskReserve is kept free on the disk, in bytes: a journal that cannot be written ends the
// daemon, and what is committed is not revealed then.
const DiskReserve = 1 << 30

// Room is what a node can still take on.
type Room struct {
	// Slots that are free on the chain and on the machine.
	Slots int
	// Bond that is free, in the bond denom.
	Bond math.Int
	// Ahead are the programs that the machine has still to run.
	Ahead []Program
	Fees  Fees
	// DiskBytes that may be promised to new work, in DiskFolder.
	DiskBytes  uint64
	DiskFolder string
	// Now is the time at which the fees were read.
	Now time.Time
}

// Held is an assignment of the node, or a claim that may become one.
type Held struct {
	// Waiting reports whether it is a claim that the chain does not list yet, so that its
	// slot is not among those that the chain counts as used.
	Waiting bool
	// ToRun reports whether its program has still to end.
	ToRun bool
	// Program is zero if the job has not been read.
	Program Program
	// DiskBytes that it may still write.
	DiskBytes uint64
	// OwesFees reports whether transactions of it have still to be paid for.
	OwesFees bool
}

// Holdings are all that a node holds and has claimed.
type Holdings []Held

// FreeSlots returns how many more assignments a node can take. An assignment that is
// committed holds a slot on the chain until it is settled, while the machine runs the next
// program. Without a rate nobody can tell how much work fits ahead: then as much is taken as
// runs at once.
func (h Holdings) FreeSlots(state edgenodetypes.NodeState, p Policy) int {
	ahead, waiting := 0, 0
	for i := range h {
		if h[i].ToRun {
			ahead++
		}
		if h[i].Waiting {
			waiting++
		}
	}
	free := int(state.Slots) - int(state.UsedSlots) - waiting
	if p.FuelPerBlock == 0 {
		free = min(free, p.MaxJobs-ahead)
	}
	return free
}

// Ahead returns the programs that the machine has still to run.
func (h Holdings) Ahead() []Program {
	var list []Program
	for i := range h {
		if h[i].ToRun && h[i].Program.Fuel > 0 {
			list = append(list, h[i].Program)
		}
	}
	return list
}

// FreeDisk returns how many bytes may be promised to new work: what is free, less the
// reserve and what is still to be written for what is held.
func (h Holdings) FreeDisk(free uint64) uint64 {
	taken := uint64(DiskReserve)
	for i := range h {
		taken += h[i].DiskBytes
	}
	return free - min(taken, free)
}

// Unpaid returns the number of assignments for which fees have still to be paid.
func (h Holdings) Unpaid() int {
	count := 0
	for i := range h {
		if h[i].OwesFees {
			count++
		}
	}
	return count
}

// Footprint returns the most disk that a task may take, in bytes: its outputs lie there
// twice while they are copied out of the worker's folder.
func Footprint(spec *computetypes.JobSpec) uint64 {
	return spec.InputBytes() + 2*spec.Resources.OutputBytes
}
