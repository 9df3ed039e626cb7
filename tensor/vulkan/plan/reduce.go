package plan

import (
	"math"

	"github.com/thetaedge/theta/tensor"
)

// reduced is [Rows], each of which a workgroup makes `each` numbers of.
func (o operands) reduced(kernel string, rows, cols, each, work uint64, params ...uint32) domain {
	return domain{
		sizes: []uint64{rows},
		steps: []step{{0, 1}},
		part: func(b box) Dispatch {
			first, n := b.from[0], b.size(0)
			d := Dispatch{
				Kernel:  kernel,
				Windows: []Window{o.window(0, first*cols, n*cols)},
				Params:  params,
				Groups:  [3]uint64{n, 1, 1},
				Work:    walked(n, cols, work),
			}
			for i := 1; i < len(o.places); i++ {
				d.Windows = append(d.Windows, o.window(i, first*each, n*each))
			}
			return d
		},
	}
}

func (o operands) sum(op *tensor.Sum) domain {
	return o.reduced("sum", uint64(op.Rows), uint64(op.Cols), 1, 6, op.Cols, uint32(op.M), uint32(op.E))
}

func (o operands) argmax(op *tensor.Argmax) domain {
	return o.reduced("argmax", uint64(op.Rows), uint64(op.Cols), 1, 6, op.Cols)
}

// topK walks over its row nine times, and counts in memory of the workgroup.
func (o operands) topK(op *tensor.TopK) domain {
	d := o.reduced("topk", uint64(op.Rows), uint64(op.Cols), uint64(op.K), 100, op.Cols, op.K)
	whole := d.part
	d.part = func(b box) Dispatch {
		p := whole(b)
		if op.Cols > rowBound/8 {
			p.Work = math.MaxUint64
		}
		return p
	}
	return d
}
