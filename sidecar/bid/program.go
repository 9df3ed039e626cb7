package bid

import (
	"cmp"
	"math"
	"slices"

	computetypes "github.com/thetaedge/theta/x/compute/types"
)

// Program is one that a machine has still to run.
type Program struct {
	// Fuel that it may burn.
	Fuel uint64
	// Deadline is the last height at which its commitment counts.
	Deadline int64
	// Running reports whether it has begun, so that nothing more urgent goes before it.
	Running bool
}

// ProgramOf returns the program of a job that is assigned at a height.
func ProgramOf(spec *computetypes.JobSpec, height int64) Program {
	return Program{Fuel: spec.Resources.Fuel, Deadline: height + int64(min(spec.CommitBlocks, math.MaxInt32))} //nolint:gosec // bounded here
}

// fits reports whether a program can be run in addition to others without one of them
// missing its deadline, if the most urgent goes first on each of the machine's places. A
// program then starts after at most an equal share of what goes before it. What goes
// before the new one is not affected by it.
func (p Policy) fits(others []Program, more Program, height int64) bool {
	if p.FuelPerBlock == 0 {
		return true
	}
	list := append(slices.Clone(others), more)
	turn := func(x Program) int64 {
		if x.Running {
			return 0
		}
		return x.Deadline
	}
	slices.SortStableFunc(list, func(x, y Program) int { return cmp.Compare(turn(x), turn(y)) })
	var before uint64
	for _, x := range list {
		blocks := (before/uint64(p.MaxJobs) + x.Fuel) / p.FuelPerBlock //nolint:gosec // at least 1
		before += x.Fuel
		if turn(x) >= more.Deadline && blocks >= uint64(max(x.Deadline-height, 0)) { //nolint:gosec // not negative
			return false
		}
	}
	return true
}
