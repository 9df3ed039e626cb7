package plan

import "math"

// dims is the most dimensions that a domain is divided along.
const dims = 5

// box is a part of a domain.
type box struct{ from, to [dims]uint64 }

// size returns the size of a part along a dimension.
func (b box) size(d int) uint64 { return b.to[d] - b.from[d] }

// step says that a dimension may be halved into parts at multiples of a unit.
type step struct {
	dim  int
	unit uint64
}

// domain is an operation as a set of elements of which each part is a dispatch.
type domain struct {
	sizes []uint64
	// steps are tried in order until a part fits.
	steps []step
	// widest returns the step that makes the windows of a part smaller, for a domain that the
	// order of the steps alone would cut into too many parts; nil otherwise.
	widest func(b box) step
	part   func(b box) Dispatch
}

// order returns the steps to try for a part that does not fit.
func (d domain) order(b box, p Dispatch, l Limits) []step {
	if d.widest == nil || p.bound(l) {
		return d.steps
	}
	return append([]step{d.widest(b)}, d.steps...)
}

// rowsWithin returns the number of rows of some bytes that a window shows, from 1 to most.
func (l Limits) rowsWithin(bytes, most uint64) uint64 {
	return min(max((l.Range-min(slack, l.Range))/max(bytes, 1), 1), most)
}

// divide returns parts that fit and cover the domain; false if there are none.
func (d domain) divide(l Limits) ([]Dispatch, bool) {
	var whole box
	for i := range whole.to {
		whole.to[i] = 1
	}
	copy(whole.to[:], d.sizes)
	var parts []Dispatch
	if !d.split(whole, l, &parts) {
		return nil, false
	}
	return parts, true
}

func (d domain) split(b box, l Limits, parts *[]Dispatch) bool {
	p := d.part(b)
	if p.fits(l) {
		*parts = append(*parts, p)
		return true
	}
	for _, s := range d.order(b, p, l) {
		n := b.size(s.dim)
		if n <= s.unit {
			continue
		}
		half := (n/2 + s.unit - 1) / s.unit * s.unit
		left, right := b, b
		left.to[s.dim] = b.from[s.dim] + half
		right.from[s.dim] = left.to[s.dim]
		return d.split(left, l, parts) && d.split(right, l, parts)
	}
	return false
}

// rowBound bounds the elements that one workgroup walks over, so that no dispatch takes long.
const rowBound = 1 << 22

// walked returns the work of `rows` workgroups that walk over `count` elements each.
func walked(rows, count, each uint64) uint64 {
	if count > rowBound {
		return math.MaxUint64
	}
	return rows * count * each
}

// over returns a / b, rounded up.
func over(a, b uint64) uint64 { return (a + b - 1) / b }

// line returns the workgroups of a number of threads.
func line(threads uint64) [3]uint64 { return [3]uint64{over(threads, Lanes), 1, 1} }

// flag returns a bit if it is set.
func flag(set bool, bit uint32) uint32 {
	if set {
		return bit
	}
	return 0
}
