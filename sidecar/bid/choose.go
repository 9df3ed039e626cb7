package bid

import (
	"fmt"
	"slices"
)

// Decision says which draws a node claims.
type Decision struct {
	// Claims are sorted by rank, lowest first.
	Claims []Draw
	// Left are all other draws.
	Left []Left
	// LackingBytes is how much more disk the draw needs that needs the least more; 0 if no
	// draw was left for want of disk.
	LackingBytes uint64
}

// Choose takes the draws of a shortlist for which the node has slots, bond, time, fees and
// disk, lowest ranks first.
func (b *Bidder) Choose(list Shortlist, room Room) Decision {
	out := Decision{Left: slices.Clone(list.Left)}
	left := room
	left.Ahead = slices.Clone(room.Ahead)
	for _, d := range list.Wanted {
		cause, reason := b.lacks(&d, room, left)
		if cause != CauseNone {
			out.Left = append(out.Left, Left{Draw: d, Cause: cause, Reason: reason})
			if cause == CauseDisk {
				out.lack(Footprint(d.Job.Spec) - left.DiskBytes)
			}
			continue
		}
		left.Slots--
		left.Bond = left.Bond.Sub(d.Job.Liability)
		left.Ahead = append(left.Ahead, ProgramOf(d.Job.Spec, b.Height))
		left.Fees.Assignments--
		left.DiskBytes -= Footprint(d.Job.Spec)
		out.Claims = append(out.Claims, d)
	}
	return out
}

// lacks returns what a draw does not find in what is left of the room.
func (b *Bidder) lacks(d *Draw, room, left Room) (Cause, string) {
	spec := d.Job.Spec
	more := ProgramOf(spec, b.Height)
	switch {
	case left.Slots <= 0:
		return CauseSlots, fmt.Sprintf("no slot is free: %d were, for draws with lower ranks", room.Slots)
	case d.Job.Liability.GT(left.Bond):
		return CauseBond, fmt.Sprintf("locks %s of the bond, %s is free", d.Job.Liability, left.Bond)
	case !b.Policy.fits(left.Ahead, more, b.Height):
		return CauseTime, fmt.Sprintf("asks for %d fuel in %d blocks, and %d programs are before it at %d fuel a block",
			more.Fuel, spec.CommitBlocks, len(left.Ahead), b.Policy.FuelPerBlock)
	}
	if why := left.Fees.short(d.Job, b.Params.RevealBlocks, room.Now); why != "" {
		return CauseFees, why
	}
	if Footprint(spec) > left.DiskBytes {
		return CauseDisk, fmt.Sprintf("may take %d bytes of disk, and beside a reserve of %d for what is held %d are free at %s",
			Footprint(spec), DiskReserve, left.DiskBytes, room.DiskFolder)
	}
	return CauseNone, ""
}

// lack notes what one draw lacks of the disk.
func (d *Decision) lack(bytes uint64) {
	if d.LackingBytes == 0 || bytes < d.LackingBytes {
		d.LackingBytes = bytes
	}
}

// maxPassed bounds the jobs that a status explains.
const maxPassed = 20

// Passed says why draws of a job that this node might have entered were left to others.
type Passed struct {
	JobID string
	// Draws of the job for this reason, in the last look at the open draws.
	Draws int
	// Reason for the owner to read.
	Reason string
	// Height of the look.
	Height int64
}

// Passed returns what the owner is told of a look at a height: each job and reason once,
// and no more than a few.
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
