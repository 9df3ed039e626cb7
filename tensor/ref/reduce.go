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

// TopK finds the largest numbers of each row, and their places.
func TopK(o *tensor.TopK, x, values, places []int32) {
	cols, k := int(o.Cols), int(o.K)
	order := make([]int32, cols)
	for r := range int(o.Rows) {
		row := x[r*cols:][:cols]
		for i := range order {
			order[i] = int32(i)
		}
		slices.SortFunc(order, func(a, b int32) int {
			return cmp.Or(cmp.Compare(row[b], row[a]), cmp.Compare(a, b))
		})
		for i, at := range order[:k] {
			values[r*k+i], places[r*k+i] = row[at], at
		}
	}
}
