package ref

import (
	"cmp"
	"slices"

	"github.com/thetaedge/theta/tensor"
	"github.com/thetaedge/theta/tensor/fixed"
)

// Sum adds up rows.
func Sum(o *tensor.Sum, x, out []int32) {
	cols, by := int(o.Cols), fixed.Scale{M: o.M, E: o.E}.Norm()
	for r := range int(o.Rows) {
		var sum int64
		for _, v := range x[r*cols:][:cols] {
			sum += int64(v)
		}
		out[r] = by.ApplyWide(sum, 0)
	}
}

// Argmax finds the place of the largest number of each row.
func Argmax(o *tensor.Argmax, x, out []int32) {
	cols := int(o.Cols)
	for r := range int(o.Rows) {
		best, row := 0, x[r*cols:][:cols]
		for i, v := range row {
			if v > row[best] {
				best = i
			}
		}
		out[r] = int32(best)
	}
}

// TopK finds the largest numbers of each row, and their places. It keeps the best ones so far in a
// heap, whose root is the worst of them.
func TopK(o *tensor.TopK, x, values, places []int32) {
	cols, k := int(o.Cols), int(o.K)
	best := make([]int32, k)
	for r := range int(o.Rows) {
		row := x[r*cols:][:cols]
		for i := range best {
			best[i] = int32(i)
		}
		for i := k/2 - 1; i >= 0; i-- {
			sink(row, best, i)
		}
		for i := k; i < cols; i++ {
			// Of equal numbers, a later one is worse.
			if row[i] > row[best[0]] {
				best[0] = int32(i)
				sink(row, best, 0)
			}
		}
		slices.SortFunc(best, func(a, b int32) int {
			return cmp.Or(cmp.Compare(row[b], row[a]), cmp.Compare(a, b))
		})
		for i, at := range best {
			values[r*k+i], places[r*k+i] = row[at], at
		}
	}
}

// sink moves an entry of a heap of places down until both entries below it are better.
func sink(row, heap []int32, i int) {
	worse := func(a, b int32) bool { return row[a] < row[b] || row[a] == row[b] && a > b }
	for {
		least := i
		for below := 2*i + 1; below <= 2*i+2 && below < len(heap); below++ {
			if worse(heap[below], heap[least]) {
				least = below
			}
		}
		if least == i {
			return
		}
		heap[i], heap[least] = heap[least], heap[i]
		i = least
	}
}
