package cpu

import (
	"math"

	"github.com/thetaedge/theta/tensor"
	"github.com/thetaedge/theta/tensor/fixed"
	"github.com/thetaedge/theta/tensor/ref"
)

// rows calls, on each core, what start returns for queries of heads, and in all for all of them.
func (d *Device) rows(heads, queries uint32, elements int, start func() func(h, t int)) {
	d.split(int(heads)*int(queries), elements, func(from, to int) {
		work := start()
		for r := from; r < to; r++ {
			work(r/int(queries), r%int(queries))
		}
	})
}

// normalized returns the scales of a head, of keys or values that lie `step` apart.
func normalized(scales []fixed.Scale, head, step, keys int, to []fixed.Scale) []fixed.Scale {
	to = to[:0]
	for i := range keys {
		to = append(to, scales[i*step+head].Norm())
	}
	return to
}

// scores is the reference with faster sums of products. A core finds the scales of the keys of a head once
// for all queries that see them.
func (d *Device) scores(o *tensor.AttnScores, s ref.Operands) {
	q, qScale, k, kScale, out := s.S8(0), s.Scales(1), s.S8(2), s.Scales(3), s.S32(4)
	heads, kvHeads, keys, dim := int(o.Heads), int(o.KVHeads), int(o.Keys), int(o.Dim)
	factor := fixed.Scale{M: o.UnitM, E: o.UnitE}
	d.rows(o.Heads, o.Queries, keys*dim, func() func(h, t int) {
		known, scales := -1, make([]fixed.Scale, 0, keys)
		return func(h, t int) {
			g := h / (heads / kvHeads)
			if g != known {
				known, scales = g, normalized(kScale, g, kvHeads, keys, scales)
			}
			row := out[(h*int(o.Queries)+t)*keys:][:keys]
			from, to := o.Mask.Keys(t, keys)
			d.rowDots(q[(t*heads+h)*dim:][:dim], k[g*dim:], kvHeads*dim, from, to, row)
			scale := fixed.Combine(qScale[t*heads+h], factor)
			seen := row[from:to]
			done := d.apply(seen, scales[from:to], scale, ref.ScoreFraction, nil, seen)
			for i := done; i < len(seen); i++ {
				seen[i] = scale.Times(scales[from+i]).Apply(seen[i], ref.ScoreFraction)
			}
			hide(row[:from])
			hide(row[to:])
		}
	})
}

// hide sets scores to that of keys that a query does not see.
func hide(scores []int32) {
	for i := range scores {
		scores[i] = math.MinInt32
	}
}

// softmax is the reference with vectors.
func (d *Device) softmax(o *tensor.Softmax, s ref.Operands) {
	x, vScale, out, scale := s.S32(0), s.Scales(1), s.S32(2), s.Scales(3)
	heads, kvHeads, keys := int(o.Heads), int(o.KVHeads), int(o.Keys)
	d.rows(o.Heads, o.Queries, 8*keys, func() func(h, t int) {
		known, scales := -1, []fixed.Scale(nil)
		return func(h, t int) {
			r := h*int(o.Queries) + t
			from, to := o.Mask.Keys(t, keys)
			if g := h / (heads / kvHeads); vScale != nil && g != known {
				known, scales = g, normalized(vScale, g, kvHeads, keys, scales)
			}
			var values []fixed.Scale
			if vScale != nil {
				values = scales[from:to]
			}
			row := out[r*keys:][:keys]
			scale[r] = d.softmaxRow(x[r*keys:][from:to], row[from:to], values)
			clear(row[:from])
			clear(row[to:])
		}
	})
}

// values is the reference with vectors, or four keys at a time.
func (d *Device) values(o *tensor.AttnValues, s ref.Operands) {
	u, scale, v, out := s.S32(0), s.Scales(1), s.S8(2), s.S32(3)
	heads, kvHeads, keys, dim := int(o.Heads), int(o.KVHeads), int(o.Keys), int(o.Dim)
	d.rows(o.Heads, o.Queries, keys*dim, func() func(h, t int) {
		sums := make([]int64, dim)
		return func(h, t int) {
			r, step := h*int(o.Queries)+t, kvHeads*dim
			from, to := o.Mask.Keys(t, keys)
			clear(sums)
			if from < to {
				weights, values := u[r*keys:][from:to], v[from*step+h/(heads/kvHeads)*dim:]
				done := d.weighted(weights, values, step, sums)
				addWeighted(weights, values[done:], step, sums[done:])
			}
			by := scale[r].Norm()
			for i, sum := range sums {
				out[(t*heads+h)*dim+i] = by.ApplyWide(sum, o.Fraction)
			}
		}
	})
}

// addWeighted adds rows of values by weight, four at a time.
func addWeighted(u []int32, v []int8, step int, sums []int64) {
	if len(sums) == 0 {
		return
	}
	n, dim := 0, len(sums)
	for ; n+4 <= len(u); n += 4 {
		w0, w1, w2, w3 := int64(u[n]), int64(u[n+1]), int64(u[n+2]), int64(u[n+3])
		v0, v1 := v[n*step:][:dim], v[(n+1)*step:][:dim]
		v2, v3 := v[(n+2)*step:][:dim], v[(n+3)*step:][:dim]
		for i := range sums {
			sums[i] += w0*int64(v0[i]) + w1*int64(v1[i]) + w2*int64(v2[i]) + w3*int64(v3[i])
		}
	}
	for ; n < len(u); n++ {
		weight := int64(u[n])
		for i, value := range v[n*step:][:dim] {
			sums[i] += weight * int64(value)
		}
	}
}
