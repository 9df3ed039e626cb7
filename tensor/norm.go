package tensor

// RMSNorm divides rows by the root of their mean square:
// Out[r,c] = X[r,c] / √((Σ_c X² + Epsilon) / Cols) · Gain[c]·2^-GainFraction.
// X is s32[Rows,Cols], Gain is s16[Cols] and may be left out. Epsilon has the unit of Σ X².
// Out is s32[Rows,Cols] with Fraction places after the point, or s8[Rows,Cols] with
// Scale, scale[Rows], which is left out for s32.
type RMSNorm struct {
	X, Gain, Out, Scale    Operand
	Rows, Cols             uint32
	GainFraction, Fraction int32
	Epsilon                uint64
}

// Code returns the number of the operation.
func (*RMSNorm) Code() Code { return CodeRMSNorm }

func (o *RMSNorm) fields(w *words) {
	w.places(&o.X, &o.Gain, &o.Out, &o.Scale)
	w.sizes(&o.Rows, &o.Cols)
	w.numbers(&o.GainFraction, &o.Fraction)
	w.wide(&o.Epsilon)
}

func (o *RMSNorm) check(c *check) {
	c.sizes("Rows", MaxDim, o.Rows)
	c.sizes("Cols", MaxNorm, o.Cols)
	c.norm(o.GainFraction, o.Fraction, o.Epsilon)
	inner, count := uint64(o.Cols), product(o.Rows, o.Cols)
	c.reads("X", o.X, inner, count, S32)
	c.gain(o.Gain, o.Cols, o.GainFraction)
	c.normalized(o.Out, o.Scale, o.Rows, o.Cols)
}

func (o *RMSNorm) work() Work { return normWork(o.Rows, o.Cols) }

// LayerNorm subtracts the mean of each row before it divides by the root of the mean square,
// and adds Bias, s32[Cols] with Fraction places after the point. Bias may be left out.
type LayerNorm struct {
	X, Gain, Bias, Out, Scale Operand
	Rows, Cols                uint32
	GainFraction, Fraction    int32
	Epsilon                   uint64
}

// Code returns the number of the operation.
func (*LayerNorm) Code() Code { return CodeLayerNorm }

func (o *LayerNorm) fields(w *words) {
	w.places(&o.X, &o.Gain, &o.Bias, &o.Out, &o.Scale)
	w.sizes(&o.Rows, &o.Cols)
	w.numbers(&o.GainFraction, &o.Fraction)
	w.wide(&o.Epsilon)
}

func (o *LayerNorm) check(c *check) {
	c.sizes("Rows", MaxDim, o.Rows)
	c.sizes("Cols", MaxNorm, o.Cols)
	c.norm(o.GainFraction, o.Fraction, o.Epsilon)
	inner, count := uint64(o.Cols), product(o.Rows, o.Cols)
	c.reads("X", o.X, inner, count, S32)
	c.gain(o.Gain, o.Cols, o.GainFraction)
	if !c.absent("Bias", o.Bias) {
		c.reads("Bias", o.Bias, 0, inner, S32)
	}
	c.normalized(o.Out, o.Scale, o.Rows, o.Cols)
}

func (o *LayerNorm) work() Work { return normWork(o.Rows, o.Cols) }

// GroupNorm is LayerNorm over the channels of a group at all pixels of an image: X and Out are
// [Batch,Pixels,Channels], and channel c belongs to group c / (Channels/Groups). Gain is
// s16[Channels] and Bias s32[Channels]. Out is s32 with Fraction places after the point.
type GroupNorm struct {
	X, Gain, Bias, Out              Operand
	Batch, Pixels, Channels, Groups uint32
	GainFraction, Fraction          int32
	Epsilon                         uint64
}

// Code returns the number of the operation.
func (*GroupNorm) Code() Code { return CodeGroupNorm }

func (o *GroupNorm) fields(w *words) {
	w.places(&o.X, &o.Gain, &o.Bias, &o.Out)
	w.sizes(&o.Batch, &o.Pixels, &o.Channels, &o.Groups)
	w.numbers(&o.GainFraction, &o.Fraction)
	w.wide(&o.Epsilon)
}

func (o *GroupNorm) check(c *check) {
	c.sizes("Batch", MaxDim, o.Batch)
	c.sizes("Pixels, Channels and Groups", MaxNorm, o.Pixels, o.Channels, o.Groups)
	if o.Groups == 0 || o.Channels%o.Groups != 0 || product(o.Pixels, o.Channels/o.Groups) > MaxNorm {
		c.fail("expected Groups that divide Channels into at most %d elements each, found %d groups of %d·%d", MaxNorm, o.Groups, o.Pixels, o.Channels)
		return
	}
	c.norm(o.GainFraction, o.Fraction, o.Epsilon)
	inner, count := uint64(o.Channels), product(o.Batch, o.Pixels, o.Channels)
	c.reads("X", o.X, inner, count, S32)
	c.gain(o.Gain, o.Channels, o.GainFraction)
	if !c.absent("Bias", o.Bias) {
		c.reads("Bias", o.Bias, 0, inner, S32)
	}
	c.writes("Out", o.Out, inner, count, S32)
}

func (o *GroupNorm) work() Work {
	return Work{Steps: sum(product(48, o.Batch, o.Pixels, o.Channels), product(200, o.Batch, o.Groups))}
}

// MaxEpsilon bounds the epsilon of norms.
const MaxEpsilon = 1 << 62

// norm checks what norms have in common.
func (c *check) norm(gainFraction, fraction int32, epsilon uint64) {
	c.fraction(gainFraction)
	c.fraction(fraction)
	if epsilon > MaxEpsilon {
		c.fail("expected Epsilon of at most %d, found %d", uint64(MaxEpsilon), epsilon)
	}
}

// gain declares the gain of a norm.
func (c *check) gain(o Operand, count uint32, fraction int32) {
	if !c.absent("Gain", o) {
		c.reads("Gain", o, 0, uint64(count), S16)
	} else if fraction != 0 {
		c.fail("expected GainFraction 0 without Gain, found %d", fraction)
	}
}

// normalized declares the output of a norm: s32, or s8 with a scale per row.
func (c *check) normalized(out, scale Operand, rows, cols uint32) {
	switch t := c.writes("Out", out, uint64(cols), product(rows, cols), S8, S32); {
	case t == S8:
		c.writes("Scale", scale, 0, uint64(rows), Scales)
	case !c.absent("Scale", scale):
		c.fail("expected no Scale for an Out of %v", t)
	}
}

func normWork(rows, cols uint32) Work {
	return Work{Steps: sum(product(48, rows, cols), product(200, rows))}
}
