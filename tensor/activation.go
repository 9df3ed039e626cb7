package tensor

// Curve names a function that gate multiplies with.
type Curve uint32

// Curves. The numbers are part of the profile.
const (
	// Own is a table of the program.
	Own Curve = iota
	// Sigmoid is 1/(1 + e^-x): gate is SiLU.
	Sigmoid
	// Normal is the distribution function of the normal distribution: gate is GELU.
	Normal
	// NormalTanh is ½(1 + tanh(√(2/π)(x + 0.044715x³))): gate is the tanh form of GELU.
	NormalTanh
	lastCurve = NormalTanh
)

// Grid is where the entries of a program's table lie: Intervals + 1 entries, of which the first
// one belongs to Low and each further one to a number 2^Step higher.
type Grid struct {
	Low             int32
	Step, Intervals uint32
}

// MaxIntervals bounds tables of programs, and MaxStep the distance of their entries.
const (
	MaxIntervals = 1 << 20
	MaxStep      = 30
)

func (g *Grid) fields(w *words) {
	w.numbers(&g.Low)
	w.sizes(&g.Step, &g.Intervals)
}

// table declares a program's table.
func (c *check) table(g Grid, o Operand) {
	c.sizes("Intervals", MaxIntervals, g.Intervals)
	c.within("Step", int64(g.Step), 0, MaxStep)
	c.reads("Table", o, 0, uint64(g.Intervals)+1, S32)
}

// Lookup reads a function from a table: Out[i] is the value of Table at X[i], on the line
// between two entries. X and Out are s32[Count]; X may lie where Out does.
type Lookup struct {
	X, Table, Out Operand
	Count         uint32
	Grid          Grid
}

// Code returns the number of the operation.
func (*Lookup) Code() Code { return CodeLookup }

func (o *Lookup) fields(w *words) {
	w.places(&o.X, &o.Table, &o.Out)
	w.sizes(&o.Count)
	o.Grid.fields(w)
}

func (o *Lookup) check(c *check) {
	c.sizes("Count", MaxDim, o.Count)
	c.each("X", o.X, 0, uint64(o.Count), S32)
	c.table(o.Grid, o.Table)
	c.writes("Out", o.Out, 0, uint64(o.Count), S32)
}

func (o *Lookup) work() Work { return Work{Steps: product(6, o.Count)} }

// Gate is an activation: Out[i] = X[i]·f(X[i])·U[i] / 2^Shift. X has 16 places after the point,
// and f, with 30 places, is Curve or a table of the program. U may be left out, and Shift is 0
// then. X, U and Out are s32[Count]; X and U may lie where Out does.
type Gate struct {
	X, U, Table, Out Operand
	Count            uint32
	Curve            Curve
	Shift            uint32
	Grid             Grid
}

// Code returns the number of the operation.
func (*Gate) Code() Code { return CodeGate }

func (o *Gate) fields(w *words) {
	w.places(&o.X, &o.U, &o.Table, &o.Out)
	curve := uint32(o.Curve)
	w.sizes(&o.Count, &curve, &o.Shift)
	o.Curve = Curve(curve)
	o.Grid.fields(w)
}

func (o *Gate) check(c *check) {
	c.sizes("Count", MaxDim, o.Count)
	c.shift(o.Shift)
	c.within("Curve", int64(o.Curve), 0, int64(lastCurve))
	c.each("X", o.X, 0, uint64(o.Count), S32)
	if !c.absent("U", o.U) {
		c.each("U", o.U, 0, uint64(o.Count), S32)
	} else if o.Shift != 0 {
		c.fail("expected Shift 0 without U, found %d", o.Shift)
	}
	switch {
	case o.Curve == Own:
		c.table(o.Grid, o.Table)
	case !c.absent("Table", o.Table) || o.Grid != (Grid{}):
		c.fail("expected no Table for Curve %d", o.Curve)
	}
	c.writes("Out", o.Out, 0, uint64(o.Count), S32)
}

func (o *Gate) work() Work { return Work{Steps: product(20, o.Count)} }
