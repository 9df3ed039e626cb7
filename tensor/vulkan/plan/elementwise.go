package plan

import "github.com/thetaedge/theta/tensor"

// binary is [Rows, Cols].
func (o operands) binary(op *tensor.Binary) domain {
	cols := uint64(op.Cols)
	stepRow, stepCol := cols, uint64(1)
	if op.OneCol {
		stepRow, stepCol = 1, 0
	}
	if op.OneRow {
		stepRow = 0
	}
	return domain{
		sizes: []uint64{uint64(op.Rows), cols},
		steps: []step{{0, 1}, {1, 1}},
		part: func(b box) Dispatch {
			first, span, n := b.from[0]*cols+b.from[1], (b.size(0)-1)*cols+b.size(1), b.size(0)*b.size(1)
			other := o.window(1, b.from[0]*stepRow+b.from[1]*stepCol, (b.size(0)-1)*stepRow+(b.size(1)-1)*stepCol+1)
			return Dispatch{
				Kernel:  "binary",
				Windows: []Window{o.window(0, first, span), other, o.window(2, first, span)},
				Params:  []uint32{uint32(n), uint32(b.size(1)), op.Cols, uint32(op.Kind), op.Shift, uint32(stepRow), uint32(stepCol)},
				Groups:  line(n),
				Work:    n * 30,
			}
		},
	}
}

// clamp is [Count].
func (o operands) clamp(op *tensor.Clamp) domain {
	return domain{
		sizes: []uint64{uint64(op.Count)},
		steps: []step{{0, 1}},
		part: func(b box) Dispatch {
			first, n := b.from[0], b.size(0)
			return Dispatch{
				Kernel:  "clamp",
				Windows: []Window{o.window(0, first, n), o.window(1, first, n)},
				Params:  []uint32{uint32(n), uint32(op.Low), uint32(op.High)},
				Groups:  line(n),
				Work:    n * 8,
			}
		},
	}
}

// leaky is [Rows, Cols].
func (o operands) leaky(op *tensor.Leaky) domain {
	cols, stepCol := uint64(op.Cols), uint64(1)
	if op.OneCol {
		stepCol = 0
	}
	return domain{
		sizes: []uint64{uint64(op.Rows), cols},
		steps: []step{{0, 1}, {1, 1}},
		part: func(b box) Dispatch {
			first, span, n := b.from[0]*cols+b.from[1], (b.size(0)-1)*cols+b.size(1), b.size(0)*b.size(1)
			return Dispatch{
				Kernel:  "leaky",
				Windows: []Window{o.window(0, first, span), o.window(1, b.from[1]*stepCol, (b.size(1)-1)*stepCol+1), o.window(2, first, span)},
				Params:  []uint32{uint32(n), uint32(b.size(1)), op.Cols, uint32(stepCol)},
				Groups:  line(n),
				Work:    n * 20,
			}
		},
	}
}
