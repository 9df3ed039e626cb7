package tensor

// Mask says which keys a query sees. Without Causal it sees all. With it, query t sees keys
// 0 to Base + t, and of these the last Window ones if Window is not 0.
type Mask struct {
	Causal       bool
	Base, Window uint32
}

// Keys returns the range of the keys, out of `keys` in all, that query t sees; from is at
// most to.
func (m Mask) Keys(t, keys int) (from, to int) {
	if !m.Causal {
		return 0, keys
	}
	end := int(m.Base) + t + 1
	to = min(end, keys)
	if m.Window > 0 {
		from = min(max(end-int(m.Window), 0), to)
	}
	return from, to
}

func (m *Mask) fields(w *words) {
	w.flags(&m.Causal)
	w.sizes(&m.Base, &m.Window)
}

func (c *check) mask(m Mask) {
	c.within("Base", int64(m.Base), 0, MaxDim)
	c.within("Window", int64(m.Window), 0, MaxDim)
	if !m.Causal && (m.Base != 0 || m.Window != 0) {
		c.fail("expected Base and Window 0 without Causal, found %d and %d", m.Base, m.Window)
	}
}

// heads checks the shape of an attention: Heads is a multiple of KVHeads, and head h reads
// keys and values of head h / (Heads/KVHeads).
func (c *check) heads(queries, heads, kvHeads, keys uint32) bool {
	c.sizes("Queries, Heads and KVHeads", MaxDim, queries, heads, kvHeads)
	c.sizes("Keys", MaxKeys, keys)
	if kvHeads == 0 || heads%kvHeads != 0 {
		c.fail("expected Heads that are a multiple of KVHeads, found %d and %d", heads, kvHeads)
	}
	return c.wrong == ""
}

// Rope rotates the pairs (i, i + Rotated/2) of the first Rotated numbers of each head by the
// angles whose cosines and sines, with 30 places after the point, the tables hold. X and Out
// are s32[Rows,Heads,Dim]; Cos and Sin are s32[·,Rotated/2], of which row From + r counts for
// row r. The other numbers are copied.
type Rope struct {
	X, Cos, Sin, Out                Operand
	Rows, Heads, Dim, Rotated, From uint32
}

// Code returns the number of the operation.
func (*Rope) Code() Code { return CodeRope }

func (o *Rope) fields(w *words) {
	w.places(&o.X, &o.Cos, &o.Sin, &o.Out)
	w.sizes(&o.Rows, &o.Heads, &o.Dim, &o.Rotated, &o.From)
}

func (o *Rope) check(c *check) {
	c.sizes("Rows, Heads and Dim", MaxDim, o.Rows, o.Heads, o.Dim)
	if o.Rotated == 0 || o.Rotated%2 != 0 || o.Rotated > o.Dim {
		c.fail("expected an even Rotated from 2 to Dim, found %d of %d", o.Rotated, o.Dim)
	}
	// The rows of the tables are a dimension like any other.
	c.within("From + Rows", int64(o.From)+int64(o.Rows), 1, MaxDim)
	count := product(o.Rows, o.Heads, o.Dim)
	table := product(uint64(o.From)+uint64(o.Rows), uint64(o.Rotated/2))
	c.reads("X", o.X, uint64(o.Dim), count, S32)
	c.reads("Cos", o.Cos, 0, table, S32)
	c.reads("Sin", o.Sin, 0, table, S32)
	c.writes("Out", o.Out, uint64(o.Dim), count, S32)
}

func (o *Rope) work() Work { return Work{Steps: product(12, o.Rows, o.Heads, o.Dim)} }

// AttnScores multiplies queries with keys:
// Out[h,t,s] = Σ_d Q[t,h,d]·K[s,g,d] · QScale[t,h]·Unit·KScale[s,g], with 16 places after the
// point, for the keys that the mask shows, and -2^31 for the others. g is the head of the keys
// for h. Q is s8[Queries,Heads,Dim], QScale is scale[Queries,Heads], K is s8[Keys,KVHeads,Dim],
// KScale is scale[Keys,KVHeads], Out is s32[Heads,Queries,Keys].
type AttnScores struct {
	Q, QScale, K, KScale, Out          Operand
	Queries, Heads, KVHeads, Keys, Dim uint32
	UnitM, UnitE                       int32
	Mask                               Mask
}

// Code returns the number of the operation.
func (*AttnScores) Code() Code { return CodeAttnScores }

func (o *AttnScores) fields(w *words) {
	w.places(&o.Q, &o.QScale, &o.K, &o.KScale, &o.Out)
	w.sizes(&o.Queries, &o.Heads, &o.KVHeads, &o.Keys, &o.Dim)
	w.numbers(&o.UnitM, &o.UnitE)
	o.Mask.fields(w)
}

func (o *AttnScores) check(c *check) {
	c.mask(o.Mask)
	c.sizes("Dim", MaxK, o.Dim)
	if !c.heads(o.Queries, o.Heads, o.KVHeads, o.Keys) {
		return
	}
	c.reads("Q", o.Q, uint64(o.Dim), product(o.Queries, o.Heads, o.Dim), S8)
	c.reads("QScale", o.QScale, 0, product(o.Queries, o.Heads), Scales)
	c.reads("K", o.K, uint64(o.Dim), product(o.Keys, o.KVHeads, o.Dim), S8)
	c.reads("KScale", o.KScale, 0, product(o.Keys, o.KVHeads), Scales)
	c.writes("Out", o.Out, uint64(o.Keys), product(o.Heads, o.Queries, o.Keys), S32)
}

func (o *AttnScores) work() Work {
	return Work{
		Products: product(o.Heads, o.Queries, o.Keys, o.Dim),
		Steps:    sum(product(40, o.Heads, o.Queries, o.Keys), product(o.Keys, o.KVHeads, o.Dim)/8),
	}
}

// Softmax turns scores into weights. X is s32[Heads,Queries,Keys], in units of the binary
// logarithm with 16 places after the point. Out is s32[Heads,Queries,Keys], from 0 to 2^24, and
// Scale is scale[Heads,Queries]: Out·Scale is 2^X / Σ_s 2^X over the keys that the mask shows,
// times VScale[s,g] if VScale, scale[Keys,KVHeads], is not left out.
type Softmax struct {
	X, VScale, Out, Scale         Operand
	Queries, Heads, KVHeads, Keys uint32
	Mask                          Mask
}

// Code returns the number of the operation.
func (*Softmax) Code() Code { return CodeSoftmax }

func (o *Softmax) fields(w *words) {
	w.places(&o.X, &o.VScale, &o.Out, &o.Scale)
	w.sizes(&o.Queries, &o.Heads, &o.KVHeads, &o.Keys)
	o.Mask.fields(w)
}

func (o *Softmax) check(c *check) {
	c.mask(o.Mask)
	if !c.heads(o.Queries, o.Heads, o.KVHeads, o.Keys) {
		return
	}
	inner, count := uint64(o.Keys), product(o.Heads, o.Queries, o.Keys)
	c.each("X", o.X, inner, count, S32)
	if !c.absent("VScale", o.VScale) {
		c.reads("VScale", o.VScale, 0, product(o.Keys, o.KVHeads), Scales)
	}
	c.writes("Out", o.Out, inner, count, S32)
	c.writes("Scale", o.Scale, 0, product(o.Heads, o.Queries), Scales)
}

func (o *Softmax) work() Work {
	return Work{Steps: sum(product(48, o.Heads, o.Queries, o.Keys), product(128, o.Heads, o.Queries))}
}

// AttnValues sums values by weight: Out[t,h,d] = Σ_s U[h,t,s]·V[s,g,d] · Scale[h,t]·2^Fraction
// over the keys that the mask shows. U is s32[Heads,Queries,Keys], Scale is
// scale[Heads,Queries], V is s8[Keys,KVHeads,Dim], Out is s32[Queries,Heads,Dim].
type AttnValues struct {
	U, Scale, V, Out                   Operand
	Queries, Heads, KVHeads, Keys, Dim uint32
	Fraction                           int32
	Mask                               Mask
}

// Code returns the number of the operation.
func (*AttnValues) Code() Code { return CodeAttnValues }

func (o *AttnValues) fields(w *words) {
	w.places(&o.U, &o.Scale, &o.V, &o.Out)
	w.sizes(&o.Queries, &o.Heads, &o.KVHeads, &o.Keys, &o.Dim)
	w.numbers(&o.Fraction)
	o.Mask.fields(w)
}

func (o *AttnValues) check(c *check) {
	c.mask(o.Mask)
	c.sizes("Dim", MaxK, o.Dim)
	c.fraction(o.Fraction)
	if !c.heads(o.Queries, o.Heads, o.KVHeads, o.Keys) {
		return
	}
	c.reads("U", o.U, uint64(o.Keys), product(o.Heads, o.Queries, o.Keys), S32)
	c.reads("Scale", o.Scale, 0, product(o.Heads, o.Queries), Scales)
	c.reads("V", o.V, uint64(o.Dim), product(o.Keys, o.KVHeads, o.Dim), S8)
	c.writes("Out", o.Out, uint64(o.Dim), product(o.Queries, o.Heads, o.Dim), S32)
}

func (o *AttnValues) work() Work {
	return Work{
		Products: product(4, o.Heads, o.Queries, o.Keys, o.Dim),
		Steps:    sum(product(16, o.Queries, o.Heads, o.Dim), product(2, o.Heads, o.Queries, o.Keys)),
	}
}
