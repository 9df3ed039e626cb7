package ref

import "github.com/thetaedge/theta/tensor"

// Run executes a call that tensor.Validate has accepted, on buffers of this package.
func Run(call tensor.Call) error {
	s := OperandsOf(call)
	switch o := call.Op.(type) {
	case *tensor.Gemm:
		Gemm(o, s.S8(0), s.S8(1), s.S32(2))
	case *tensor.Expand4:
		Expand4(o, s.S4(0), s.S8(1), s.S8(2), s.S8(3))
	case *tensor.Rescale:
		rescale(o, s)
	case *tensor.Quant:
		Quant(o, s.S32(0), s.S8(1), s.Scales(2))
	case *tensor.RMSNorm:
		RMSNorm(o, s.S32(0), s.S16(1), s.S32(2), s.S8(2), s.Scales(3))
	case *tensor.LayerNorm:
		LayerNorm(o, s.S32(0), s.S16(1), s.S32(2), s.S32(3), s.S8(3), s.Scales(4))
	case *tensor.GroupNorm:
		GroupNorm(o, s.S32(0), s.S16(1), s.S32(2), s.S32(3))
	case *tensor.Rope:
		Rope(o, s.S32(0), s.S32(1), s.S32(2), s.S32(3))
	case *tensor.AttnScores:
		AttnScores(o, s.S8(0), s.Scales(1), s.S8(2), s.Scales(3), s.S32(4))
	case *tensor.Softmax:
		Softmax(o, s.S32(0), s.Scales(1), s.S32(2), s.Scales(3))
	case *tensor.AttnValues:
		AttnValues(o, s.S32(0), s.Scales(1), s.S8(2), s.S32(3))
	default:
		return runOther(s)
	}
	return nil
}

// runOther executes what belongs to no language model alone.
func runOther(s Operands) error {
	switch o := s.call.Op.(type) {
	case *tensor.Lookup:
		Lookup(o, s.S32(0), s.S32(1), s.S32(2))
	case *tensor.Gate:
		Gate(o, s.S32(0), s.S32(1), s.S32(2), s.S32(3))
	case *tensor.Conv2D:
		Conv2D(o, s.S8(0), s.S8(1), s.S32(2))
	case *tensor.Depthwise2D:
		Depthwise2D(o, s.S8(0), s.S8(1), s.S32(2))
	case *tensor.Binary:
		Binary(o, s.S32(0), s.S32(1), s.S32(2))
	case *tensor.Clamp:
		Clamp(o, s.S32(0), s.S32(1))
	case *tensor.Leaky:
		Leaky(o, s.S32(0), s.S32(1), s.S32(2))
	case *tensor.Sum:
		Sum(o, s.S32(0), s.S32(1))
	case *tensor.Argmax:
		Argmax(o, s.S32(0), s.S32(1))
	case *tensor.TopK:
		TopK(o, s.S32(0), s.S32(1), s.S32(2))
	case *tensor.Noise:
		Noise(o, s.S32(0))
	default:
		return runMove(s)
	}
	return nil
}

// runMove executes what works on elements of several types.
func runMove(s Operands) error {
	switch o := s.call.Op.(type) {
	case *tensor.Copy:
		switch s.kind(0) {
		case tensor.S8:
			Copy(o, s.S8(0), s.S8(1))
		case tensor.S16:
			Copy(o, s.S16(0), s.S16(1))
		case tensor.S32:
			Copy(o, s.S32(0), s.S32(1))
		default:
			Copy(o, s.Scales(0), s.Scales(1))
		}
	case *tensor.Fill:
		switch s.kind(0) {
		case tensor.S8:
			Fill(o, s.S8(0))
		case tensor.S16:
			Fill(o, s.S16(0))
		default:
			Fill(o, s.S32(0))
		}
	case *tensor.Cast:
		switch s.kind(0) {
		case tensor.S8:
			castTo(o, s.S8(0), s)
		case tensor.S16:
			castTo(o, s.S16(0), s)
		default:
			castTo(o, s.S32(0), s)
		}
	case *tensor.Gather:
		gather(o, s)
	default:
		return errUnknown(s.call.Op)
	}
	return nil
}

func rescale(o *tensor.Rescale, s Operands) {
	row, col, residual := s.Scales(1), s.Scales(2), s.S32(3)
	switch a8, o8 := s.S8(0), s.S8(4); {
	case a8 != nil && o8 != nil:
		Rescale(o, a8, row, col, residual, o8)
	case a8 != nil:
		Rescale(o, a8, row, col, residual, s.S32(4))
	case o8 != nil:
		Rescale(o, s.S32(0), row, col, residual, o8)
	default:
		Rescale(o, s.S32(0), row, col, residual, s.S32(4))
	}
}

func castTo[A integer](o *tensor.Cast, x []A, s Operands) {
	switch s.kind(1) {
	case tensor.S8:
		Cast(o, x, s.S8(1))
	case tensor.S16:
		Cast(o, x, s.S16(1))
	default:
		Cast(o, x, s.S32(1))
	}
}

func gather(o *tensor.Gather, s Operands) {
	index, cols := s.S32(1), int(o.Cols)
	switch s.kind(0) {
	case tensor.S4:
		Gather(o, cols/2, s.S4(0), index, s.S4(2))
	case tensor.S8:
		Gather(o, cols, s.S8(0), index, s.S8(2))
	case tensor.S16:
		Gather(o, cols, s.S16(0), index, s.S16(2))
	case tensor.S32:
		Gather(o, cols, s.S32(0), index, s.S32(2))
	default:
		Gather(o, cols, s.Scales(0), index, s.Scales(2))
	}
}
