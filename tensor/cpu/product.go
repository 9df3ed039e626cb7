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
	if from < to {
		n += d.dotRows(a, w[from*stride:], stride, out[from:to])
	}
	for ; n < to; n++ {
		out[n] = d.dot1(a, w[n*stride:])
	}
}

// vectorLength is the length from which four equal sums by vectors take less time than one without.
const vectorLength = 64

// dot1 returns the sum of products of a with one row.
func (d *Device) dot1(a, row []int8) int32 {
	var sums [4]int32
	if len(a) < vectorLength || d.dotRows(a, row[:len(a)], 0, sums[:]) == 0 {
		d.tally.plain(1, len(a))
		return dot(a, row)
	}
	return sums[0]
}

// weightRows is the number of rows of weights that stay in the first cache for all rows of A.
const weightRows = 16

// gemm divides the rows of the weights of all matrices, which are read once. If there are few of them, it
// divides those of A.
func (d *Device) gemm(o *tensor.Gemm, s ref.Operands) {
	a, w, out := s.S8(0), s.S8(1), s.S32(2)
	m, n, k := int(o.M), int(o.N), int(o.K)
	less := d.less(a, int(o.Batch)*m, k, n)
	if o.Batch == 1 && n <= weightRows && n < m {
		d.split((m+tile-1)/tile, tile*n*k, func(from, to int) {
			from, to = from*tile, min(to*tile, m)
			d.product(a[from*k:to*k], w, k, 0, n, out[from*n:to*n], n, less, from)
		})
		return
	}
	d.split(int(o.Batch)*n, m*k, func(from, to int) {
		for from < to {
			b, first := from/n, from%n
			last := min(first+weightRows, first+to-from, n)
			weights := w
			if !o.SharedW {
				weights = w[b*n*k:]
			}
			d.product(a[b*m*k:][:m*k], weights, k, first, last, out[b*m*n:][:m*n], n, less, b*m)
			from += last - first
		}
	})
}

// less returns what is subtracted from tiles for each row of A, or nothing if there are no tiles.
func (d *Device) less(a []int8, rows, k, n int) []int32 {
	if !d.tiles(k) || rows < tile || n < tile {
		return nil
	}
	ones := make([]int8, k)
	for i := range ones {
		ones[i] = 1
	}
	less := make([]int32, rows)
	d.rowDots(ones, a, k, 0, rows, less)
	for i := range less {
		less[i] *= 128
	}
	return less
}

// product multiplies all rows of a matrix with the rows of weights from `first` on to below `last`. The
// rows of A have numbers from `row` on in less.
func (d *Device) product(a, w []int8, k, first, last int, out []int32, n int, less []int32, row int) {
	m := len(a) / k
	whole := 0
	if less != nil {
		whole = m / tile * tile
		for ; last-first >= tile && whole > 0; first += tile {
			d.tally.vectors(whole/tile, tile*tile*k)
			for i := 0; i < whole; i += tile {
				d.multiply(a[i*k:], w[first*k:], k, out[i*n+first:], n, less[row+i:])
			}
			for i := whole; i < m; i++ {
				d.rowDots(a[i*k:][:k], w, k, first, first+tile, out[i*n:])
			}
		}
	}
	for i := range m {
		d.rowDots(a[i*k:][:k], w, k, first, last, out[i*n:])
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
				d.tally.moved(kernel, gather(v, channels, image, row%int(v.OutHeight), col, seen))
				d.rowDots(seen, w, kernel, 0, n, out[(row*width+col)*n:])
			}
		}
	})
}

// gather copies the pixels that the output at a row and a column sees. Places outside of the image
// are cleared together. It returns the number of its copies.
func gather(v tensor.Window, channels int, image []int8, row, col int, seen []int8) (copies int) {
	height, width := int(v.KernelHeight), int(v.KernelWidth)
	line := width * channels
	y, down := row*int(v.StrideY)-int(v.PadTop), int(v.DilationY)
	x, right := col*int(v.StrideX)-int(v.PadLeft), int(v.DilationX)
	top, bottom := inside(y, down, height, int(v.Height))
	left, end := inside(x, right, width, int(v.Width))
	clear(seen[:top*line])
	clear(seen[bottom*line:])
	for i := top; i < bottom; i++ {
		to := seen[i*line:][:line]
		clear(to[:left*channels])
		clear(to[end*channels:])
		if left < end {
			pixels(to[left*channels:end*channels], image[((y+i*down)*int(v.Width)+x+left*right)*channels:], channels, right*channels)
			if copies++; right != 1 {
				copies += end - left - 1
			}
		}
	}
	return copies
}

// inside returns the range of the places from 0 to below `places`, `step` apart from `first` on, that
// lie from 0 to below size.
func inside(first, step, places, size int) (from, to int) {
	if first < 0 {
		from = min((-first+step-1)/step, places)
	}
	if first < size {
		to = min((size-first+step-1)/step, places)
	}
	return from, max(from, to)
}

// pixels copies pixels that lie `step` elements apart to places next to each other.
func pixels(to, from []int8, channels, step int) {
	switch channels {
	case step:
		copy(to, from)
	case 4:
		for at := 0; len(to) >= 4; at += step {
			*(*[4]int8)(to) = *(*[4]int8)(from[at:])
			to = to[4:]
		}
	default:
		for at := 0; len(to) > 0; at += step {
			copy(to[:channels], from[at:])
			to = to[channels:]
		}
	}
}
