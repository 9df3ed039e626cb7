package cpu

import (
	"github.com/thetaedge/theta/tensor"
	"github.com/thetaedge/theta/tensor/fixed"
	"github.com/thetaedge/theta/tensor/ref"
)

// unit is the factor that leaves a scale in [2^30, 2^31) as it is.
func unit() fixed.Scale { return fixed.Scale{M: 1 << 30, E: 30} }

// most returns the largest magnitude.
func (d *Device) most(x []int32) uint32 {
	most, done := d.largest(x)
	for _, v := range x[done:] {
		most = max(most, fixed.Abs(v))
	}
	return most
}

// quant divides the rows.
func (d *Device) quant(o *tensor.Quant, s ref.Operands) {
	x, out, scale := s.S32(0), s.S8(1), s.Scales(2)
	cols := int(o.Cols)
	d.split(int(o.Rows), 2*cols, func(from, to int) {
		for r := from; r < to; r++ {
			scale[r] = d.quantRow(x[r*cols:][:cols], out[r*cols:][:cols], o.Fraction)
		}
	})
}

// quantRow is that of the reference.
func (d *Device) quantRow(x []int32, out []int8, fraction int32) fixed.Scale {
	most := d.most(x)
	if most == 0 {
		clear(out)
		return fixed.Scale{}
	}
	size := fixed.Len(most)
	by := fixed.DivFrac(127<<24, most<<(32-size))
	done := d.cut(x, out, uint64(by), uint64(24+size))
	for i, v := range x[done:] {
		q := int8((uint64(fixed.Abs(v))*uint64(by) + 1<<(23+size)) >> (24 + size))
		if v < 0 {
			q = -q
		}
		out[done+i] = q
	}
	s := fixed.Ratio(most, 127)
	s.E += fraction
	return s
}

// maxGains bounds the columns of a norm whose gains are kept, so that they take little memory.
const maxGains = 1 << 16

// gains are those of the columns of a norm: their sizes and whether one is negative.
type gains struct {
	sizes    []fixed.Scale
	numbers  []int16
	negative bool
}

func newGains(numbers []int16, cols int, fraction int32) gains {
	g := gains{sizes: make([]fixed.Scale, cols), numbers: numbers}
	for i := range g.sizes {
		n := int32(1)
		if numbers != nil {
			n = int32(numbers[i])
		}
		g.negative = g.negative || n < 0
		g.sizes[i] = fixed.Scale{M: int32(fixed.Abs(n)), E: fraction}.Norm()
	}
	return g
}

// squareBits is the number of bits of the numbers that norms square.
const squareBits = 15

// rmsNorm divides the rows, and finds the sizes of the gains once.
func (d *Device) rmsNorm(o *tensor.RMSNorm, s ref.Operands) {
	x, gain, out32, out8, scale := s.S32(0), s.S16(1), s.S32(2), s.S8(2), s.Scales(3)
	cols := int(o.Cols)
	g := newGains(gain, cols, o.GainFraction)
	d.split(int(o.Rows), 4*cols, func(from, to int) {
		row := make([]int32, cols)
		for r := from; r < to; r++ {
			in := x[r*cols:][:cols]
			if out32 != nil {
				row = out32[r*cols:][:cols]
			}
			d.normalize(in, row, o.Epsilon, g, o.Fraction)
			if out32 == nil {
				scale[r] = d.quantRow(row, out8[r*cols:][:cols], o.Fraction)
			}
		}
	})
}

// normalize divides numbers by the root of their mean square and multiplies them with gains.
func (d *Device) normalize(x, out []int32, epsilon uint64, g gains, fraction int32) {
	down := max(fixed.Len(d.most(x))-squareBits, 0)
	sum, done := d.squares(x, down)
	sum += epsilon >> (2 * down)
	for _, v := range x[done:] {
		y := int64(v >> down)
		sum += uint64(y * y)
	}
	inverse := fixed.InverseRoot(uint64(len(x)), sum)
	inverse.E += down
	done = d.apply(x, g.sizes, inverse, fraction, nil, out)
	for i, v := range x[done:] {
		out[done+i] = g.sizes[done+i].Times(inverse).Apply(v, fraction)
	}
	if !g.negative {
		return
	}
	for i, n := range g.numbers[:len(out)] {
		if n < 0 {
			out[i] = -out[i]
		}
	}
}

// sum divides the rows.
func (d *Device) sum(o *tensor.Sum, s ref.Operands) {
	x, out := s.S32(0), s.S32(1)
	cols, by := int(o.Cols), fixed.Scale{M: o.M, E: o.E}.Norm()
	d.split(int(o.Rows), cols, func(from, to int) {
		for r := from; r < to; r++ {
			row := x[r*cols:][:cols]
			sum, done := d.total(row)
			for _, v := range row[done:] {
				sum += int64(v)
			}
			out[r] = by.ApplyWide(sum, 0)
		}
	})
}

// activate divides the elements.
func (d *Device) activate(o *tensor.Gate, s ref.Operands) {
	x, u, entries, out := s.S32(0), s.S32(1), s.S32(2), s.S32(3)
	d.split(int(o.Count), 4, func(from, to int) {
		part := *o
		in, factors := x[from:to], u
		if u != nil {
			factors = u[from:to]
		}
		done := d.gate(o, in, factors, entries, out[from:to])
		if part.Count = uint32(to - from - done); part.Count == 0 {
			return
		}
		if u != nil {
			factors = factors[done:]
		}
		ref.Gate(&part, in[done:], factors, entries, out[from+done:])
	})
}

// rotate divides the rows.
func (d *Device) rotate(o *tensor.Rope, s ref.Operands) {
	x, cos, sin, out := s.S32(0), s.S32(1), s.S32(2), s.S32(3)
	heads, dim, half := int(o.Heads), int(o.Dim), int(o.Rotated/2)
	one := *o
	one.Rows, one.Heads = 1, 1
	d.split(int(o.Rows), 4*heads*dim, func(from, to int) {
		for i := from * heads; i < to*heads; i++ {
			in, turned, at := x[i*dim:][:dim], out[i*dim:][:dim], (int(o.From)+i/heads)*half
			if d.turn(in, cos[at:][:half], sin[at:], turned) {
				copy(turned[2*half:], in[2*half:])
				continue
			}
			one := one
			one.From = uint32(at / half)
			ref.Rope(&one, in, cos, sin, turned)
		}
	})
}

// none is more than E of any scale.
const none = 1 << 62

// softmaxRow turns the scores that a query sees into weights, and returns the scale of the row. values are
// the normalized scales of their values, or nil.
func (d *Device) softmaxRow(x, out []int32, values []fixed.Scale) fixed.Scale {
	most, done := d.highest(x)
	for _, v := range x[done:] {
		most = max(most, v)
	}
	total, done := d.weigh(x, out, most)
	total += ref.Weigh(x[done:], out[done:], most)
	scale := fixed.Inverse(total)
	if values == nil {
		return scale
	}
	least, done := d.least(out, values)
	for i, v := range values[done:] {
		if out[done+i] != 0 && v.M != 0 {
			least = min(least, int64(v.E))
		}
	}
	if least == none {
		clear(out)
		return fixed.Scale{}
	}
	// In the reference, the shift is 31 + E - least.
	fraction := int32(least) - 31
	done = d.apply(out, values, unit(), fraction, nil, out)
	for i, v := range values[done:] {
		out[done+i] = v.Apply(out[done+i], fraction)
	}
	scale.E += fraction
	return scale
}
