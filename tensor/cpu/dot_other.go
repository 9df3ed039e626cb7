//go:build !amd64

package cpu

// vectors returns the best instructions that the processor has.
func vectors() Vectors { return Plain }

// dotRows writes no sums: there are no vectors.
func (d *Device) dotRows(_, _ []int8, _ int, _ []int32) int { return 0 }

const tile = 4

func (d *Device) tiles() bool { return false }

func multiply(_, _ []int8, _ int, _ []int32, _ int, _ []int32) {}
