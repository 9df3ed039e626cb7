package ref

import (
	"github.com/thetaedge/theta/tensor"
	"github.com/thetaedge/theta/tensor/fixed"
)

// RMSNorm divides rows by the root of their mean square. Gain may be nil, and out8 and scale
// are used if out32 is nil.
func RMSNorm(o *tensor.RMSNorm, x []int32, gain []int16, out32 []int32, out8 []int8, scale []fixed.Scale) {
	cols := int(o.Cols)
	row := make([]int32, cols)
	for r := range int(o.Rows) {
		copy(row, x[r*cols:][:cols])
		normalize(row, o.Epsilon, gainOf(gain, o.GainFraction), o.Fraction)
		finish(row, r, o.Fraction, out32, out8, scale)
	}
}

// LayerNorm subtracts the mean, divides by the root of the mean square and adds a bias. Gain and
// bias may be nil, and out8 and scale are used if out32 is nil.
func LayerNorm(o *tensor.LayerNorm, x []int32, gain []int16, bias, out32 []int32, out8 []int8, scale []fixed.Scale) {
	cols := int(o.Cols)
	row := make([]int32, cols)
	for r := range int(o.Rows) {
		copy(row, x[r*cols:][:cols])
		center(row)
		normalize(row, o.Epsilon, gainOf(gain, o.GainFraction), o.Fraction)
		if bias != nil {
			for c := range row {
				row[c] = fixed.Add(row[c], bias[c])
			}
		}
		finish(row, r, o.Fraction, out32, out8, scale)
	}
}

// finish writes a row as it is or cut to eight bits.
func finish(row []int32, r int, fraction int32, out32 []int32, out8 []int8, scale []fixed.Scale) {
	if out32 != nil {
		copy(out32[r*len(row):], row)
		return
	}
	scale[r] = quantRow(row, out8[r*len(row):][:len(row)], fraction)
}

// GroupNorm is LayerNorm over the channels of a group at all pixels. Gain and bias may be nil.
func GroupNorm(o *tensor.GroupNorm, x []int32, gain []int16, bias, out []int32) {
	pixels, channels := int(o.Pixels), int(o.Channels)
	width := channels / int(o.Groups)
	group := make([]int32, pixels*width)
	gains := gainOf(gain, o.GainFraction)
	for b := range int(o.Batch) {
		for first := 0; first < channels; first += width {
			base := b*pixels*channels + first
			for p := range pixels {
				copy(group[p*width:][:width], x[base+p*channels:])
			}
			center(group)
			normalize(group, o.Epsilon, func(i int) (int32, fixed.Scale) { return gains(first + i%width) }, o.Fraction)
			for i, v := range group {
				c := i % width
				if bias != nil {
					v = fixed.Add(v, bias[first+c])
				}
				out[base+i/width*channels+c] = v
			}
		}
	}
}

// center subtracts the mean, rounded.
func center(row []int32) {
	var sum int64
	for _, v := range row {
		sum += int64(v)
	}
	n := int64(len(row))
	mean := int32(fixed.Floor(sum+n/2, n))
	for i, v := range row {
		row[i] = fixed.Sub(v, mean)
	}
}

// gainOf returns a function that returns the sign and the size of the gain at a place.
func gainOf(gain []int16, fraction int32) func(int) (int32, fixed.Scale) {
	return func(i int) (int32, fixed.Scale) {
		g := int32(1)
		if gain != nil {
			g = int32(gain[i])
		}
		sign := int32(1)
		if g < 0 {
			sign = -1
		}
		return sign, fixed.Scale{M: int32(fixed.Abs(g)), E: fraction}.Norm()
	}
}

// squareBits is the number of bits of the numbers that norms square.
const squareBits = 15

// normalize divides numbers by the root of their mean square and multiplies them with gains.
func normalize(row []int32, epsilon uint64, gain func(int) (int32, fixed.Scale), fraction int32) {
	var most uint32
	for _, v := range row {
		most = max(most, fixed.Abs(v))
	}
	down := max(fixed.Len(most)-squareBits, 0)
	sum := epsilon >> (2 * down)
	for _, v := range row {
		y := int64(v >> down)
		sum += uint64(y * y)
	}
	inverse := fixed.InverseRoot(uint64(len(row)), sum)
	inverse.E += down
	for i, v := range row {
		sign, g := gain(i)
		row[i] = sign * g.Times(inverse).Apply(v, fraction)
	}
}
