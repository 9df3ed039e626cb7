package cpu

import "golang.org/x/sys/cpu"

//go:noescape
func dot4AVX2(a, w *int8, stride, n uintptr, out *[4]int32)

//go:noescape
func dotRowsVNNI(a, w *int8, stride, k, groups uintptr, out *int32)

//go:noescape
func tileVNNI(a, w *int8, k uintptr, out *int32, n uintptr, less *int32)

//go:noescape
func dotRowsAVXVNNI(a, w *int8, stride, k, groups uintptr, out *int32)

//go:noescape
func tileAVXVNNI(a, w *int8, k uintptr, out *int32, n uintptr, less *int32)

// has reports whether the processor has vectors.
func has(v Vectors) bool {
	x := cpu.X86
	switch v {
	case Plain:
		return true
	case AVX2:
		return x.HasAVX2
	case AVXVNNI:
		return x.HasAVX2 && x.HasAVXVNNI
	case AVX512VNNI:
		return x.HasAVX512F && x.HasAVX512DQ && x.HasAVX512BW && x.HasAVX512VL && x.HasAVX512VNNI && x.HasAVX2 && x.HasBMI2
	default:
		return false
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
	whole := 0
	switch d.vectors {
	case AVX512VNNI:
		d.tally.vectors(groups, 4*(len(a)+vnniLength-1)&^(vnniLength-1))
		dotRowsVNNI(&a[0], &w[0], uintptr(stride), uintptr(len(a)), uintptr(groups), &out[0])
		return 4 * groups
	case AVXVNNI:
		if whole = len(a) &^ 31; whole > 0 {
			dotRowsAVXVNNI(&a[0], &w[0], uintptr(stride), uintptr(whole), uintptr(groups), &out[0])
		}
	case AVX2:
		if whole = len(a) &^ 15; whole > 0 {
			for g := range groups {
				dot4AVX2(&a[0], &w[4*g*stride], uintptr(stride), uintptr(whole), (*[4]int32)(out[4*g:]))
			}
		}
	default:
		return 0
	}
	d.tally.vectors(groups, 4*whole)
	d.tally.plain(4*groups, len(a)-whole)
	if whole == 0 {
		clear(out[:4*groups])
	}
	if whole < len(a) {
		for r := range out[:4*groups] {
			out[r] += dot(a[whole:], w[r*stride+whole:])
		}
	}
	return 4 * groups
}

// tile is the number of rows of A and of W whose products are computed together.
const tile = 4

// tiles reports whether the device multiplies tiles of rows of k elements.
func (d *Device) tiles(k int) bool {
	return d.vectors == AVX512VNNI || d.vectors == AVXVNNI && k%32 == 0
}

// multiply writes the products of four rows of a with four rows of w, all of k elements, to four rows of
// out that are n elements apart. less has what is subtracted for each row of a.
func (d *Device) multiply(a, w []int8, k int, out []int32, n int, less []int32) {
	_, _, _, _ = a[tile*k-1], w[tile*k-1], out[(tile-1)*n+tile-1], less[tile-1]
	if d.vectors == AVX512VNNI {
		tileVNNI(&a[0], &w[0], uintptr(k), &out[0], uintptr(n), &less[0])
		return
	}
	tileAVXVNNI(&a[0], &w[0], uintptr(k), &out[0], uintptr(n), &less[0])
	tileAVXVNNI(&a[2*k], &w[0], uintptr(k), &out[2*n], uintptr(n), &less[2])
}
