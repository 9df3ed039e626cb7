package ref

import (
	"github.com/thetaedge/theta/tensor"
	"github.com/thetaedge/theta/tensor/fixed"
)

// Gemm multiplies matrices.
func Gemm(o *tensor.Gemm, a, w []int8, out []int32) {
	m, n, k := int(o.M), int(o.N), int(o.K)
	for b := range int(o.Batch) {
		weights := w
		if !o.SharedW {
			weights = w[b*n*k:]
		}
		for i := range m {
			for j := range n {
				out[(b*m+i)*n+j] = dot(a[(b*m+i)*k:][:k], weights[j*k:][:k])
			}
		}
	}
}

// dot returns the sum of products.
func dot(a, b []int8) int32 {
	var sum int32
	for i, v := range a {
		sum += int32(v) * int32(b[i])
	}
	return sum
}

// Expand4 turns weights of four bits into weights of eight. Zero may be nil.
func Expand4(o *tensor.Expand4, w []byte, gain, zero, out []int8) {
	for i := range int(o.N) * int(o.K) {
		group := i / int(o.Group)
		v := int32(nibble(w, i))
		if zero != nil {
			v -= int32(zero[group])
		}
		out[i] = int8(min(max(v*int32(gain[group]), -127), 127))
	}
}

// nibble returns an element of four bits.
func nibble(w []byte, i int) int8 {
	v := w[i/2]
	if i%2 == 0 {
		v <<= 4
	}
	return int8(v) >> 4
}

// integer is the type of elements that are read as numbers.
type integer interface{ ~int8 | ~int16 | ~int32 }

// Rescale turns sums of products into fixed point numbers. Row, col and residual may be nil.
func Rescale[A, O integer](o *tensor.Rescale, acc []A, row, col []fixed.Scale, residual []int32, out []O) {
	rows, cols := int(o.Rows), int(o.Cols)
	for r := range rows {
		for c := range cols {
			i := r*cols + c
			v := factor(o, row, col, r, c).Apply(int32(acc[i]), o.Fraction)
			if residual != nil {
				v = fixed.Add(v, residual[i])
			}
			out[i] = narrow[O](v)
		}
	}
}

// factor returns the scale of an element.
func factor(o *tensor.Rescale, row, col []fixed.Scale, r, c int) fixed.Scale {
	if o.OneRow {
		r = 0
	}
	if o.OneCol {
		c = 0
	}
	switch {
	case row == nil:
		return col[c].Norm()
	case col == nil:
		return row[r].Norm()
	}
	return fixed.Combine(row[r], col[c])
}

// narrow returns the nearest number of a type, and of eight bits within ±127.
func narrow[O integer](v int32) O {
	var o O
	if _, is := any(o).(int8); is {
		v = min(max(v, -127), 127)
	}
	return O(v)
}

// Quant cuts rows to eight bits.
func Quant(o *tensor.Quant, x []int32, out []int8, scale []fixed.Scale) {
	cols := int(o.Cols)
	for r := range int(o.Rows) {
		scale[r] = quantRow(x[r*cols:][:cols], out[r*cols:][:cols], o.Fraction)
	}
}

// quantRow writes x·127/max|x| and returns the scale max|x|/127·2^-fraction.
func quantRow(x []int32, out []int8, fraction int32) fixed.Scale {
	var most uint32
	for _, v := range x {
		most = max(most, fixed.Abs(v))
	}
	if most == 0 {
		clear(out)
		return fixed.Scale{}
	}
	size := fixed.Len(most)
	by := fixed.DivFrac(127<<24, most<<(32-size))
	for i, v := range x {
		q := int8((uint64(fixed.Abs(v))*uint64(by) + 1<<(23+size)) >> (24 + size))
		if v < 0 {
			q = -q
		}
		out[i] = q
	}
	s := fixed.Ratio(most, 127)
	s.E += fraction
	return s
}
