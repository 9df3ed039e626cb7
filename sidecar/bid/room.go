package bid

import (
	"time"

	"cosmossdk.io/math"

	computetypes "github.com/thetaedge/theta/x/compute/types"
	edgenodetypes "github.com/thetaedge/theta/x/edgenode/types"
)

// DiskReserve is the number of bytes that stay free on the disk. If the daemon cannot write
// its journal, it stops, and the node does not reveal what it has committed.
const DiskReserve = 1 << 30

// Room is what a node can still take on.
type Room struct {
	// Slots is the number of slots that are free both on the chain and on the machine.
	Slots int
	// CallSlots is 1 if, in addition, the machine may audit or judge a chunk: see CallSlots.
	CallSlots int
	// KeptSlots is the number of these slots that a chunk which may be audited does not take: see
	// KeptSlots.
	KeptSlots int
	// Bond is the part of the bond that is not locked, in the bond denom.
	Bond math.Int
	// Ahead contains the programs that the machine has not finished yet.
	Ahead []Program
	Fees  Fees
	// DiskBytes is the disk space in DiskFolder that may be promised to new work.
	DiskBytes  uint64
	DiskFolder string
	// Line is what may pass the network today; nil if there is no limit.
	Line *Line
	// Now is the time at which the fees were read.
	Now time.Time
}

// Held is an assignment of the node, or a claim that may become an assignment.
type Held struct {
	// Waiting reports whether it is a claim that the chain does not list yet. The chain does
	// not count its slot as used.
	Waiting bool
	// ToRun reports whether its program has not ended yet.
	ToRun bool
	// Program is the program of the assignment. It is zero if the job has not been read.
	Program Program
	// DiskBytes is the disk space that the assignment may still use.
	DiskBytes uint64
	// LineBytes is what the assignment may still move over the network.
	LineBytes uint64
	// OwesFees reports whether the node still has to pay for some of its transactions.
	OwesFees bool
}

// Holdings is everything that a node holds or has claimed.
type Holdings []Held

// FreeSlots returns the number of further assignments that a node can take. A committed
// assignment holds a slot on the chain until it is settled, while the machine already runs the
// next program. If the rate of the machine is not configured, the amount of work that can wait
// is not known. The node then takes only as many chunks as it can run at the same time.
func (h Holdings) FreeSlots(state edgenodetypes.NodeState, p Policy) int {
	ahead, waiting := h.counts()
	free := int(state.Slots) - int(state.UsedSlots) - waiting
	if !p.plans() {
		free = min(free, p.MaxJobs-ahead)
	}
	return free
}

// CallSlots returns 1 if a node with one slot may use the second one that it has for audits and
// judgements of chunks: its slot is in use, and the machine has finished the program.
func (h Holdings) CallSlots(state edgenodetypes.NodeState, p Policy) int {
	ahead, waiting := h.counts()
	used, slots, all := int(state.UsedSlots)+waiting, int(state.Slots), int(state.AllSlots())
	if used < slots || used >= all || !p.plans() && ahead >= p.MaxJobs {
		return 0
	}
	return 1
}

// KeptSlots returns how many of the free slots a chunk that may be audited does not take. The
// chain refuses a claim of such a chunk for the last of several slots, which it keeps for audits.
func (h Holdings) KeptSlots(state edgenodetypes.NodeState, p Policy) int {
	if state.Slots <= 1 {
		return 0
	}
	_, waiting := h.counts()
	onChain := int(state.Slots) - int(state.UsedSlots) - waiting
	return max(0, 1-(onChain-h.FreeSlots(state, p)))
}

// counts returns the number of programs that have not ended, and of claims that the chain does
// not list yet.
func (h Holdings) counts() (ahead, waiting int) {
	for i := range h {
		if h[i].ToRun {
			ahead++
		}
		if h[i].Waiting {
			waiting++
		}
	}
	return ahead, waiting
}

// Ahead returns the programs that the machine has not finished yet.
func (h Holdings) Ahead() []Program {
	var list []Program
	for i := range h {
		if h[i].ToRun && h[i].Program.Fuel > 0 {
			list = append(list, h[i].Program)
		}
	}
	return list
}

// FreeDisk returns the number of bytes that may be promised to new work: the free bytes, less
// the reserve and less the bytes that the held assignments may still write.
func (h Holdings) FreeDisk(free uint64) uint64 {
	taken := uint64(DiskReserve)
	for i := range h {
		taken += h[i].DiskBytes
	}
	return free - min(taken, free)
}

// Unpaid returns the number of assignments for which the node still has to pay fees.
func (h Holdings) Unpaid() int {
	count := 0
	for i := range h {
		if h[i].OwesFees {
			count++
		}
	}
	return count
}

// promisedTasks is the largest number of tasks of a chunk for whose outputs a node promises
// disk space when it takes the chunk. An audit never samples more tasks. A node that runs out
// of disk space in a larger chunk commits to the tasks that it has executed.
const promisedTasks = computetypes.MaxSamples

// Footprint returns the disk space in bytes that a number of tasks may need. The outputs of
// one task are counted twice, because they exist twice while they are copied out of the worker
// process's folder.
func Footprint(spec *computetypes.JobSpec, tasks uint64) uint64 {
	kept := min(max(tasks, 1), promisedTasks)
	return spec.InputBytes() + (kept+1)*spec.Resources.OutputBytes
}
