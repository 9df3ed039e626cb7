package cpu

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/thetaedge/theta/tensor"
	"github.com/thetaedge/theta/tensor/tensortest"
)

// stepsOf executes an operation on tensors of these shapes, and returns the steps for a unit of its fuel.
func stepsOf(t *testing.T, d *Device, op tensor.Op, shapes ...tensor.Shape) float64 {
	t.Helper()
	s := tensor.NewSession(d, 1<<30)
	for _, shape := range shapes {
		_, err := s.Alloc(shape)
		require.NoError(t, err)
	}
	submission, err := s.Check(tensor.Encode(op))
	require.NoError(t, err)
	d.tally = &tally{}
	require.NoError(t, s.Run(submission))
	steps := d.tally.steps()
	require.NoError(t, s.Close())
	require.NotZero(t, steps, "the kernel counts its steps")
	return float64(steps) / float64(tensor.Fuel(op))
}

// A requester chooses shapes, so that none may need many more steps than its fuel pays for.
func TestFuelBoundsTheStepsOfOddShapes(t *testing.T) {
	if len(Available()) == 1 {
		t.Skip("without vectors, products take more steps")
	}
	for _, v := range Available()[1:] {
		t.Run(v.String(), func(t *testing.T) { fuelBoundsSteps(t, New(WithCores(1), WithVectors(v))) })
	}
}

func fuelBoundsSteps(t *testing.T, d *Device) {
	t.Helper()
	const most = 3
	usual := tensortest.Large(tensor.CodeGemm)
	var shapes []tensor.Shape
	for _, held := range usual.Tensors {
		shapes = append(shapes, held.Shape)
	}
	require.Less(t, stepsOf(t, d, usual.Op, shapes...), 1.)
	counted := 0
	for _, odd := range tensortest.Odd() {
		switch odd.Op.Code() {
		case tensor.CodeGemm, tensor.CodeConv2D, tensor.CodeAttnScores:
		default:
			continue // the others take no sums of products of eight bits
		}
		counted++
		steps := stepsOf(t, d, odd.Op, odd.Shapes...)
		t.Logf("%s, %s: %.2f steps for a unit of fuel", odd.Op.Code(), odd.Name, steps)
		require.Less(t, steps, float64(most), "%s, %s", odd.Op.Code(), odd.Name)
	}
	require.Equal(t, 7, counted)
	slow := New(WithCores(1), WithoutVectors())
	require.Greater(t, stepsOf(t, slow, usual.Op, shapes...), float64(most), "products one by one are over the bound")
}
