package tensor

// Gemm multiplies matrices: Out[b,m,n] = Σ_k A[b,m,k]·W[b,n,k], with W[0,n,k] if SharedW.
// A is s8[Batch,M,K], W is s8[Batch,N,K] or s8[1,N,K], Out is s32[Batch,M,N].
type Gemm struct {
	A, W, Out      Operand
	Batch, M, N, K uint32
	SharedW        bool
}

// Code returns the number of the operation.
func (*Gemm) Code() Code { return CodeGemm }

func (o *Gemm) fields(w *words) {
	w.places(&o.A, &o.W, &o.Out)
	w.sizes(&o.Batch, &o.M, &o.N, &o.K)
	w.flags(&o.SharedW)
}

// weights returns the number of matrices in W.
func (o *Gemm) weights() uint32 {
	if o.SharedW {
		return 1
	}
	return o.Batch
}

func (o *Gemm) check(c *check) {
	c.sizes("Batch, M and N", MaxDim, o.Batch, o.M, o.N)
	c.sizes("K", MaxK, o.K)
	c.reads("A", o.A, uint64(o.K), product(o.Batch, o.M, o.K), S8)
	c.reads("W", o.W, uint64(o.K), product(o.weights(), o.N, o.K), S8)
	c.writes("Out", o.Out, uint64(o.N), product(o.Batch, o.M, o.N), S32)
}

func (o *Gemm) work() Work {
	return Work{
		Products: product(o.Batch, o.M, o.N, o.K),
		Steps:    sum(product(12, o.Batch, o.M, o.N), product(o.weights(), o.N, o.K)/8, product(o.Batch, o.M, o.K)/8),
	}
}

// Expand4 turns weights of four bits into weights of eight:
// Out[n,k] = clamp((W[n,k] - Zero[n,k/Group])·Gain[n,k/Group], -127, 127).
// W is s4[N,K], Gain and Zero are s8[N,K/Group], Out is s8[N,K]. Zero may be left out.
type Expand4 struct {
	W, Gain, Zero, Out Operand
	N, K, Group        uint32
}

// Code returns the number of the operation.
func (*Expand4) Code() Code { return CodeExpand4 }

func (o *Expand4) fields(w *words) {
	w.places(&o.W, &o.Gain, &o.Zero, &o.Out)
	w.sizes(&o.N, &o.K, &o.Group)
}

func (o *Expand4) check(c *check) {
	c.sizes("N, K and Group", MaxDim, o.N, o.K, o.Group)
	if o.Group == 0 || o.K%o.Group != 0 || o.Group%8 != 0 {
		c.fail("expected a Group that is a multiple of 8 and divides K, found %d and %d", o.Group, o.K)
		return
	}
	groups := product(o.N, o.K/o.Group)
	c.reads("W", o.W, uint64(o.K), product(o.N, o.K), S4)
	c.reads("Gain", o.Gain, 0, groups, S8)
	if !c.absent("Zero", o.Zero) {
		c.reads("Zero", o.Zero, 0, groups, S8)
	}
	c.writes("Out", o.Out, uint64(o.K), product(o.N, o.K), S8)
}

func (o *Expand4) work() Work {
	return Work{Steps: sum(product(4, o.N, o.K), product(16, o.N, o.K/max(o.Group, 1)))}
}

// Rescale turns sums of products into fixed point numbers:
// Out[r,c] = Acc[r,c]·Row[r]·Col[c]·2^Fraction + Residual[r,c].
// Acc is s8 or s32[Rows,Cols]. Row is scale[Rows] or, if OneRow, scale[1]; Col is scale[Cols]
// or, if OneCol, scale[1]. One of the two may be left out, and Residual, s32[Rows,Cols], too.
// Out is s32, or s8 within ±127. Acc and Residual may lie where Out does.
type Rescale struct {
	Acc, Row, Col, Residual, Out Operand
	Rows, Cols                   uint32
	Fraction                     int32
	OneRow, OneCol               bool
}

// Code returns the number of the operation.
func (*Rescale) Code() Code { return CodeRescale }

func (o *Rescale) fields(w *words) {
	w.places(&o.Acc, &o.Row, &o.Col, &o.Residual, &o.Out)
	w.sizes(&o.Rows, &o.Cols)
	w.numbers(&o.Fraction)
	w.flags(&o.OneRow, &o.OneCol)
}

func (o *Rescale) check(c *check) {
	c.sizes("Rows and Cols", MaxDim, o.Rows, o.Cols)
	c.fraction(o.Fraction)
	inner, count := uint64(o.Cols), product(o.Rows, o.Cols)
	c.each("Acc", o.Acc, inner, count, S8, S32)
	noRow, noCol := c.scales("Row", o.Row, o.Rows, o.OneRow), c.scales("Col", o.Col, o.Cols, o.OneCol)
	if noRow && noCol {
		c.fail("expected Row or Col, found neither")
	}
	if !c.absent("Residual", o.Residual) {
		c.each("Residual", o.Residual, inner, count, S32)
	}
	c.writes("Out", o.Out, inner, count, S8, S32)
}

// scales declares scales that may be left out, and reports whether they are.
func (c *check) scales(name string, o Operand, count uint32, one bool) bool {
	if c.absent(name, o) {
		if one {
			c.fail("expected no flag for %s, which is left out", name)
		}
		return true
	}
	if one {
		count = 1
	}
	c.reads(name, o, 0, uint64(count), Scales)
	return false
}

func (o *Rescale) work() Work { return Work{Steps: product(32, o.Rows, o.Cols)} }

// Quant cuts rows to eight bits by their largest magnitude: X is s32[Rows,Cols] with Fraction
// places after the point, Out is s8[Rows,Cols] and Scale is scale[Rows], so that X is about
// Out·Scale.
type Quant struct {
	X, Out, Scale Operand
	Rows, Cols    uint32
	Fraction      int32
}

// Code returns the number of the operation.
func (*Quant) Code() Code { return CodeQuant }

func (o *Quant) fields(w *words) {
	w.places(&o.X, &o.Out, &o.Scale)
	w.sizes(&o.Rows, &o.Cols)
	w.numbers(&o.Fraction)
}

func (o *Quant) check(c *check) {
	c.sizes("Rows and Cols", MaxDim, o.Rows, o.Cols)
	c.fraction(o.Fraction)
	inner, count := uint64(o.Cols), product(o.Rows, o.Cols)
	c.reads("X", o.X, inner, count, S32)
	c.writes("Out", o.Out, inner, count, S8)
	c.writes("Scale", o.Scale, 0, uint64(o.Rows), Scales)
}

func (o *Quant) work() Work {
	return Work{Steps: sum(product(20, o.Rows, o.Cols), product(100, o.Rows))}
}
