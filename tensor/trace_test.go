package tensor_test

import (
	"math/bits"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/thetaedge/theta/tensor"
	"github.com/thetaedge/theta/tensor/ref"
	"github.com/thetaedge/theta/tensor/tensortest"
)

func TestChecksumsAreSummedInAnyOrder(t *testing.T) {
	output := make([]int32, 1000)
	r := tensortest.NewSource(1)
	for i := range output {
		output[i] = int32(r.Uint64())
	}
	whole := tensor.Checksum(5, 0, output)
	require.Equal(t, whole, tensor.Checksum(5, 600, output[600:])+tensor.Checksum(5, 0, output[:600]))
	require.NotEqual(t, whole, tensor.Checksum(6, 0, output))
	output[0], output[1] = output[1], output[0]
	require.NotEqual(t, whole, tensor.Checksum(5, 0, output))
}

// Half of the bits change with each bit of the key, the index and the element.
func TestMixChangesHalfOfTheBits(t *testing.T) {
	r := tensortest.NewSource(2)
	for bit := range 64 {
		var key, index, element int
		for range 400 {
			k, i, e := r.Uint64(), r.Uint64(), r.Uint64()
			was := tensor.Mix64(k, i, int32(e))
			key += bits.OnesCount64(was ^ tensor.Mix64(k^1<<bit, i, int32(e)))
			index += bits.OnesCount64(was ^ tensor.Mix64(k, i^1<<bit, int32(e)))
			element += bits.OnesCount64(was ^ tensor.Mix64(k, i, int32(e)^1<<(bit%32)))
		}
		for _, changed := range []int{key, index, element} {
			require.InDelta(t, 32, float64(changed)/400, 2)
		}
	}
}

// trace runs a case under a key.
func trace(t *testing.T, c tensortest.Case, keys ...[32]byte) [][32]byte {
	t.Helper()
	c.Keys = keys
	o, err := c.Run(ref.NewDevice())
	require.NoError(t, err)
	return o.Traces
}

func TestTraceDependsOnKeyRecordAndOutput(t *testing.T) {
	for _, code := range tensor.Codes() {
		c := draw(9, code)
		was := trace(t, c, [32]byte{1}, [32]byte{2})
		require.NotEqual(t, was[0], was[1])
		require.Equal(t, was[:1], trace(t, c, [32]byte{1}))
		begun := tensor.NewTrace([32]byte{1}).Sum()
		if !code.Traced() {
			require.Equal(t, begun, was[0], code)
			continue
		}
		require.NotEqual(t, begun, was[0], code)
	}
	op := draw(9, tensor.CodeGemm).Op.(*tensor.Gemm)
	fold := func(op tensor.Op, sum uint64) [32]byte {
		tr := tensor.NewTrace([32]byte{1})
		tr.Fold(op, sum)
		return tr.Sum()
	}
	other := *op
	other.Out.Offset += 4
	require.NotEqual(t, fold(op, 1), fold(op, 2))
	require.NotEqual(t, fold(op, 1), fold(&other, 1))
}

func TestEachRecordHasAKeyOfItsOwn(t *testing.T) {
	a, b := tensor.NewTrace([32]byte{1}), tensor.NewTrace([32]byte{2})
	first := a.Next()
	require.NotEqual(t, first, a.Next())
	require.NotEqual(t, first, b.Next())
	require.Equal(t, first, tensor.NewTrace([32]byte{1}).Next())
}

// silent is a device that returns no checksums.
type silent struct{ *ref.Device }

func (s silent) Wait() ([]uint64, error) {
	_, err := s.Device.Wait()
	return nil, err
}

func TestADeviceWithoutChecksumsIsTrouble(t *testing.T) {
	c := draw(9, tensor.CodeGemm)
	c.Keys = [][32]byte{{1}}
	_, err := c.Run(silent{ref.NewDevice()})
	require.ErrorContains(t, err, "expected 1 checksums of reference, found 0")
}
