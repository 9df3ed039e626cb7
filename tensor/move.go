package tensor

// Dims is the number of dimensions of copy.
const Dims = 5

// Copy copies a block of five dimensions from one layout to another:
// To[Σ i_d·ToStride_d] = From[Σ i_d·FromStride_d] for all i_d below Size_d, where the last stride
// of To is 1. It transposes, cuts, joins, repeats (with a stride of 0) and spreads. From and To
// have the same type: s8, s16, s32 or scale.
type Copy struct {
	From, To   Operand
	Size       [Dims]uint32
	FromStride [Dims]uint32
	ToStride   [Dims - 1]uint32
}

// Code returns the number of the operation.
func (*Copy) Code() Code { return CodeCopy }

func (o *Copy) fields(w *words) {
	w.places(&o.From, &o.To)
	for i := range o.Size {
		w.sizes(&o.Size[i])
	}
	for i := range o.FromStride {
		w.sizes(&o.FromStride[i])
	}
	for i := range o.ToStride {
		w.sizes(&o.ToStride[i])
	}
}

// check also sees that no element of To is written twice: each dimension of more than one
// element steps over everything that the dimensions after it write.
func (o *Copy) check(c *check) {
	c.sizes("of dimensions", MaxDim, o.Size[:]...)
	from, to := uint64(1), uint64(1)
	if c.wrong != "" {
		return
	}
	for d := Dims - 1; d >= 0; d-- {
		step := uint32(1)
		if d < Dims-1 {
			step = o.ToStride[d]
		}
		c.within("strides", int64(max(step, o.FromStride[d])), 0, MaxDim)
		if o.Size[d] > 1 && uint64(step) < to {
			c.fail("expected a stride of To of at least %d in dimension %d, found %d", to, d, step)
		}
		from = sum(from, product(o.Size[d]-1, o.FromStride[d]))
		to = sum(to, product(o.Size[d]-1, step))
	}
	t := c.reads("From", o.From, 0, from, S8, S16, S32, Scales)
	c.writes("To", o.To, uint64(o.Size[Dims-1]), to, t)
	for d, step := range o.ToStride {
		if o.Size[d] > 1 && product(uint64(step%32), t.Bits())%32 != 0 {
			c.fail("expected rows of To at multiples of 4 bytes, found a stride of %d elements of %v", step, t)
		}
	}
}

func (o *Copy) work() Work { return Work{Steps: product(8, product(o.Size[:]...))} }

// Fill sets elements to a number: Out is s8, s16 or s32[Count], of which the low bits of Value
// are written.
type Fill struct {
	Out   Operand
	Count uint32
	Value int32
}

// Code returns the number of the operation.
func (*Fill) Code() Code { return CodeFill }

func (o *Fill) fields(w *words) {
	w.places(&o.Out)
	w.sizes(&o.Count)
	w.numbers(&o.Value)
}

func (o *Fill) check(c *check) {
	c.sizes("Count", MaxDim, o.Count)
	c.writes("Out", o.Out, uint64(o.Count), uint64(o.Count), S8, S16, S32)
}

func (o *Fill) work() Work { return Work{Steps: product(2, o.Count)} }

// Cast turns integers into others, or into the nearest ones: X and Out are s8, s16 or
// s32[Count]. X may lie where Out does.
type Cast struct {
	X, Out Operand
	Count  uint32
}

// Code returns the number of the operation.
func (*Cast) Code() Code { return CodeCast }

func (o *Cast) fields(w *words) {
	w.places(&o.X, &o.Out)
	w.sizes(&o.Count)
}

func (o *Cast) check(c *check) {
	c.sizes("Count", MaxDim, o.Count)
	c.each("X", o.X, uint64(o.Count), uint64(o.Count), S8, S16, S32)
	c.writes("Out", o.Out, uint64(o.Count), uint64(o.Count), S8, S16, S32)
}

func (o *Cast) work() Work { return Work{Steps: product(3, o.Count)} }

// Gather picks rows: Out[i] = Table[Index[i]]. Table is [Rows,Cols] and Out [Count,Cols] of the
// same type: s4, s8, s16, s32 or scale. Index is s32[Count]; numbers outside of the table count
// as the nearest row.
type Gather struct {
	Table, Index, Out Operand
	Rows, Cols, Count uint32
}

// Code returns the number of the operation.
func (*Gather) Code() Code { return CodeGather }

func (o *Gather) fields(w *words) {
	w.places(&o.Table, &o.Index, &o.Out)
	w.sizes(&o.Rows, &o.Cols, &o.Count)
}

func (o *Gather) check(c *check) {
	c.sizes("Rows, Cols and Count", MaxDim, o.Rows, o.Cols, o.Count)
	t := c.reads("Table", o.Table, uint64(o.Cols), product(o.Rows, o.Cols), Types()...)
	c.reads("Index", o.Index, 0, uint64(o.Count), S32)
	c.writes("Out", o.Out, uint64(o.Cols), product(o.Count, o.Cols), t)
}

func (o *Gather) work() Work {
	return Work{Steps: sum(product(3, o.Count, o.Cols), product(12, o.Count))}
}
