package vulkan

import (
	"fmt"

	"github.com/thetaedge/theta/tensor"
	"github.com/thetaedge/theta/tensor/ref"
	"github.com/thetaedge/theta/tensor/tensortest"
)

// Cases of the tests.
const (
	dotCases = 4
	dotSeed  = 0x646f74 << 32
)

// chooseMatrices keeps cooperative matrices only if they give the bits of the reference. An error of the
// driver is marked as errMatrices.
func (d *Device) chooseMatrices() error {
	if !d.matrices.some() {
		return nil
	}
	for _, c := range tensortest.Tiles() {
		same, err := d.same(c)
		if err != nil {
			return d.matrices.blame(fmt.Errorf("testing cooperative matrices: %w", err))
		}
		if !same {
			d.matrices = matrices{}
			return nil
		}
	}
	return nil
}

// chooseDots keeps instructions for sums of products only if they give the bits of the reference:
// drivers have been seen to give wrong ones.
func (d *Device) chooseDots() error {
	if !d.dots {
		return nil
	}
	cases := tensortest.Tiles()
	for _, code := range []tensor.Code{tensor.CodeGemm, tensor.CodeConv2D, tensor.CodeAttnScores} {
		for i := range uint64(dotCases) {
			cases = append(cases, tensortest.Draw(tensortest.NewSource(dotSeed+i<<16+uint64(code)), code))
		}
	}
	for _, c := range cases {
		same, err := d.same(c)
		if err != nil {
			return fmt.Errorf("testing sums of products: %w", err)
		}
		if !same {
			d.dots = false
			return nil
		}
	}
	return nil
}

// same reports whether the device and the reference do the same.
func (d *Device) same(c tensortest.Case) (bool, error) {
	want, err := c.Run(ref.NewDevice())
	if err != nil {
		return false, err
	}
	got, err := c.Run(d)
	return err == nil && got.Digest() == want.Digest(), err
}

// Test compares random cases of each operation with the reference. A node runs it when it begins and
// when a driver has changed: a device that fails is of no use.
func (d *Device) Test(seed uint64, rounds int) error { return tensortest.Compare(d, seed, rounds) }
