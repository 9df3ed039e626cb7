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

// values is the reference, four keys at a time.
func (d *Device) values(o *tensor.AttnValues, s ref.Operands) {
	u, scale, v, out := s.S32(0), s.Scales(1), s.S8(2), s.S32(3)
	heads, kvHeads, keys, dim := int(o.Heads), int(o.KVHeads), int(o.Keys), int(o.Dim)
	d.rows(o.Heads, o.Queries, keys*dim, func(h, t int) {
		r, step := h*int(o.Queries)+t, kvHeads*dim
		values := v[h/(heads/kvHeads)*dim:]
		sums := make([]int64, dim)
		from, to := o.Mask.Keys(t, keys)
		for ; from+4 <= to; from += 4 {
			w := u[r*keys+from:][:4]
			w0, w1, w2, w3 := int64(w[0]), int64(w[1]), int64(w[2]), int64(w[3])
			v0, v1 := values[from*step:][:dim], values[(from+1)*step:][:dim]
			v2, v3 := values[(from+2)*step:][:dim], values[(from+3)*step:][:dim]
			for i := range sums {
				sums[i] += w0*int64(v0[i]) + w1*int64(v1[i]) + w2*int64(v2[i]) + w3*int64(v3[i])
			}
		}
		for ; from < to; from++ {
			weight := int64(u[r*keys+from])
			for i, value := range values[from*step:][:dim] {
				sums[i] += weight * int64(value)
			}
		}
		by := scale[r].Norm()
		for i, sum := range sums {
			out[(t*heads+h)*dim+i] = by.ApplyWide(sum, o.Fraction)
		}
	})
}
