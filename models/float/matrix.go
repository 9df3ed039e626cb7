package float

import (
	"math"
	"runtime"
	"sync"
)

// linear returns x·wᵀ + bias. x is [rows,k], w is [n,k], and bias, [n], may be nil.
func linear(x, w, bias []float32, k int) []float32 {
	rows, n := len(x)/k, len(w)/k
	out := make([]float32, rows*n)
	cores := min(runtime.GOMAXPROCS(0), n)
	var wait sync.WaitGroup
	for core := range cores {
		wait.Go(func() {
			for j := core * n / cores; j < (core+1)*n/cores; j++ {
				weights := w[j*k:][:k]
				for i := range rows {
					sum := dot(x[i*k:][:k], weights)
					if bias != nil {
						sum += bias[j]
					}
					out[i*n+j] = sum
				}
			}
		})
	}
	wait.Wait()
	return out
}

// dot returns the sum of products, added up in eight parts.
func dot(a, b []float32) float32 {
	var s [8]float32
	i := 0
	for ; i+8 <= len(a); i += 8 {
		x, y := (*[8]float32)(a[i:]), (*[8]float32)(b[i:])
		s[0] += x[0] * y[0]
		s[1] += x[1] * y[1]
		s[2] += x[2] * y[2]
		s[3] += x[3] * y[3]
		s[4] += x[4] * y[4]
		s[5] += x[5] * y[5]
		s[6] += x[6] * y[6]
		s[7] += x[7] * y[7]
	}
	for ; i < len(a); i++ {
		s[0] += a[i] * b[i]
	}
	return ((s[0] + s[1]) + (s[2] + s[3])) + ((s[4] + s[5]) + (s[6] + s[7]))
}

// normalize divides rows as long as the gain by the root of their mean square.
func normalize(x, gain []float32, epsilon float64) []float32 {
	out := make([]float32, len(x))
	for at := 0; at < len(x); at += len(gain) {
		square := 0.0
		for _, v := range x[at:][:len(gain)] {
			square += float64(v) * float64(v)
		}
		factor := 1 / math.Sqrt(square/float64(len(gain))+epsilon)
		for i, g := range gain {
			out[at+i] = float32(float64(x[at+i]) * factor * float64(g))
		}
	}
	return out
}

// add adds b to a.
func add(a, b []float32) {
	for i, v := range b {
		a[i] += v
	}
}

// gate returns SiLU(g)·u in the place of g.
func gate(g, u []float32) {
	for i, v := range g {
		g[i] = float32(float64(v) / (1 + math.Exp(-float64(v))) * float64(u[i]))
	}
}
