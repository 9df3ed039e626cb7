package ref

import (
	"github.com/thetaedge/theta/tensor"
)

// Copy copies a block from one layout to another.
func Copy[T any](o *tensor.Copy, from, to []T) {
	n, f, t := o.Size, o.FromStride, o.ToStride
	for a := range int(n[0]) {
		for b := range int(n[1]) {
			for c := range int(n[2]) {
				for d := range int(n[3]) {
					in := a*int(f[0]) + b*int(f[1]) + c*int(f[2]) + d*int(f[3])
					out := a*int(t[0]) + b*int(t[1]) + c*int(t[2]) + d*int(t[3])
					if f[4] == 1 {
						copy(to[out:out+int(n[4])], from[in:])
						continue
					}
					for e := range int(n[4]) {
						to[out+e] = from[in+e*int(f[4])]
					}
				}
			}
		}
	}
}

// Fill sets elements to a number, of which the low bits count.
func Fill[T integer](o *tensor.Fill, out []T) {
	for i := range out[:o.Count] {
		out[i] = T(o.Value)
	}
}

// Cast turns integers into others.
func Cast[A, O integer](o *tensor.Cast, x []A, out []O) {
	low, high := bounds[O]()
	for i, v := range x[:o.Count] {
		out[i] = O(min(max(int64(v), low), high))
	}
}

// bounds returns the least and the largest number of a type.
func bounds[T integer]() (low, high int64) {
	var t T
	switch any(t).(type) {
	case int8:
		return -1 << 7, 1<<7 - 1
	case int16:
		return -1 << 15, 1<<15 - 1
	}
	return -1 << 31, 1<<31 - 1
}

// Gather picks rows of `cols` elements.
func Gather[T any](o *tensor.Gather, cols int, rows []T, index []int32, out []T) {
	for i, at := range index[:o.Count] {
		row := int(min(max(int64(at), 0), int64(o.Rows)-1))
		copy(out[i*cols:][:cols], rows[row*cols:])
	}
}
