package cuda

import (
	"errors"
	"fmt"

	"github.com/thetaedge/theta/tensor"
	"github.com/thetaedge/theta/tensor/cuda/kernel"
	"github.com/thetaedge/theta/tensor/ref"
	"github.com/thetaedge/theta/tensor/tensortest"
)

// Cases of the tests.
const (
	dotCases = 4
	dotSeed  = 0x6470 << 32
)

// errTensor marks an error of a driver that failed with tensor cores.
var errTensor = errors.New("tensor cores fail")

// chooseTensor keeps tensor cores only if they give the bits of the reference. If the best ones do not, it tries
// those that come after them. An error of the driver is marked as errTensor.
func (d *Device) chooseTensor() error {
	for _, v := range d.settings.tensor {
		if d.info.Capability < v.Needs() {
			continue
		}
		d.tensor = v
		right, err := d.right(tensortest.Tiles())
		if err != nil {
			return fmt.Errorf("%w: testing tensor cores: %w", errTensor, err)
		}
		if right {
			return nil
		}
		d.tensor = kernel.Plain
	}
	return nil
}

// chooseDots keeps dp4a only if it gives the bits of the reference.
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
	right, err := d.right(cases)
	if err != nil {
		return fmt.Errorf("testing sums of products: %w", err)
	}
	d.dots = right
	return nil
}

// right reports whether the card and the reference do the same.
func (d *Device) right(cases []tensortest.Case) (bool, error) {
	for _, c := range cases {
		want, err := c.Run(ref.NewDevice())
		if err != nil {
			return false, err
		}
		got, err := c.Run(d)
		if err != nil || got.Digest() != want.Digest() {
			return false, err
		}
	}
	return true, nil
}

// Test compares random cases of each operation with the reference. A node runs it when it begins and when a driver
// has changed: a card that fails is of no use.
func (d *Device) Test(seed uint64, rounds int) error { return tensortest.Compare(d, seed, rounds) }
