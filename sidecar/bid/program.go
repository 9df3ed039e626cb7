package bid

import (
	"cmp"
	"math"
	"math/bits"
	"slices"

	computetypes "github.com/thetaedge/theta/x/compute/types"
)

// Program is a program that the machine has not finished yet, for one task or for several
// tasks one after the other.
type Program struct {
	// Executor is the profile under which the program runs. It decides how fast it burns fuel.
	Executor string
	// Fuel is the amount of fuel that the program may burn for all these tasks.
	Fuel uint64
	// Deadline is the last height at which the chain accepts the program's commitment.
	Deadline int64
	// Running reports whether the program has started. No other program, however urgent, is
	// run before it then.
	Running bool
}

// ProgramOf returns the program of a job for an assignment of a number of tasks that is made
// at a height.
func ProgramOf(spec *computetypes.JobSpec, tasks uint64, height int64) Program {
	return Program{Executor: spec.Executor, Fuel: fuelOf(spec, tasks), Deadline: height + int64(min(spec.CommitBlocks, math.MaxInt32))} //nolint:gosec // bounded here
}

// fuelOf returns the amount of fuel that a number of tasks may burn.
func fuelOf(spec *computetypes.JobSpec, tasks uint64) uint64 {
	high, fuel := bits.Mul64(spec.Resources.Fuel, max(tasks, 1))
	if high > 0 {
		return math.MaxUint64
	}
	return fuel
}

// fits reports whether a program can run in addition to other programs so that none of them
// misses its deadline, if every place of the machine always takes the most urgent program
// next. A program then starts, at the latest, after an equal share of the programs before it.
// The programs that run before the new one are not affected by it.
func (p Policy) fits(others []Program, more Program, height int64) bool {
	if !p.plans() {
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
	return p.inTime(list, height, func(x Program) bool { return turn(x) >= more.Deadline })
}

// inTime reports whether the programs that count end before their deadlines, if every place of
// the machine takes the next program of the list as soon as it is free.
func (p Policy) inTime(list []Program, height int64, counts func(Program) bool) bool {
	var before uint64
	for _, x := range list {
		took := p.timeOf(x)
		blocks := sum(before/uint64(p.MaxJobs), took) >> timeBits //nolint:gosec // at least 1
		before = sum(before, took)
		if counts(x) && blocks >= uint64(max(x.Deadline-height, 0)) { //nolint:gosec // not negative
			return false
		}
	}
	return true
}

// Finishes reports whether a program that runs from a height on, on a place of its own, is certain
// to end before its deadline. It is true if the rate of its profile is not known.
func (p Policy) Finishes(x Program, height int64) bool {
	return p.RateOf(x.Executor) == 0 || p.timeOf(x)>>timeBits < uint64(max(x.Deadline-height, 0)) //nolint:gosec // not negative
}

// Turns returns the order in which a machine that runs some programs starts those that wait, as
// positions in waiting. The shortest is next, so that an audit of a few tasks does not wait for
// a whole chunk, if all programs then still end in time, the most urgent first. Otherwise, and
// without a rate, the most urgent is next.
func (p Policy) Turns(running, waiting []Program, height int64) []int {
	turns := make([]int, len(waiting))
	for i := range turns {
		turns[i] = i
	}
	slices.SortStableFunc(turns, func(i, j int) int { return cmp.Compare(waiting[i].Deadline, waiting[j].Deadline) })
	for at := 0; p.plans() && at < len(turns); at++ {
		shortest := at
		for i := at + 1; i < len(turns); i++ {
			if p.timeOf(waiting[turns[i]]) < p.timeOf(waiting[turns[shortest]]) {
				shortest = i
			}
		}
		next := slices.Insert(slices.Delete(slices.Clone(turns), shortest, shortest+1), at, turns[shortest])
		list := slices.Clone(running)
		for _, i := range next {
			list = append(list, waiting[i])
		}
		if !p.inTime(list, height, func(x Program) bool { return !x.Running }) {
			break
		}
		turns = next
	}
	return turns
}

// sum returns the sum of two amounts, or the largest amount if the sum is larger.
func sum(x, y uint64) uint64 {
	if y > math.MaxUint64-x {
		return math.MaxUint64
	}
	return x + y
}
