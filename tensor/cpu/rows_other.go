//go:build !amd64

package cpu

import (
	"math"

	"github.com/thetaedge/theta/tensor"
	"github.com/thetaedge/theta/tensor/fixed"
)

// Without vectors, none of the elements is done.

func (d *Device) apply(_ []int32, _ []fixed.Scale, _ fixed.Scale, _ int32, _, _ []int32) int {
	return 0
}

func (d *Device) largest([]int32) (most uint32, n int) { return 0, 0 }

func (d *Device) highest([]int32) (most int32, n int) { return math.MinInt32, 0 }

func (d *Device) least([]int32, []fixed.Scale) (least int64, n int) { return none, 0 }

func (d *Device) cut(_ []int32, _ []int8, _, _ uint64) int { return 0 }

func (d *Device) squares([]int32, int32) (sum uint64, n int) { return 0, 0 }

func (d *Device) total([]int32) (sum int64, n int) { return 0, 0 }

func (d *Device) weigh(_, _ []int32, _ int32) (sum uint64, n int) { return 0, 0 }

func (d *Device) gate(_ *tensor.Gate, _, _, _, _ []int32) int { return 0 }

func (d *Device) turn(_, _, _, _ []int32) bool { return false }

func (d *Device) weighted(_ []int32, _ []int8, _ int, _ []int64) int { return 0 }

func (d *Device) checksum(key, first uint64, output []int32) uint64 {
	return tensor.Checksum(key, first, output)
}
