package cpu

import (
	"math"

	"github.com/thetaedge/theta/tensor"
	"github.com/thetaedge/theta/tensor/fixed"
	"github.com/thetaedge/theta/tensor/ref"
)

// rows calls work for all queries of all heads.
func (d *Device) rows(heads, queries uint32, elements int, work func(h, t int)) {
	d.split(int(heads)*int(queries), elements, func(from, to int) {
		for r := from; r < to; r++ {
			work(r/int(queries), r%int(queries))
		}
	})
}

// scores is the reference with faster sums of products.
func (d *Device) scores(o *tensor.AttnScores, s ref.Operands) {
	q, qScale, k, kScale, out := s.S8(0), s.Scales(1), s.S8(2), s.Scales(3), s.S32(4)
	heads, kvHeads, keys, dim := int(o.Heads), int(o.KVHeads), int(o.Keys), int(o.Dim)
	unit := fixed.Scale{M: o.UnitM, E: o.UnitE}
	d.rows(o.Heads, o.Queries, keys*dim, func(h, t int) {
		g := h / (heads / kvHeads)
		row := out[(h*int(o.Queries)+t)*keys:][:keys]
		from, to := o.Mask.Keys(t, keys)
		d.rowDots(q[(t*heads+h)*dim:][:dim], k[g*dim:], kvHeads*dim, from, to, row)
		scale := fixed.Combine(qScale[t*heads+h], unit)
		for i := range row {
			if i < from || i >= to {
				row[i] = math.MinInt32
			} else {
				row[i] = scale.Times(kScale[i*kvHeads+g].Norm()).Apply(row[i], ref.ScoreFraction)
			}
		}
	})
}

func (d *Device) softmax(o *tensor.Softmax, s ref.Operands) {
	x, vScale, out, scale := s.S32(0), s.Scales(1), s.S32(2), s.Scales(3)
	d.rows(o.Heads, o.Queries, 8*int(o.Keys), func(h, t int) { ref.SoftmaxRow(o, h, t, x, vScale, out, scale) })
}

func (d *Device) values(o *tensor.AttnValues, s ref.Operands) {
	u, scale, v, out := s.S32(0), s.Scales(1), s.S8(2), s.S32(3)
	d.rows(o.Heads, o.Queries, int(o.Keys)*int(o.Dim), func(h, t int) { ref.AttnValuesRow(o, h, t, u, scale, v, out) })
}
