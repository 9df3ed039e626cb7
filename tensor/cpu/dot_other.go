//go:build !amd64

package cpu

// vector reports whether dot4 may use vectors.
func vector() bool { return false }

// dot4 returns the sums of products of a with four rows of w that are `stride` elements apart.
func (d *Device) dot4(a, w []int8, stride int) (sums [4]int32) {
	d.tally.plain(4 * len(a))
	for r := range sums {
		sums[r] = dot(a, w[r*stride:])
	}
	return sums
}
