package plan

import "github.com/thetaedge/theta/tensor"

// Trace is the kernel that adds checksums.
const Trace = "trace"

// Sums are the dispatches that add the checksum of an output under a key to a place: the window at
// binding 1 is the device's buffer of sums, and words is the place in it. The windows at binding 0
// are those of the operand with the output.
func Sums(op tensor.Op, operand int, count, key uint64, words uint32, l Limits) ([]Dispatch, bool) {
	types := make([]tensor.Type, operand+1)
	types[operand] = tensor.S32
	o := operands{tensor.Operands(op), types}
	const each = 8
	d := domain{
		sizes: []uint64{count},
		steps: []step{{0, 1}},
		part: func(b box) Dispatch {
			first, n := b.from[0], b.size(0)
			return Dispatch{
				Kernel:  Trace,
				Windows: []Window{o.window(operand, first, n), unused()},
				Params:  []uint32{uint32(n), uint32(key), uint32(key >> 32), uint32(first), uint32(first >> 32), words},
				Groups:  [3]uint64{over(n, each*Lanes), 1, 1},
				Work:    n * 20,
			}
		},
	}
	return d.divide(l)
}
