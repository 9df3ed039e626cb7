//go:build !amd64

package cpu

// has reports whether the processor has vectors.
func has(v Vectors) bool { return v == Plain }

// dotRows writes no sums: there are no vectors.
func (d *Device) dotRows(_, _ []int8, _ int, _ []int32) int { return 0 }

const tile = 4

func (d *Device) tiles(int) bool { return false }

func (d *Device) multiply(_, _ []int8, _ int, _ []int32, _ int, _ []int32) {}
