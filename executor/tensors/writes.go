package tensors

import "github.com/thetaedge/theta/tensor"

// writes says which operands calls write to. The zero value is ready.
type writes struct{ known map[writeKey]uint32 }

// writeKey is an operation and the operands that it has, one bit each. Which operands an
// operation writes to depends on nothing else.
type writeKey struct {
	code    tensor.Code
	present uint32
}

// to reports whether a call writes to its i-th operand.
func (w *writes) to(call tensor.Call, i int) bool {
	key := writeKey{code: call.Op.Code()}
	for j, b := range call.Buffers {
		if b != nil {
			key.present |= 1 << j
		}
	}
	mask, known := w.known[key]
	if !known {
		mask = outputs(call)
		if w.known == nil {
			w.known = map[writeKey]uint32{}
		}
		w.known[key] = mask
	}
	return mask&(1<<i) != 0
}

// outputs returns the operands that a call writes to, one bit each.
func outputs(call tensor.Call) uint32 {
	operands := tensor.Operands(call.Op)
	lookup := func(h tensor.Handle) (tensor.Shape, bool) {
		for j, o := range operands {
			if o.Tensor == h && call.Buffers[j] != nil {
				return call.Buffers[j].Shape(), true
			}
		}
		return tensor.Shape{}, false
	}
	var mask uint32
	for _, place := range tensor.Places(call.Op, lookup) {
		if place.Output {
			mask |= 1 << place.Operand
		}
	}
	return mask
}
