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

// rescale divides the rows and normalizes each scale once.
func (d *Device) rescale(o *tensor.Rescale, s ref.Operands) {
	acc, row, col, residual, out := s.S32(0), s.Scales(1), s.Scales(2), s.S32(3), s.S32(4)
	cols := int(o.Cols)
	columns := make([]fixed.Scale, cols)
	for c := range columns {
		switch {
		case col == nil:
		case o.OneCol:
			columns[c] = col[0].Norm()
		default:
			columns[c] = col[c].Norm()
		}
	}
	d.split(int(o.Rows), 4*cols, func(from, to int) {
		for r := from; r < to; r++ {
			var scale fixed.Scale
			switch {
			case row == nil:
			case o.OneRow:
				scale = row[0].Norm()
			default:
				scale = row[r].Norm()
			}
			in, result := acc[r*cols:][:cols], out[r*cols:][:cols]
			for c, v := range in {
				by := scale
				switch {
				case row == nil:
					by = columns[c]
				case col != nil:
					by = scale.Times(columns[c])
				}
				v = by.Apply(v, o.Fraction)
				if residual != nil {
					v = fixed.Add(v, residual[r*cols+c])
				}
				result[c] = v
			}
		}
	})
}
