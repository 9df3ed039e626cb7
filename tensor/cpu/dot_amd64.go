package cpu

import "golang.org/x/sys/cpu"

//go:noescape
func dot4AVX2(a, w *int8, stride, n uintptr, out *[4]int32)

// vector reports whether dot4 may use vectors.
func vector() bool { return cpu.X86.HasAVX2 }

// dot4 returns the sums of products of a with four rows of w that are `stride` elements apart.
func (d *Device) dot4(a, w []int8, stride int) (sums [4]int32) {
	whole := 0
	if whole = len(a) &^ 15; d.vector && whole > 0 {
		_ = w[3*stride+whole-1]
		dot4AVX2(&a[0], &w[0], uintptr(stride), uintptr(whole), &sums)
	} else {
		whole = 0
	}
	d.tally.vectors(4 * whole)
	d.tally.plain(4 * (len(a) - whole))
	for r := range sums {
		sums[r] += dot(a[whole:], w[r*stride+whole:])
	}
	return sums
}
