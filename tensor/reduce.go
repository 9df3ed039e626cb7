package tensor

// Sum adds up rows: Out[r] = Σ_c X[r,c] · M·2^-E. X is s32[Rows,Cols], Out is s32[Rows].
type Sum struct {
	X, Out     Operand
	Rows, Cols uint32
	M, E       int32
}

// Code returns the number of the operation.
func (*Sum) Code() Code { return CodeSum }

func (o *Sum) fields(w *words) {
	w.places(&o.X, &o.Out)
	w.sizes(&o.Rows, &o.Cols)
	w.numbers(&o.M, &o.E)
}

func (o *Sum) check(c *check) {
	c.sizes("Rows and Cols", MaxDim, o.Rows, o.Cols)
	c.reads("X", o.X, 0, product(o.Rows, o.Cols), S32)
	c.writes("Out", o.Out, 0, uint64(o.Rows), S32)
}

func (o *Sum) work() Work { return Work{Steps: sum(product(3, o.Rows, o.Cols), product(20, o.Rows))} }

// Argmax finds the place of the largest number of each row, the first one of several. X is
// s32[Rows,Cols], Out is s32[Rows].
type Argmax struct {
	X, Out     Operand
	Rows, Cols uint32
}

// Code returns the number of the operation.
func (*Argmax) Code() Code { return CodeArgmax }

func (o *Argmax) fields(w *words) {
	w.places(&o.X, &o.Out)
	w.sizes(&o.Rows, &o.Cols)
}

func (o *Argmax) check(c *check) {
	c.sizes("Rows and Cols", MaxDim, o.Rows, o.Cols)
	c.reads("X", o.X, 0, product(o.Rows, o.Cols), S32)
	c.writes("Out", o.Out, 0, uint64(o.Rows), S32)
}

func (o *Argmax) work() Work { return Work{Steps: sum(product(5, o.Rows, o.Cols), product(8, o.Rows))} }

// TopK finds the K largest numbers of each row, and their places: larger numbers first, and of
// equal ones the one with the lower place. X is s32[Rows,Cols], Values and Places are
// s32[Rows,K].
type TopK struct {
	X, Values, Places Operand
	Rows, Cols, K     uint32
}

// Code returns the number of the operation.
func (*TopK) Code() Code { return CodeTopK }

func (o *TopK) fields(w *words) {
	w.places(&o.X, &o.Values, &o.Places)
	w.sizes(&o.Rows, &o.Cols, &o.K)
}

func (o *TopK) check(c *check) {
	c.sizes("Rows", MaxDim, o.Rows)
	c.sizes("Cols", MaxTopRow, o.Cols)
	c.sizes("K", MaxTop, o.K)
	if o.K > o.Cols {
		c.fail("expected K of at most Cols, found %d of %d", o.K, o.Cols)
	}
	c.reads("X", o.X, 0, product(o.Rows, o.Cols), S32)
	c.writes("Values", o.Values, 0, product(o.Rows, o.K), S32)
	c.writes("Places", o.Places, 0, product(o.Rows, o.K), S32)
}

func (o *TopK) work() Work {
	return Work{Steps: sum(product(192, o.Rows, o.Cols), product(128, o.Rows, o.K))}
}
