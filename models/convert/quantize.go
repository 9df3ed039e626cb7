package convert

import (
	"encoding/binary"
	"math"
	"runtime"
	"sync"

	"github.com/thetaedge/theta/tensor/fixed"
)

// quantized is a matrix in integers, as the bytes of its parts.
type quantized struct {
	// weight is s8, or s4 with gain and zero, and scale has one for each row.
	weight, gain, zero, scale []byte
}

// eight cuts rows of k weights to eight bits.
func eight(weights []float32, k int) quantized {
	n := len(weights) / k
	q := quantized{weight: make([]byte, len(weights)), scale: make([]byte, 8*n)}
	each(n, func(row int) {
		x := weights[row*k:][:k]
		unit := largest(x) / 127
		putScale(q.scale[8*row:], scaleOf(unit))
		if unit > 0 {
			for i, v := range x {
				q.weight[row*k+i] = byte(int8(math.Round(float64(v) / unit)))
			}
		}
	})
	return q
}

// fourRange is the largest number of a row of four bits in units of its scale. It is below 127, so
// that a group whose factor was rounded up still fits (QServe, arXiv 2405.04532).
const fourRange = 119

// four cuts rows of k weights to four bits in groups: a weight is (w - zero)·gain·scale.
func four(weights []float32, k, group int) quantized {
	n, groups := len(weights)/k, k/group
	q := quantized{
		weight: make([]byte, len(weights)/2), gain: make([]byte, n*groups), zero: make([]byte, n*groups),
		scale: make([]byte, 8*n),
	}
	each(n, func(row int) {
		x := make([]float64, k)
		unit := largest(weights[row*k:][:k]) / fourRange
		putScale(q.scale[8*row:], scaleOf(unit))
		for i, v := range weights[row*k:][:k] {
			if unit > 0 {
				x[i] = float64(v) / unit
			}
		}
		for g := range groups {
			numbers := x[g*group:][:group]
			gain, zero := bestGroup(numbers)
			q.gain[row*groups+g], q.zero[row*groups+g] = byte(int8(gain)), byte(int8(zero))
			for i, v := range numbers {
				at := row*k + g*group + i
				q.weight[at/2] |= byte(int(quarter(v, gain, zero))&15) << (4 * (at % 2))
			}
		}
	})
	return q
}

// quarter returns the four bits that are nearest to a number.
func quarter(x, gain, zero float64) float64 {
	return min(max(math.Round(x/gain)+zero, -8), 7)
}

// bestGroup returns the factor and the zero with the least sum of squared errors.
func bestGroup(x []float64) (gain, zero float64) {
	low, high := 0.0, 0.0
	for _, v := range x {
		low, high = min(low, v), max(high, v)
	}
	most := math.Ceil((high - low) / 15)
	least, gain := math.Inf(1), 1.0
	for g := max(math.Floor(most*0.7), 1); g <= max(most, 1); g++ {
		middle := math.Round(-0.5 - (low+high)/2/g)
		for z := max(middle-1, -8); z <= min(middle+1, 7); z++ {
			sum := 0.0
			for _, v := range x {
				d := v - min(max((quarter(v, g, z)-z)*g, -127), 127)
				sum += d * d
			}
			if sum < least {
				least, gain, zero = sum, g, z
			}
		}
	}
	return gain, zero
}

func putScale(to []byte, s fixed.Scale) {
	binary.LittleEndian.PutUint32(to, uint32(s.M))
	binary.LittleEndian.PutUint32(to[4:], uint32(s.E))
}

// points returns numbers with places after the point as little-endian integers of 16 or 32 bits.
func points(x []float32, places int32, bytes int) []byte {
	out := make([]byte, 0, bytes*len(x))
	most := math.Ldexp(1, 8*bytes-1) - 1
	for _, v := range x {
		n := int64(min(max(math.Round(math.Ldexp(float64(v), int(places))), -most), most))
		if bytes == 2 {
			out = binary.LittleEndian.AppendUint16(out, uint16(n))
		} else {
			out = binary.LittleEndian.AppendUint32(out, uint32(n))
		}
	}
	return out
}

// each calls a function for all rows, on all cores.
func each(rows int, do func(row int)) {
	cores := min(runtime.GOMAXPROCS(0), rows)
	var wait sync.WaitGroup
	for core := range cores {
		wait.Go(func() {
			for row := core * rows / cores; row < (core+1)*rows/cores; row++ {
				do(row)
			}
		})
	}
	wait.Wait()
}
