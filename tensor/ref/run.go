package ref

import "github.com/thetaedge/theta/tensor"

// Run executes a call that tensor.Validate has accepted, on buffers of this package.
func Run(call tensor.Call) error {
	s := slots{call, tensor.Operands(call.Op)}
	switch o := call.Op.(type) {
	case *tensor.Gemm:
		Gemm(o, s.s8(0), s.s8(1), s.s32(2))
	case *tensor.Expand4:
		Expand4(o, s.s4(0), s.s8(1), s.s8(2), s.s8(3))
	case *tensor.Rescale:
		rescale(o, s)
	case *tensor.Quant:
		Quant(o, s.s32(0), s.s8(1), s.scales(2))
	case *tensor.RMSNorm:
		RMSNorm(o, s.s32(0), s.s16(1), s.s32(2), s.s8(2), s.scales(3))
	case *tensor.LayerNorm:
		LayerNorm(o, s.s32(0), s.s16(1), s.s32(2), s.s32(3), s.s8(3), s.scales(4))
	case *tensor.GroupNorm:
		GroupNorm(o, s.s32(0), s.s16(1), s.s32(2), s.s32(3))
	case *tensor.Rope:
		Rope(o, s.s32(0), s.s32(1), s.s32(2), s.s32(3))
	case *tensor.AttnScores:
		AttnScores(o, s.s8(0), s.scales(1), s.s8(2), s.scales(3), s.s32(4))
	case *tensor.Softmax:
		Softmax(o, s.s32(0), s.scales(1), s.s32(2), s.scales(3))
	case *tensor.AttnValues:
		AttnValues(o, s.s32(0), s.scales(1), s.s8(2), s.s32(3))
	default:
		return runOther(s)
	}
	return nil
}

// runOther executes what belongs to no language model alone.
func runOther(s slots) error {
	switch o := s.call.Op.(type) {
	case *tensor.Lookup:
		Lookup(o, s.s32(0), s.s32(1), s.s32(2))
	case *tensor.Gate:
		Gate(o, s.s32(0), s.s32(1), s.s32(2), s.s32(3))
	case *tensor.Conv2D:
		Conv2D(o, s.s8(0), s.s8(1), s.s32(2))
	case *tensor.Depthwise2D:
		Depthwise2D(o, s.s8(0), s.s8(1), s.s32(2))
	case *tensor.Binary:
		Binary(o, s.s32(0), s.s32(1), s.s32(2))
	case *tensor.Clamp:
		Clamp(o, s.s32(0), s.s32(1))
	case *tensor.Leaky:
		Leaky(o, s.s32(0), s.s32(1), s.s32(2))
	case *tensor.Sum:
		Sum(o, s.s32(0), s.s32(1))
	case *tensor.Argmax:
		Argmax(o, s.s32(0), s.s32(1))
	case *tensor.TopK:
		TopK(o, s.s32(0), s.s32(1), s.s32(2))
	case *tensor.Noise:
		Noise(o, s.s32(0))
	default:
		return runMove(s)
	}
	return nil
}

// runMove executes what works on elements of several types.
func runMove(s slots) error {
	switch o := s.call.Op.(type) {
	case *tensor.Copy:
		switch s.kind(0) {
		case tensor.S8:
			Copy(o, s.s8(0), s.s8(1))
		case tensor.S16:
			Copy(o, s.s16(0), s.s16(1))
		case tensor.S32:
			Copy(o, s.s32(0), s.s32(1))
		default:
			Copy(o, s.scales(0), s.scales(1))
		}
	case *tensor.Fill:
		switch s.kind(0) {
		case tensor.S8:
			Fill(o, s.s8(0))
		case tensor.S16:
			Fill(o, s.s16(0))
		default:
			Fill(o, s.s32(0))
		}
	case *tensor.Cast:
		switch s.kind(0) {
		case tensor.S8:
			castTo(o, s.s8(0), s)
		case tensor.S16:
			castTo(o, s.s16(0), s)
		default:
			castTo(o, s.s32(0), s)
		}
	case *tensor.Gather:
		gather(o, s)
	default:
		return errUnknown(s.call.Op)
	}
	return nil
}

func rescale(o *tensor.Rescale, s slots) {
	row, col, residual := s.scales(1), s.scales(2), s.s32(3)
	switch a8, o8 := s.s8(0), s.s8(4); {
	case a8 != nil && o8 != nil:
		Rescale(o, a8, row, col, residual, o8)
	case a8 != nil:
		Rescale(o, a8, row, col, residual, s.s32(4))
	case o8 != nil:
		Rescale(o, s.s32(0), row, col, residual, o8)
	default:
		Rescale(o, s.s32(0), row, col, residual, s.s32(4))
	}
}

func castTo[A integer](o *tensor.Cast, x []A, s slots) {
	switch s.kind(1) {
	case tensor.S8:
		Cast(o, x, s.s8(1))
	case tensor.S16:
		Cast(o, x, s.s16(1))
	default:
		Cast(o, x, s.s32(1))
	}
}

func gather(o *tensor.Gather, s slots) {
	index, cols := s.s32(1), int(o.Cols)
	switch s.kind(0) {
	case tensor.S4:
		Gather(o, cols/2, s.s4(0), index, s.s4(2))
	case tensor.S8:
		Gather(o, cols, s.s8(0), index, s.s8(2))
	case tensor.S16:
		Gather(o, cols, s.s16(0), index, s.s16(2))
	case tensor.S32:
		Gather(o, cols, s.s32(0), index, s.s32(2))
	default:
		Gather(o, cols, s.scales(0), index, s.scales(2))
	}
}
