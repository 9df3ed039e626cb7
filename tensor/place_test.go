package tensor_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/thetaedge/theta/tensor"
	"github.com/thetaedge/theta/tensor/tensortest"
)

// Each operand that is there has a place, which begins where the operand does.
func TestEachOperandHasAPlace(t *testing.T) {
	for _, code := range tensor.Codes() {
		for seed := range uint64(50) {
			c := tensortest.Draw(tensortest.NewSource(seed), code)
			operands := tensor.Operands(c.Op)
			lookup := func(h tensor.Handle) (tensor.Shape, bool) { return c.Tensors[h-1].Shape, true }
			places, outputs := tensor.Places(c.Op, lookup), 0
			at := 0
			for i, operand := range operands {
				if operand.None() {
					continue
				}
				require.Equal(t, i, places[at].Operand)
				shape := c.Tensors[operand.Tensor-1].Shape
				require.Equal(t, operand.Offset*shape.Type.Bits()/8, places[at].From, "%v: operand %d", code, i)
				require.Greater(t, places[at].To, places[at].From)
				require.LessOrEqual(t, places[at].To, uint64(len(c.Tensors[operand.Tensor-1].Bytes)))
				if places[at].Output {
					outputs++
				}
				at++
			}
			require.Len(t, places, at)
			require.Positive(t, outputs)
		}
	}
}
