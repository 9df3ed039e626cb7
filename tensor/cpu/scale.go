package cpu

import (
	"github.com/thetaedge/theta/tensor"
	"github.com/thetaedge/theta/tensor/fixed"
	"github.com/thetaedge/theta/tensor/ref"
)

// expand4 divides the rows and reads gain and zero once for each group.
func (d *Device) expand4(o *tensor.Expand4, s ref.Operands) {
	w, gain, zero, out := s.S4(0), s.S8(1), s.S8(2), s.S8(3)
	k, group := int(o.K), int(o.Group)
	d.split(int(o.N), k, func(from, to int) {
		for g := from * k / group; g < to*k/group; g++ {
			by, less := int32(gain[g]), int32(0)
			if zero != nil {
				less = int32(zero[g])
			}
			// The sixteen weights that there are.
			var weights [16]int8
			for i := range weights {
				weights[i] = int8(min(max((int32(int8(i<<4)>>4)-less)*by, -127), 127))
			}
			expanded := out[g*group:][:group]
			for i, two := range w[g*group/2:][:group/2] {
				expanded[2*i], expanded[2*i+1] = weights[two&15], weights[two>>4]
			}
		}
	})
}

// blockColumns is the number of columns whose scales are normalized at a time.
const blockColumns = 1024

// rescale divides the rows. It normalizes the scale of a column once for the rows of a core.
func (d *Device) rescale(o *tensor.Rescale, s ref.Operands) {
	k := rescaling{d, o, s.S32(0), s.S32(3), s.S32(4), s.Scales(1), s.Scales(2)}
	cols := int(o.Cols)
	d.split(int(o.Rows), 4*cols, func(from, to int) {
		var block [blockColumns]fixed.Scale
		for first := 0; first < cols; first += blockColumns {
			columns := block[:min(blockColumns, cols-first)]
			k.columns(first, columns)
			for r := from; r < to; r++ {
				k.elements(r, r*cols+first, columns)
			}
		}
	})
}

// rescaling is a rescale with its operands. residual, row and col may be nil.
type rescaling struct {
	device             *Device
	op                 *tensor.Rescale
	acc, residual, out []int32
	row, col           []fixed.Scale
}

// columns normalizes the scales of columns from one on.
func (k *rescaling) columns(first int, columns []fixed.Scale) {
	for c := range columns {
		switch {
		case k.col == nil:
			columns[c] = unit()
		case k.op.OneCol:
			columns[c] = k.col[0].Norm()
		default:
			columns[c] = k.col[first+c].Norm()
		}
	}
}

// elements works on those of row r from a place on, one for each column.
func (k *rescaling) elements(r, at int, columns []fixed.Scale) {
	scale := unit()
	switch {
	case k.row == nil:
	case k.op.OneRow:
		scale = k.row[0].Norm()
	default:
		scale = k.row[r].Norm()
	}
	in, result := k.acc[at:][:len(columns)], k.out[at:][:len(columns)]
	residual := k.residual
	if residual != nil {
		residual = residual[at:][:len(columns)]
	}
	done := k.device.apply(in, columns, scale, k.op.Fraction, residual, result)
	for c := done; c < len(in); c++ {
		v := scale.Times(columns[c]).Apply(in[c], k.op.Fraction)
		if residual != nil {
			v = fixed.Add(v, residual[c])
		}
		result[c] = v
	}
}
