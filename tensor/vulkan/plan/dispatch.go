package plan

import "github.com/thetaedge/theta/tensor"

// Bounds of a dispatch that every device of Vulkan has, and that kernels rest on.
const (
	// Bindings is the number of buffers that a kernel binds at most.
	Bindings = 8
	// Params is the number of parameters of a kernel in words. One more for each binding follows.
	Params = 24
	// Lanes is the number of threads of a workgroup.
	Lanes = 128
)

// Table names a table of the profile.
type Table int

// Tables, in the order of the device's buffer of tables.
const (
	NoTable Table = iota
	Exp2
	Sigmoid
	Normal
	NormalTanh
	Tail
)

// Window is what a kernel binds: bytes of the tensor of an operand, both ends at multiples of four,
// or a table.
type Window struct {
	// Operand is the place of the operand in its operation; -1 for a table and for a binding
	// that is not used.
	Operand  int
	From, To uint64
	Table    Table
}

// Dispatch is one run of a kernel.
type Dispatch struct {
	Kernel  string
	Windows []Window
	Params  []uint32
	// Groups is the number of workgroups along each axis.
	Groups [3]uint64
	// Work is about the number of instructions of all threads; 2^64 - 1 if a thread has too
	// much to do.
	Work uint64
}

// Limits bound a dispatch.
type Limits struct {
	// Range is the size of a binding in bytes.
	Range  uint64
	Groups [3]uint64
	Work   uint64
}

// slack is more than a window grows when it begins at a multiple that a device asks for.
const slack = 512

// bound reports whether a device can bind the windows of a dispatch.
func (d Dispatch) bound(l Limits) bool {
	for _, w := range d.Windows {
		if w.To-w.From+slack > l.Range {
			return false
		}
	}
	return true
}

// fits reports whether a device can run a dispatch.
func (d Dispatch) fits(l Limits) bool {
	if !d.bound(l) {
		return false
	}
	for i, n := range d.Groups {
		if n > l.Groups[i] {
			return false
		}
	}
	return d.Work <= l.Work
}

// Of returns the dispatches of an operation, in any order of which they give its result. types are
// those of the tensors of its operands, 0 for an operand that is left out. It returns false for an
// operation that cannot be divided within the limits; Fill needs no dispatch and returns none.
func Of(op tensor.Op, types []tensor.Type, l Limits) ([]Dispatch, bool) {
	o := operands{tensor.Operands(op), types}
	d, known := o.domain(op, l)
	if !known {
		return nil, false
	}
	return d.divide(l)
}

// domain returns that of an operation.
func (o operands) domain(op tensor.Op, l Limits) (domain, bool) {
	switch op := op.(type) {
	case *tensor.Gemm:
		return o.gemm(op, l), true
	case *tensor.Expand4:
		return o.expand4(op), true
	case *tensor.Rescale:
		return o.rescale(op), true
	case *tensor.Quant:
		return o.quant(op), true
	case *tensor.RMSNorm:
		return o.rmsNorm(op), true
	case *tensor.LayerNorm:
		return o.layerNorm(op), true
	case *tensor.GroupNorm:
		return o.groupNorm(op), true
	case *tensor.Rope:
		return o.rope(op), true
	case *tensor.AttnScores:
		return o.scores(op, l), true
	case *tensor.Softmax:
		return o.softmax(op), true
	case *tensor.AttnValues:
		return o.values(op), true
	}
	return o.otherDomain(op, l)
}

// otherDomain returns that of an operation that belongs to no language model alone.
func (o operands) otherDomain(op tensor.Op, l Limits) (domain, bool) {
	switch op := op.(type) {
	case *tensor.Lookup:
		return o.lookup(op), true
	case *tensor.Gate:
		return o.gate(op), true
	case *tensor.Conv2D:
		return o.conv(op, l), true
	case *tensor.Depthwise2D:
		return o.depthwise(op), true
	case *tensor.Copy:
		return o.copy(op), true
	case *tensor.Cast:
		return o.cast(op), true
	case *tensor.Gather:
		return o.gather(op, l), true
	case *tensor.Binary:
		return o.binary(op), true
	case *tensor.Clamp:
		return o.clamp(op), true
	case *tensor.Leaky:
		return o.leaky(op), true
	case *tensor.Sum:
		return o.sum(op), true
	case *tensor.Argmax:
		return o.argmax(op), true
	case *tensor.TopK:
		return o.topK(op), true
	case *tensor.Noise:
		return o.noise(op), true
	}
	return domain{}, false
}
