package cpu

import "golang.org/x/sys/cpu"

//go:noescape
func dot4AVX2(a, w *int8, stride, n uintptr, out *[4]int32)

//go:noescape
func dotRowsVNNI(a, w *int8, stride, k, groups uintptr, out *int32)

//go:noescape
func tileVNNI(a, w *int8, k uintptr, out *int32, n uintptr, less *int32)

// vectors returns the best instructions that the processor has.
func vectors() Vectors {
	x := cpu.X86
	switch {
	case x.HasAVX512F && x.HasAVX512DQ && x.HasAVX512BW && x.HasAVX512VL && x.HasAVX512VNNI && x.HasAVX2 && x.HasBMI2:
		return VNNI
	case x.HasAVX2:
		return AVX2
	default:
		return Plain
	}
}

// vnniLength is the number of elements that dotRowsVNNI multiplies at once; the last of them may be masked.
const vnniLength = 64

// dotRows writes the sums of products of a with rows of w that are `stride` elements apart, four rows at
// a time, and returns the number of rows that are done.
func (d *Device) dotRows(a, w []int8, stride int, out []int32) int {
	groups := len(out) / 4
	if groups == 0 || len(a) == 0 {
		return 0
	}
	_ = w[(4*groups-1)*stride+len(a)-1]
	switch d.vectors {
	case VNNI:
		d.tally.vectors(groups, 4*(len(a)+vnniLength-1)&^(vnniLength-1))
		dotRowsVNNI(&a[0], &w[0], uintptr(stride), uintptr(len(a)), uintptr(groups), &out[0])
		return 4 * groups
	case AVX2:
		whole := len(a) &^ 15
		d.tally.vectors(groups, 4*whole)
		d.tally.plain(4*groups, len(a)-whole)
		for g := range groups {
			rows, sums := w[4*g*stride:], (*[4]int32)(out[4*g:])
			if whole == 0 {
				*sums = [4]int32{}
			} else {
				dot4AVX2(&a[0], &rows[0], uintptr(stride), uintptr(whole), sums)
			}
			for r := range sums {
				sums[r] += dot(a[whole:], rows[r*stride+whole:])
			}
		}
		return 4 * groups
	default:
		return 0
	}
}

// tile is the number of rows of A and of W whose products are computed together.
const tile = 4

// tiles reports whether the device multiplies tiles.
func (d *Device) tiles() bool { return d.vectors == VNNI }

// multiply writes the products of four rows of a with four rows of w, all of k elements, to four rows of
// out that are n elements apart. less has what is subtracted for each row of a.
func multiply(a, w []int8, k int, out []int32, n int, less []int32) {
	_, _, _, _ = a[tile*k-1], w[tile*k-1], out[(tile-1)*n+tile-1], less[tile-1]
	tileVNNI(&a[0], &w[0], uintptr(k), &out[0], uintptr(n), &less[0])
}
