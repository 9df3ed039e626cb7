package ref

import (
	"github.com/thetaedge/theta/tensor"
	"github.com/thetaedge/theta/tensor/fixed"
	"github.com/thetaedge/theta/tensor/table"
)

// Lookup reads a function from a table.
func Lookup(o *tensor.Lookup, x, entries, out []int32) {
	g := fixed.Grid(o.Grid)
	for i, v := range x[:o.Count] {
		out[i] = g.Lookup(entries, v)
	}
}

// curveFraction is the number of places after the point of what gate multiplies with.
const curveFraction = 30

// Gate is an activation. U may be nil, and entries are used for a table of the program.
func Gate(o *tensor.Gate, x, u, entries, out []int32) {
	g := fixed.Grid(o.Grid)
	if o.Curve != tensor.Own {
		entries, g = Curve(o.Curve)
	}
	for i, v := range x[:o.Count] {
		y := fixed.MulShrSigned(v, g.Lookup(entries, v), curveFraction)
		if u != nil {
			y = fixed.MulShrSigned(y, u[i], o.Shift)
		}
		out[i] = y
	}
}

// Curve returns the table of a curve of the profile.
func Curve(c tensor.Curve) ([]int32, fixed.Grid) {
	switch c {
	case tensor.Sigmoid:
		return table.Sigmoid(), fixed.Grid{Low: -16 << 16, Step: 10, Intervals: table.CurveIntervals}
	case tensor.Normal:
		return table.Normal(), fixed.Grid{Low: -8 << 16, Step: 9, Intervals: table.CurveIntervals}
	default:
		return table.NormalTanh(), fixed.Grid{Low: -8 << 16, Step: 9, Intervals: table.CurveIntervals}
	}
}
