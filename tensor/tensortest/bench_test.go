package tensortest_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/thetaedge/theta/tensor"
	"github.com/thetaedge/theta/tensor/ref"
	"github.com/thetaedge/theta/tensor/tensortest"
)

// Every large and every small case may run, and costs more than its launch.
func TestTimedCasesAreOfTheirElements(t *testing.T) {
	for _, code := range tensor.Codes() {
		for _, c := range []tensortest.Case{tensortest.Large(code), tensortest.Small(code)} {
			require.Equal(t, code, c.Op.Code())
			require.Greater(t, tensor.Fuel(c.Op), uint64(4*tensor.FuelLaunch), code)
			s := tensor.NewSession(ref.NewDevice(), 1<<30)
			for _, held := range c.Tensors {
				_, err := s.Alloc(held.Shape)
				require.NoError(t, err)
			}
			_, err := s.Check(tensor.Encode(c.Op))
			require.NoError(t, err, code)
		}
	}
}

// BenchmarkReference measures each operation, and the time for a unit of its fuel.
func BenchmarkReference(b *testing.B) {
	d := ref.NewDevice()
	for _, code := range tensor.Codes() {
		b.Run(code.String(), func(b *testing.B) {
			call, err := tensortest.Large(code).Prepare(d)
			require.NoError(b, err)
			for b.Loop() {
				require.NoError(b, d.Submit([]tensor.Call{call}))
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(tensor.Fuel(call.Op)), "ns/fuel")
		})
	}
}
