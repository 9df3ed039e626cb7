package tensor

import (
	"fmt"
	"slices"
)

// Bounds of shapes and parameters.
const (
	// MaxDim bounds each dimension that has no smaller bound.
	MaxDim = 1<<31 - 1
	// MaxK bounds the products in a sum of 32 bits: K·2^14 is below 2^31.
	MaxK = 65_536
	// MaxKeys bounds the keys of an attention.
	MaxKeys = 131_072
	// MaxNorm bounds the elements of a row or group that a norm divides by their root.
	MaxNorm = 1 << 24
	// MaxTop bounds k of topk, and MaxTopRow the row it chooses from.
	MaxTop    = 1024
	MaxTopRow = 1 << 24
	// MaxFraction bounds the places after the point of fixed point numbers, on both sides.
	MaxFraction = 64
	// MaxShift bounds shifts of products.
	MaxShift = 62
)

// Validate checks operations against the shapes of the tensors that they name, which lookup
// returns. It fails with a *Trap.
func Validate(ops []Op, lookup func(Handle) (Shape, bool)) error {
	for i, op := range ops {
		c := check{lookup: lookup}
		op.check(&c)
		c.overlaps()
		if c.wrong != "" {
			return &Trap{Record: i, Reason: fmt.Sprintf("%v: %s", op.Code(), c.wrong)}
		}
	}
	return nil
}

// check collects what an operation reads and writes, and its first error.
type check struct {
	lookup func(Handle) (Shape, bool)
	ranges []place
	wrong  string
}

// role says how an operation uses a range.
type role int

const (
	// input is read in any order.
	input role = iota
	// elementwise is read element by element, each before the output's element with the same
	// index is written, so that the output may lie in the same place.
	elementwise
	output
)

// place is a range of bytes in a tensor.
type place struct {
	name     string
	tensor   Handle
	from, to uint64
	role     role
}

// fail keeps the first error.
func (c *check) fail(format string, args ...any) {
	if c.wrong == "" {
		c.wrong = fmt.Sprintf(format, args...)
	}
}

// sizes checks that dimensions are at least 1 and at most a bound.
func (c *check) sizes(name string, most uint64, dims ...uint32) {
	for _, d := range dims {
		if d == 0 || uint64(d) > most {
			c.fail("expected sizes %s from 1 to %d, found %d", name, most, d)
		}
	}
}

// within checks a number.
func (c *check) within(name string, value, least, most int64) {
	if value < least || value > most {
		c.fail("expected %s from %d to %d, found %d", name, least, most, value)
	}
}

// fraction checks the places after the point.
func (c *check) fraction(f int32) {
	c.within("places after the point", int64(f), -MaxFraction, MaxFraction)
}

// shift checks a shift of a product.
func (c *check) shift(s uint32) { c.within("shift", int64(s), 0, MaxShift) }

// use checks a range of rows of `inner` elements, `count` elements in all, and returns the type
// of the elements. Each row has to begin at a multiple of four bytes.
func (c *check) use(r role, name string, o Operand, inner, count uint64, types ...Type) Type {
	shape, found := c.lookup(o.Tensor)
	switch {
	case o.None() || !found:
		c.fail("expected a tensor for %s, found handle %d", name, o.Tensor)
		return 0
	case !slices.Contains(types, shape.Type):
		c.fail("expected %s of %v, found %v", name, types, shape.Type)
		return 0
	case o.Offset > shape.Count || count > shape.Count-o.Offset:
		c.fail("expected %s of %d elements from %d on, found a tensor of %d", name, count, o.Offset, shape.Count)
		return 0
	}
	bits := shape.Type.Bits()
	if product(o.Offset%32, bits)%32 != 0 || product(inner%32, bits)%32 != 0 {
		c.fail("expected rows of %s at multiples of 4 bytes, found %d elements of %v from %d on", name, inner, shape.Type, o.Offset)
	}
	// No tensor has 2^60 elements, so that nothing overflows.
	c.ranges = append(c.ranges, place{name, o.Tensor, o.Offset * bits / 8, (o.Offset + count) * bits / 8, r})
	return shape.Type
}

// reads declares an input.
func (c *check) reads(name string, o Operand, inner, count uint64, types ...Type) Type {
	return c.use(input, name, o, inner, count, types...)
}

// each declares an input that may lie where the output does.
func (c *check) each(name string, o Operand, inner, count uint64, types ...Type) Type {
	return c.use(elementwise, name, o, inner, count, types...)
}

// writes declares an output.
func (c *check) writes(name string, o Operand, inner, count uint64, types ...Type) Type {
	return c.use(output, name, o, inner, count, types...)
}

// absent checks that an operand that is left out names no place.
func (c *check) absent(name string, o Operand) bool {
	if o.None() && o.Offset != 0 {
		c.fail("expected offset 0 of %s, which is left out, found %d", name, o.Offset)
	}
	return o.None()
}

// overlaps finds outputs that share bytes with another operand.
func (c *check) overlaps() {
	for i, out := range c.ranges {
		if out.role != output {
			continue
		}
		for j, other := range c.ranges {
			apart := i == j || out.tensor != other.tensor || out.from >= other.to || other.from >= out.to
			same := other.role == elementwise && out.from == other.from && out.to == other.to
			if !apart && !same {
				c.fail("expected %s and %s in different places, found that they overlap", out.name, other.name)
			}
		}
	}
}
