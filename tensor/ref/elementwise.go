package ref

import (
	"github.com/thetaedge/theta/tensor"
	"github.com/thetaedge/theta/tensor/fixed"
)

// Binary applies a function to the elements of two matrices.
func Binary(o *tensor.Binary, a, b, out []int32) {
	rows, cols := int(o.Rows), int(o.Cols)
	stepRow, stepCol := cols, 1
	if o.OneCol {
		stepRow, stepCol = 1, 0
	}
	if o.OneRow {
		stepRow = 0
	}
	for r := range rows {
		for c := range cols {
			out[r*cols+c] = pair(o, a[r*cols+c], b[r*stepRow+c*stepCol])
		}
	}
}

func pair(o *tensor.Binary, a, b int32) int32 {
	switch o.Kind {
	case tensor.Plus:
		return fixed.Add(a, b)
	case tensor.Minus:
		return fixed.Sub(a, b)
	case tensor.Times:
		return fixed.MulShrSigned(a, b, o.Shift)
	case tensor.Min:
		return min(a, b)
	default:
		return max(a, b)
	}
}

// Clamp bounds numbers.
func Clamp(o *tensor.Clamp, x, out []int32) {
	for i, v := range x[:o.Count] {
		out[i] = min(max(v, o.Low), o.High)
	}
}

// slopeFraction is the number of places after the point of slopes.
const slopeFraction = 30

// Leaky multiplies negative numbers with a slope.
func Leaky(o *tensor.Leaky, x, slope, out []int32) {
	cols := int(o.Cols)
	for i, v := range x[:int(o.Rows)*cols] {
		c := i % cols
		if o.OneCol {
			c = 0
		}
		if v < 0 {
			v = fixed.MulShrSigned(v, slope[c], slopeFraction)
		}
		out[i] = v
	}
}
