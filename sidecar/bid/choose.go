package bid

import (
	"fmt"
	"slices"
)

// Decision contains the draws that a node claims and the draws that it leaves.
type Decision struct {
	// Claims contains the draws to claim, in the order of the shortlist.
	Claims []Draw
	// Left contains all other draws.
	Left []Left
	// LackingBytes is the smallest amount of additional disk space that would let the node
	// take one more draw. It is 0 if no draw was left because of disk space.
	LackingBytes uint64
}

// Choose takes draws from a shortlist, in its order, as long as the node has the slots,
// bond, time, fees and disk space for them.
func (b *Bidder) Choose(list Shortlist, room Room) Decision {
	out := Decision{Left: slices.Clone(list.Left)}
	left := room
	left.Ahead = slices.Clone(room.Ahead)
	if room.Line != nil {
		line := *room.Line
		left.Line = &line
	}
	for _, d := range list.Wanted {
		cause, reason := b.lacks(&d, room, left)
		if cause != CauseNone {
			out.Left = append(out.Left, Left{Draw: d, Cause: cause, Reason: reason})
			if cause == CauseDisk {
				out.lack(Footprint(d.Job.Spec, d.Tasks) - left.DiskBytes)
			}
			continue
		}
		left.take(&d)
		left.Bond = left.Bond.Sub(d.locks())
		left.Ahead = append(left.Ahead, ProgramOf(d.Job.Spec, d.Tasks, b.Height))
		left.Fees.Assignments--
		left.DiskBytes -= Footprint(d.Job.Spec, d.Tasks)
		left.Line.take(d.Job.Spec, d.Tasks)
		out.Claims = append(out.Claims, d)
	}
	return out
}

// take takes the slot that a draw uses.
func (r *Room) take(d *Draw) {
	if r.Slots <= 0 && d.Call {
		r.CallSlots--
		return
	}
	r.Slots--
}

// lacks returns what a draw needs that is not available in the rest of the room.
func (b *Bidder) lacks(d *Draw, room, left Room) (Cause, string) {
	spec := d.Job.Spec
	more := ProgramOf(spec, d.Tasks, b.Height)
	switch {
	case left.Slots <= 0 && (!d.Call || left.CallSlots <= 0):
		return CauseSlots, fmt.Sprintf("no slot is free: %d were, for draws before this one", room.Slots)
	case d.mayBeAudited() && left.Slots <= room.KeptSlots:
		return CauseSlots, fmt.Sprintf("the last slot is kept for audits: %d were free, for draws before this one", room.Slots)
	case d.locks().GT(left.Bond):
		return CauseBond, fmt.Sprintf("locks %s of the bond, %s is free", d.locks(), left.Bond)
	case !b.Policy.fits(left.Ahead, more, b.Height):
		return CauseTime, fmt.Sprintf("asks for %d fuel in %d blocks, and %d programs are before it at %d fuel a block",
			more.Fuel, spec.CommitBlocks, len(left.Ahead), b.Policy.RateOf(spec.Executor))
	case !b.leavesTime(d, more, left):
		return CauseTime, fmt.Sprintf("asks for %d fuel in %d blocks, and would leave no time for an audit of %d tasks beside %d programs at %d fuel a block",
			more.Fuel, spec.CommitBlocks, d.Job.Samples, len(left.Ahead), b.Policy.RateOf(spec.Executor))
	}
	if why := left.Fees.short(d.Job, b.Params.RevealBlocks, room.Now); why != "" {
		return CauseFees, why
	}
	if why := left.Line.short(spec, d.Tasks); why != "" {
		return CauseLine, why
	}
	if bytes := Footprint(spec, d.Tasks); bytes > left.DiskBytes {
		return CauseDisk, fmt.Sprintf("may take %d bytes of disk, and beside a reserve of %d for what is held %d are free at %s",
			bytes, DiskReserve, left.DiskBytes, room.DiskFolder)
	}
	return CauseNone, ""
}

// leavesTime reports whether a node that claims a chunk ahead could still audit another chunk of
// the same job. If all nodes of a class were busy for a whole commit window, audits would not
// find auditors, and the chunks of all would fail. A node without work takes any chunk that fits.
func (b *Bidder) leavesTime(d *Draw, more Program, left Room) bool {
	if !d.mayBeAudited() || len(left.Ahead) == 0 {
		return true
	}
	audit := ProgramOf(d.Job.Spec, min(uint64(d.Job.Samples), max(d.Tasks, 1)), b.Height)
	return b.Policy.fits(append(slices.Clone(left.Ahead), more), audit, b.Height)
}

// lack records how many bytes of disk space one draw lacks.
func (d *Decision) lack(bytes uint64) {
	if d.LackingBytes == 0 || bytes < d.LackingBytes {
		d.LackingBytes = bytes
	}
}

// maxPassed bounds the number of jobs that a status explains.
const maxPassed = 20

// Passed explains why the node left draws of a job to other nodes.
type Passed struct {
	JobID string
	// Draws is the number of draws of the job that were left for this reason when the open
	// draws were last read.
	Draws int
	// Reason is a text for the owner.
	Reason string
	// Height is the height at which the draws were read.
	Height int64
}

// Passed returns what the owner is told about the draws that were read at a height. It
// contains each pair of job and reason once, and at most maxPassed entries.
func (d *Decision) Passed(height int64) []Passed {
	var list []Passed
	for i := range d.Left {
		l := &d.Left[i]
		if l.Cause.Routine() {
			continue
		}
		at := slices.IndexFunc(list, func(p Passed) bool { return p.JobID == l.Draw.Ref.JobId && p.Reason == l.Reason })
		switch {
		case at >= 0:
			list[at].Draws++
		case len(list) < maxPassed:
			list = append(list, Passed{JobID: l.Draw.Ref.JobId, Draws: 1, Reason: l.Reason, Height: height})
		}
	}
	return list
}
