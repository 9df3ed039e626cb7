package ref

import (
	"math"

	"github.com/thetaedge/theta/tensor"
	"github.com/thetaedge/theta/tensor/fixed"
	"github.com/thetaedge/theta/tensor/table"
)

// Rope rotates pairs of numbers.
func Rope(o *tensor.Rope, x, cos, sin, out []int32) {
	heads, dim, half := int(o.Heads), int(o.Dim), int(o.Rotated/2)
	for r := range int(o.Rows) {
		angle := (int(o.From) + r) * half
		for h := range heads {
			in, to := x[(r*heads+h)*dim:][:dim], out[(r*heads+h)*dim:][:dim]
			for i := range half {
				a, b, c, s := in[i], in[half+i], cos[angle+i], sin[angle+i]
				to[i] = fixed.Sub(fixed.MulShrSigned(a, c, 30), fixed.MulShrSigned(b, s, 30))
				to[half+i] = fixed.Add(fixed.MulShrSigned(b, c, 30), fixed.MulShrSigned(a, s, 30))
			}
			copy(to[2*half:], in[2*half:])
		}
	}
}

// ScoreFraction is the number of places after the point of scores.
const ScoreFraction = 16

// AttnScores multiplies queries with keys.
func AttnScores(o *tensor.AttnScores, q []int8, qScale []fixed.Scale, k []int8, kScale []fixed.Scale, out []int32) {
	for h := range int(o.Heads) {
		for t := range int(o.Queries) {
			AttnScoresRow(o, h, t, q, qScale, k, kScale, out)
		}
	}
}

// AttnScoresRow multiplies one query of a head with its keys.
func AttnScoresRow(o *tensor.AttnScores, h, t int, q []int8, qScale []fixed.Scale, k []int8, kScale []fixed.Scale, out []int32) {
	heads, kvHeads, keys, dim := int(o.Heads), int(o.KVHeads), int(o.Keys), int(o.Dim)
	row := out[(h*int(o.Queries)+t)*keys:][:keys]
	for s := range row {
		row[s] = math.MinInt32
	}
	query := q[(t*heads+h)*dim:][:dim]
	scale := fixed.Combine(qScale[t*heads+h], fixed.Scale{M: o.UnitM, E: o.UnitE})
	from, to := o.Mask.Keys(t, keys)
	for s := from; s < to; s++ {
		key := s*kvHeads + h/(heads/kvHeads)
		row[s] = scale.Times(kScale[key].Norm()).Apply(dot(query, k[key*dim:][:dim]), ScoreFraction)
	}
}

// Softmax turns scores into weights. VScale may be nil.
func Softmax(o *tensor.Softmax, x []int32, vScale []fixed.Scale, out []int32, scale []fixed.Scale) {
	for h := range int(o.Heads) {
		for t := range int(o.Queries) {
			SoftmaxRow(o, h, t, x, vScale, out, scale)
		}
	}
}

// SoftmaxRow turns the scores of one query of a head into weights.
func SoftmaxRow(o *tensor.Softmax, h, t int, x []int32, vScale []fixed.Scale, out []int32, scale []fixed.Scale) {
	heads, kvHeads, keys := int(o.Heads), int(o.KVHeads), int(o.Keys)
	r := h*int(o.Queries) + t
	from, to := o.Mask.Keys(t, keys)
	row := out[r*keys:][:keys]
	total := weigh(x[r*keys:][from:to], row[from:to])
	clear(row[:from])
	clear(row[to:])
	scale[r] = fixed.Inverse(total)
	if vScale != nil {
		scale[r] = fold(row[from:to], func(i int) fixed.Scale {
			return vScale[(from+i)*kvHeads+h/(heads/kvHeads)].Norm()
		}, scale[r])
	}
}

// weigh writes 2^(x - max x) with 24 places after the point, and returns the sum.
func weigh(x, out []int32) uint64 {
	most := int32(math.MinInt32)
	for _, v := range x {
		most = max(most, v)
	}
	return Weigh(x, out, most)
}

// Weigh writes 2^(x - most) with 24 places after the point, for scores of at most `most`, and returns the sum.
func Weigh(x, out []int32, most int32) uint64 {
	var total uint64
	for i, v := range x {
		out[i] = (exp2neg(uint32(most)-uint32(v)) + 32) >> 6
		total += uint64(out[i])
	}
	return total
}

// exp2neg returns 2^-(x/2^16) with 30 places after the point.
func exp2neg(x uint32) int32 {
	down := x >> 16
	if down > 30 {
		return 0
	}
	i, rest := x>>6&(table.Exp2Intervals-1), x&63
	exp2 := table.Exp2()
	return fixed.Line(exp2[i], exp2[i+1], rest, 6) >> down
}

// fold multiplies weights with the scales of their values, relative to the largest power of two
// among these, and returns the scale of the row with that power.
func fold(weights []int32, value func(int) fixed.Scale, scale fixed.Scale) fixed.Scale {
	least, found := int32(0), false
	for i, w := range weights {
		if v := value(i); w != 0 && v.M != 0 && (!found || v.E < least) {
			least, found = v.E, true
		}
	}
	if !found {
		clear(weights)
		return fixed.Scale{}
	}
	for i, w := range weights {
		v := value(i)
		if shift := 31 + v.E - least; w != 0 && v.M != 0 && shift <= 62 {
			weights[i] = fixed.MulShr(w, uint32(v.M), uint32(shift))
		} else {
			weights[i] = 0
		}
	}
	scale.E += least - 31
	return scale
}

// AttnValues sums values by weight.
func AttnValues(o *tensor.AttnValues, u []int32, scale []fixed.Scale, v []int8, out []int32) {
	for h := range int(o.Heads) {
		for t := range int(o.Queries) {
			AttnValuesRow(o, h, t, u, scale, v, out)
		}
	}
}

// AttnValuesRow sums the values of a head by the weights of one query.
func AttnValuesRow(o *tensor.AttnValues, h, t int, u []int32, scale []fixed.Scale, v []int8, out []int32) {
	heads, kvHeads, keys, dim := int(o.Heads), int(o.KVHeads), int(o.Keys), int(o.Dim)
	r, g := h*int(o.Queries)+t, h/(heads/kvHeads)
	sums := make([]int64, dim)
	from, to := o.Mask.Keys(t, keys)
	for s := from; s < to; s++ {
		weight := int64(u[r*keys+s])
		for d, value := range v[(s*kvHeads+g)*dim:][:dim] {
			sums[d] += weight * int64(value)
		}
	}
	by := scale[r].Norm()
	for d, sum := range sums {
		out[(t*heads+h)*dim+d] = by.ApplyWide(sum, o.Fraction)
	}
}
