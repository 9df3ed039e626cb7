package tensortest_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/thetaedge/theta/tensor"
	"github.com/thetaedge/theta/tensor/ref"
	"github.com/thetaedge/theta/tensor/tensortest"
)

// Every large case may run, and costs more than its launch.
func TestLargeCasesAreOfTheirElements(t *testing.T) {
	for _, code := range tensor.Codes() {
		c := tensortest.Large(code)
		require.Equal(t, code, c.Op.Code())
		require.Greater(t, tensor.Fuel(c.Op), uint64(4*tensor.FuelLaunch), code)
		s := tensor.NewSession(ref.NewDevice(), 1<<30)
		for _, held := range c.Tensors {
			_, err := s.Alloc(held.Shape)
			require.NoError(t, err)
		}
		_, err := s.Check(tensor.Encode(c.Op))
		require.NoError(t, err)
	}
}

// BenchmarkReference measures each operation, and the time for a unit of its fuel.
func BenchmarkReference(b *testing.B) { benchmark(b, ref.NewDevice()) }

func benchmark(b *testing.B, d tensor.Device) {
	for _, code := range tensor.Codes() {
		b.Run(code.String(), func(b *testing.B) {
			c := tensortest.Large(code)
			call := tensor.Call{Op: c.Op}
			for _, o := range tensor.Operands(c.Op) {
				if o.None() {
					call.Buffers = append(call.Buffers, nil)
					continue
				}
				held := c.Tensors[o.Tensor-1]
				buffer, err := d.New(held.Shape)
				require.NoError(b, err)
				require.NoError(b, buffer.Write(0, held.Bytes))
				call.Buffers = append(call.Buffers, buffer)
			}
			for b.Loop() {
				require.NoError(b, d.Submit([]tensor.Call{call}))
				_, err := d.Wait()
				require.NoError(b, err)
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(tensor.Fuel(c.Op)), "ns/fuel")
		})
	}
}
