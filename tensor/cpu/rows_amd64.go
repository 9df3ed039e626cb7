package cpu

import (
	"math"

	"github.com/thetaedge/theta/tensor"
	"github.com/thetaedge/theta/tensor/fixed"
	"github.com/thetaedge/theta/tensor/ref"
	"github.com/thetaedge/theta/tensor/table"
)

//go:noescape
func applyAVX512(x *int32, scales *fixed.Scale, m, e int64, residual, out *int32, n uintptr)

//go:noescape
func largestAVX512(x *int32, n uintptr) uint32

//go:noescape
func highestAVX512(x *int32, n uintptr) int32

//go:noescape
func leastAVX512(weights *int32, scales *fixed.Scale, n uintptr) int64

//go:noescape
func quantAVX512(x *int32, out *int8, by, shift uint64, n uintptr)

//go:noescape
func squaresAVX512(x *int32, down uint64, n uintptr) uint64

//go:noescape
func sumAVX512(x *int32, n uintptr) int64

//go:noescape
func weighAVX512(x, out, table *int32, most int32, n uintptr) uint64

//go:noescape
func gateAVX512(x, u, table, out *int32, low int64, step, intervals, shift uint64, n uintptr)

//go:noescape
func ropeAVX512(x, cos, sin, out *int32, half uintptr)

//go:noescape
func valuesAVX512(u *int32, v *int8, step, keys uintptr, sums *int64)

//go:noescape
func splitAVX512(u *int32, low, high *uint16, n uintptr)

//go:noescape
func pairsVNNI(low, high *uint16, v *int8, step, pairs uintptr, sums *int64)

//go:noescape
func checksumAVX512(key, first uint64, output *int32, n uintptr) uint64

// Each of the following works on as many elements as vectors can take, from the first one on, and
// returns their number.

// apply is by.Times of each scale, and Apply. Without a residual, that is nil.
func (d *Device) apply(x []int32, scales []fixed.Scale, by fixed.Scale, fraction int32, residual, out []int32) int {
	n := len(x) &^ 7
	if d.vectors < AVX512VNNI || n == 0 {
		return 0
	}
	_, _ = scales[n-1], out[n-1]
	var more *int32
	if residual != nil {
		more = &residual[:n][0]
	}
	applyAVX512(&x[0], &scales[0], int64(by.M), int64(by.E)-int64(fraction)-30, more, &out[0], uintptr(n))
	return n
}

// largest returns the largest magnitude of the elements as well.
func (d *Device) largest(x []int32) (most uint32, n int) {
	n = len(x) &^ 15
	if d.vectors < AVX512VNNI || n == 0 {
		return 0, 0
	}
	return largestAVX512(&x[0], uintptr(n)), n
}

// highest returns the largest of the elements as well.
func (d *Device) highest(x []int32) (most int32, n int) {
	n = len(x) &^ 15
	if d.vectors < AVX512VNNI || n == 0 {
		return math.MinInt32, 0
	}
	return highestAVX512(&x[0], uintptr(n)), n
}

// least returns the least E as well, of scales that are not zero and whose weights are not zero, or none.
func (d *Device) least(weights []int32, scales []fixed.Scale) (least int64, n int) {
	n = len(scales) &^ 7
	if d.vectors < AVX512VNNI || n == 0 {
		return none, 0
	}
	_ = weights[n-1]
	return leastAVX512(&weights[0], &scales[0], uintptr(n)), n
}

// cut multiplies with a number, shifts, and cuts to eight bits.
func (d *Device) cut(x []int32, out []int8, by, shift uint64) int {
	n := len(x) &^ 7
	if d.vectors < AVX512VNNI || n == 0 {
		return 0
	}
	_ = out[n-1]
	quantAVX512(&x[0], &out[0], by, shift, uintptr(n))
	return n
}

// squares returns the sum of the squares of the elements, shifted down, as well.
func (d *Device) squares(x []int32, down int32) (sum uint64, n int) {
	n = len(x) &^ 15
	if d.vectors < AVX512VNNI || n == 0 {
		return 0, 0
	}
	return squaresAVX512(&x[0], uint64(down), uintptr(n)), n
}

// total returns the sum of the elements as well.
func (d *Device) total(x []int32) (sum int64, n int) {
	n = len(x) &^ 15
	if d.vectors < AVX512VNNI || n == 0 {
		return 0, 0
	}
	return sumAVX512(&x[0], uintptr(n)), n
}

// weigh returns the sum of the weights of scores as well.
func (d *Device) weigh(x, out []int32, most int32) (sum uint64, n int) {
	n = len(x) &^ 15
	if d.vectors < AVX512VNNI || n == 0 {
		return 0, 0
	}
	_ = out[n-1]
	return weighAVX512(&x[0], &out[0], &table.Exp2()[0], most, uintptr(n)), n
}

// gate is an activation. Without factors, u is nil.
func (d *Device) gate(o *tensor.Gate, x, u, entries, out []int32) int {
	n := len(x) &^ 7
	if d.vectors < AVX512VNNI || n == 0 {
		return 0
	}
	g := fixed.Grid(o.Grid)
	if o.Curve != tensor.Own {
		entries, g = ref.Curve(o.Curve)
	}
	_, _ = entries[g.Intervals], out[n-1]
	var factors *int32
	if u != nil {
		factors = &u[:n][0]
	}
	gateAVX512(&x[0], factors, &entries[0], &out[0], int64(g.Low), uint64(g.Step), uint64(g.Intervals), uint64(o.Shift), uintptr(n))
	return n
}

// turn rotates the pairs of a head by angles, one for each pair. It does all pairs or none.
func (d *Device) turn(x, cos, sin, out []int32) bool {
	half := len(cos)
	if d.vectors < AVX512VNNI || half == 0 || half%8 != 0 {
		return false
	}
	_, _, _ = x[2*half-1], sin[half-1], out[2*half-1]
	ropeAVX512(&x[0], &cos[0], &sin[0], &out[0], uintptr(half))
	return true
}

const (
	// valueColumns is the number of columns of values that vectors take at once.
	valueColumns = 64
	// pairKeys is the number of keys whose sums fit 32 bits, if weights are below pairBound.
	pairKeys  = 256
	pairBound = 1 << 30
)

// weighted adds columns of values by weight to sums, one row of values for each weight, and returns the
// number of columns that are done.
func (d *Device) weighted(u []int32, v []int8, step int, sums []int64) int {
	n := len(sums) / valueColumns * valueColumns
	if d.vectors < AVX512VNNI || n == 0 || len(u) == 0 {
		return 0
	}
	_ = v[(len(u)-1)*step+n-1]
	if d.most(u) >= pairBound {
		for i := 0; i < n; i += valueColumns {
			valuesAVX512(&u[0], &v[i], uintptr(step), uintptr(len(u)), &sums[i])
		}
		return n
	}
	var low, high [pairKeys]uint16
	for len(u) >= 2 {
		weights := u[:min(len(u)&^1, pairKeys)]
		whole := len(weights) &^ 15
		if whole > 0 {
			splitAVX512(&weights[0], &low[0], &high[0], uintptr(whole))
		}
		for i, w := range weights[whole:] {
			low[whole+i], high[whole+i] = uint16(w&0x7fff), uint16(w>>15)
		}
		for i := 0; i < n; i += valueColumns {
			pairsVNNI(&low[0], &high[0], &v[i], uintptr(step), uintptr(len(weights)/2), &sums[i])
		}
		u, v = u[len(weights):], v[min(len(weights)*step, len(v)):]
	}
	addWeighted(u, v, step, sums[:n])
	return n
}

// checksum returns what tensor.Checksum does.
func (d *Device) checksum(key, first uint64, output []int32) uint64 {
	n := len(output) &^ 7
	if d.vectors < AVX512VNNI || n == 0 {
		return tensor.Checksum(key, first, output)
	}
	return checksumAVX512(key, first, &output[0], uintptr(n)) + tensor.Checksum(key, first+uint64(n), output[n:])
}
