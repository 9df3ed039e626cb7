package tensortest

import (
	"crypto/sha256"
	"fmt"
	"slices"

	"github.com/thetaedge/theta/tensor"
	"github.com/thetaedge/theta/tensor/ref"
)

// Compare executes `rounds` random cases of each operation on a device and on the reference, and
// fails at the first difference.
func Compare(d tensor.Device, seed uint64, rounds int) error {
	for i := range rounds {
		for _, code := range tensor.Codes() {
			s := NewSource(seed + uint64(i)<<16 + uint64(code))
			if err := Draw(s, code).Same(d); err != nil {
				return fmt.Errorf("seed %d, round %d: %w", seed, i, err)
			}
		}
	}
	return nil
}

// Same executes a case on a device and on the reference. It fails with the first byte or trace that
// differs, or with what kept one of them from executing it.
func (c Case) Same(d tensor.Device) error {
	want, err := c.Run(ref.NewDevice())
	if err != nil {
		return fmt.Errorf("%v on the reference: %w: %+v", c.Op.Code(), err, c.Op)
	}
	got, err := c.Run(d)
	if err != nil {
		return fmt.Errorf("%v on %s: %w: %+v", c.Op.Code(), d.Name(), err, c.Op)
	}
	for i := range want.Tensors {
		for j := range want.Tensors[i] {
			if want.Tensors[i][j] != got.Tensors[i][j] {
				return fmt.Errorf("%v on %s: expected byte %d of tensor %d to be %d, found %d: %+v",
					c.Op.Code(), d.Name(), j, i+1, want.Tensors[i][j], got.Tensors[i][j], c.Op)
			}
		}
	}
	for i := range want.Traces {
		if want.Traces[i] != got.Traces[i] {
			return fmt.Errorf("%v on %s: expected the trace %x, found %x", c.Op.Code(), d.Name(), want.Traces[i], got.Traces[i])
		}
	}
	return nil
}

// Vectors is the number of cases of each operation whose outcomes are published.
const Vectors = 200

// Vector returns the digest over the outcomes of the published cases of an operation:
// the digests are hashed one after the other with what there is, 32 zeros at first.
func Vector(d tensor.Device, code tensor.Code) ([32]byte, error) {
	var chain [32]byte
	for i := range Vectors {
		o, err := Draw(NewSource(uint64(i)<<16+uint64(code)), code).Run(d)
		if err != nil {
			return chain, fmt.Errorf("%v, case %d: %w", code, i, err)
		}
		chain = link(chain, o.Digest())
	}
	return chain, nil
}

// link hashes what there is with another digest.
func link(chain, digest [32]byte) [32]byte { return sha256.Sum256(slices.Concat(chain[:], digest[:])) }
