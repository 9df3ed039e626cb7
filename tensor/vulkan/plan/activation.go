package plan

import "github.com/thetaedge/theta/tensor"

// curve is what the kernel of gate multiplies with.
type curve struct {
	table Window
	grid  tensor.Grid
}

// curveOf returns a curve of the profile.
func curveOf(c tensor.Curve) curve {
	const intervals = 2048
	switch c {
	case tensor.Sigmoid:
		return curve{entries(Sigmoid), tensor.Grid{Low: -16 << 16, Step: 10, Intervals: intervals}}
	case tensor.Normal:
		return curve{entries(Normal), tensor.Grid{Low: -8 << 16, Step: 9, Intervals: intervals}}
	default:
		return curve{entries(NormalTanh), tensor.Grid{Low: -8 << 16, Step: 9, Intervals: intervals}}
	}
}

func (o operands) lookup(op *tensor.Lookup) domain {
	c := curve{o.window(1, 0, uint64(op.Grid.Intervals)+1), op.Grid}
	return o.gated(op.Count, 0, -1, 2, c, 0, 0)
}

func (o operands) gate(op *tensor.Gate) domain {
	c := curveOf(op.Curve)
	if op.Curve == tensor.Own {
		c = curve{o.window(2, 0, uint64(op.Grid.Intervals)+1), op.Grid}
	}
	return o.gated(op.Count, 0, 1, 3, c, 1|flag(o.has(1), 2), op.Shift)
}

// gated is [Count]; x, u and out are the places of operands.
func (o operands) gated(count uint32, x, u, out int, c curve, flags, shift uint32) domain {
	return domain{
		sizes: []uint64{uint64(count)},
		steps: []step{{0, 1}},
		part: func(b box) Dispatch {
			first, n := b.from[0], b.size(0)
			factor := unused()
			if u >= 0 {
				factor = o.window(u, first, n)
			}
			return Dispatch{
				Kernel:  "gate",
				Windows: []Window{o.window(x, first, n), factor, c.table, o.window(out, first, n)},
				Params:  []uint32{uint32(n), flags, shift, uint32(c.grid.Low), c.grid.Step, c.grid.Intervals},
				Groups:  line(n),
				Work:    n * 40,
			}
		},
	}
}
