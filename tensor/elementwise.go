package tensor

// Kind names a function of two numbers.
type Kind uint32

// Kinds of binary operations. The numbers are part of the profile.
const (
	// Plus and Minus give the nearest number of 32 bits.
	Plus Kind = iota
	Minus
	// Times is A·B / 2^Shift, rounded.
	Times
	Min
	Max
	lastKind = Max
)

// Binary applies a function to the elements of two matrices: A and Out are s32[Rows,Cols]. B is
// s32[Rows,Cols], s32[1,Cols] if OneRow, s32[Rows,1] if OneCol, or s32[1,1] if both. A, and a whole
// B, may lie where Out does. Shift is 0 for kinds other than Times.
type Binary struct {
	A, B, Out      Operand
	Rows, Cols     uint32
	Kind           Kind
	Shift          uint32
	OneRow, OneCol bool
}

// Code returns the number of the operation.
func (*Binary) Code() Code { return CodeBinary }

func (o *Binary) fields(w *words) {
	w.places(&o.A, &o.B, &o.Out)
	kind := uint32(o.Kind)
	w.sizes(&o.Rows, &o.Cols, &kind, &o.Shift)
	o.Kind = Kind(kind)
	w.flags(&o.OneRow, &o.OneCol)
}

func (o *Binary) check(c *check) {
	c.sizes("Rows and Cols", MaxDim, o.Rows, o.Cols)
	c.within("Kind", int64(o.Kind), 0, int64(lastKind))
	c.shift(o.Shift)
	if o.Shift != 0 && o.Kind != Times {
		c.fail("expected Shift 0 for Kind %d, found %d", o.Kind, o.Shift)
	}
	count := product(o.Rows, o.Cols)
	c.each("A", o.A, 0, count, S32)
	rows, cols, r := o.Rows, o.Cols, elementwise
	if o.OneRow {
		rows, r = 1, input
	}
	if o.OneCol {
		cols, r = 1, input
	}
	c.use(r, "B", o.B, 0, product(rows, cols), S32)
	c.writes("Out", o.Out, 0, count, S32)
}

func (o *Binary) work() Work { return Work{Steps: product(12, o.Rows, o.Cols)} }

// Clamp bounds numbers: Out[i] = min(max(X[i], Low), High). X and Out are s32[Count]; X may lie
// where Out does.
type Clamp struct {
	X, Out    Operand
	Count     uint32
	Low, High int32
}

// Code returns the number of the operation.
func (*Clamp) Code() Code { return CodeClamp }

func (o *Clamp) fields(w *words) {
	w.places(&o.X, &o.Out)
	w.sizes(&o.Count)
	w.numbers(&o.Low, &o.High)
}

func (o *Clamp) check(c *check) {
	c.sizes("Count", MaxDim, o.Count)
	c.each("X", o.X, 0, uint64(o.Count), S32)
	c.writes("Out", o.Out, 0, uint64(o.Count), S32)
}

func (o *Clamp) work() Work { return Work{Steps: product(3, o.Count)} }

// Leaky multiplies negative numbers with a slope of 30 places after the point, rounded: X and Out
// are s32[Rows,Cols], Slope is s32[Cols], or s32[1] if OneCol. X may lie where Out does.
type Leaky struct {
	X, Slope, Out Operand
	Rows, Cols    uint32
	OneCol        bool
}

// Code returns the number of the operation.
func (*Leaky) Code() Code { return CodeLeaky }

func (o *Leaky) fields(w *words) {
	w.places(&o.X, &o.Slope, &o.Out)
	w.sizes(&o.Rows, &o.Cols)
	w.flags(&o.OneCol)
}

func (o *Leaky) check(c *check) {
	c.sizes("Rows and Cols", MaxDim, o.Rows, o.Cols)
	count := product(o.Rows, o.Cols)
	c.each("X", o.X, 0, count, S32)
	slopes := uint64(o.Cols)
	if o.OneCol {
		slopes = 1
	}
	c.reads("Slope", o.Slope, 0, slopes, S32)
	c.writes("Out", o.Out, 0, count, S32)
}

func (o *Leaky) work() Work { return Work{Steps: product(12, o.Rows, o.Cols)} }
