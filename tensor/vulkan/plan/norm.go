package plan

import "github.com/thetaedge/theta/tensor"

// Flags of the kernels of norms.
const (
	normGain = 1 << iota
	normBias
	normCentre
	normBytes
)

// rowNorm is a norm of rows.
type rowNorm struct {
	rows, cols             uint32
	gainFraction, fraction int32
	epsilon                uint64
	// x, gain, bias, out and scale are the places of operands.
	x, gain, bias, out, scale int
	flags                     uint32
}

func (o operands) rmsNorm(op *tensor.RMSNorm) domain {
	return o.rowNorm(rowNorm{op.Rows, op.Cols, op.GainFraction, op.Fraction, op.Epsilon, 0, 1, -1, 2, 3, 0})
}

func (o operands) layerNorm(op *tensor.LayerNorm) domain {
	return o.rowNorm(rowNorm{op.Rows, op.Cols, op.GainFraction, op.Fraction, op.Epsilon, 0, 1, 2, 3, 4, normCentre})
}

// rowNorm is [Rows].
func (o operands) rowNorm(n rowNorm) domain {
	cols := uint64(n.cols)
	bias := unused()
	if n.bias >= 0 {
		bias = o.window(n.bias, 0, cols)
	}
	flags := n.flags | flag(o.has(n.gain), normGain) | flag(bias.Operand >= 0, normBias) | flag(o.bits(n.out) == 8, normBytes)
	return domain{
		sizes: []uint64{uint64(n.rows)},
		steps: []step{{0, 1}},
		part: func(b box) Dispatch {
			first, rows := b.from[0], b.size(0)
			return Dispatch{
				Kernel: "norm",
				Windows: []Window{
					o.window(n.x, first*cols, rows*cols), o.window(n.gain, 0, cols), bias,
					o.window(n.out, first*cols, rows*cols), o.window(n.scale, first, rows),
				},
				Params: []uint32{n.cols, uint32(n.gainFraction), uint32(n.fraction), uint32(n.epsilon), uint32(n.epsilon >> 32), flags},
				Groups: [3]uint64{rows, 1, 1},
				Work:   walked(rows, cols, 150),
			}
		},
	}
}

// groupNorm is [Batch, Groups].
func (o operands) groupNorm(op *tensor.GroupNorm) domain {
	image, channels := uint64(op.Pixels)*uint64(op.Channels), uint64(op.Channels)
	width := channels / uint64(op.Groups)
	flags := normCentre | flag(o.has(1), normGain) | flag(o.has(2), normBias)
	return domain{
		sizes: []uint64{uint64(op.Batch), uint64(op.Groups)},
		steps: []step{{0, 1}, {1, 1}},
		part: func(b box) Dispatch {
			first, count := b.from[0]*image, b.size(0)*image
			return Dispatch{
				Kernel:  "groupnorm",
				Windows: []Window{o.window(0, first, count), o.window(1, 0, channels), o.window(2, 0, channels), o.window(3, first, count)},
				Params: []uint32{
					op.Pixels, uint32(op.GainFraction), uint32(op.Fraction), uint32(op.Epsilon), uint32(op.Epsilon >> 32), flags,
					op.Channels, uint32(width), uint32(b.from[1]),
				},
				Groups: [3]uint64{b.size(1), b.size(0), 1},
				Work:   walked(b.size(0)*b.size(1), uint64(op.Pixels)*width, 150),
			}
		},
	}
}
