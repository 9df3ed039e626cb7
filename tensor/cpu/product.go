package cpu

import (
	"github.com/thetaedge/theta/tensor"
	"github.com/thetaedge/theta/tensor/ref"
)

// dot returns the sum of products of a with as many elements of b.
func dot(a, b []int8) int32 {
	b = b[:len(a)]
	var sum int32
	for i, v := range a {
		sum += int32(v) * int32(b[i])
	}
	return sum
}

// rowDots writes the sums of products of a with rows of w that are `stride` elements apart, for
// the rows from `from` on to below `to`, to these places of out.
func (d *Device) rowDots(a, w []int8, stride, from, to int, out []int32) {
	n := from
	for ; n+4 <= to; n += 4 {
		sums := d.dot4(a, w[n*stride:], stride)
		for i, sum := range sums {
			out[n+i] = sum
		}
	}
	for ; n < to; n++ {
		out[n] = dot(a, w[n*stride:])
	}
}

// weightRows is the number of rows of weights that stay in the first cache for all rows of A.
const weightRows = 16

// gemm divides the rows of the weights, which are read once.
func (d *Device) gemm(o *tensor.Gemm, s ref.Operands) {
	a, w, out := s.S8(0), s.S8(1), s.S32(2)
	m, n, k := int(o.M), int(o.N), int(o.K)
	for b := range int(o.Batch) {
		weights := w
		if !o.SharedW {
			weights = w[b*n*k:]
		}
		d.split(n, m*k, func(from, to int) {
			for first := from; first < to; first += weightRows {
				last := min(first+weightRows, to)
				for i := range m {
					d.rowDots(a[(b*m+i)*k:][:k], weights, k, first, last, out[(b*m+i)*n:])
				}
			}
		})
	}
}

// conv gathers the pixels that each pixel of the output sees and multiplies them with all
// kernels; it divides the rows of the output.
func (d *Device) conv(o *tensor.Conv2D, s ref.Operands) {
	x, w, out := s.S8(0), s.S8(1), s.S32(2)
	v, channels, n := o.Window, int(o.Channels), int(o.OutChannels)
	width := int(v.OutWidth)
	kernel := int(v.KernelHeight) * int(v.KernelWidth) * channels
	d.split(int(o.Batch)*int(v.OutHeight), width*kernel*n, func(from, to int) {
		seen := make([]int8, kernel)
		for row := from; row < to; row++ {
			image := x[row/int(v.OutHeight)*int(v.Height)*int(v.Width)*channels:]
			for col := range width {
				gather(v, channels, image, row%int(v.OutHeight), col, seen)
				d.rowDots(seen, w, kernel, 0, n, out[(row*width+col)*n:])
			}
		}
	})
}

// gather copies the pixels that the output at a row and a column sees.
func gather(v tensor.Window, channels int, image []int8, row, col int, seen []int8) {
	for i := range int(v.KernelHeight) {
		y := row*int(v.StrideY) + i*int(v.DilationY) - int(v.PadTop)
		for j := range int(v.KernelWidth) {
			x := col*int(v.StrideX) + j*int(v.DilationX) - int(v.PadLeft)
			to := seen[(i*int(v.KernelWidth)+j)*channels:][:channels]
			if y < 0 || y >= int(v.Height) || x < 0 || x >= int(v.Width) {
				clear(to)
			} else {
				copy(to, image[(y*int(v.Width)+x)*channels:])
			}
		}
	}
}
