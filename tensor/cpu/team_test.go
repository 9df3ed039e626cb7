package cpu_test

import (
	"runtime"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/thetaedge/theta/tensor"
	"github.com/thetaedge/theta/tensor/cpu"
	"github.com/thetaedge/theta/tensor/ref"
	"github.com/thetaedge/theta/tensor/tensortest"
)

// The calls of one submission share a team of goroutines, which ends with it.
func TestManyCallsOfASubmissionGiveTheBitsOfTheReference(t *testing.T) {
	d := cpu.New(cpu.WithCores(3))
	before := runtime.NumGoroutine()
	for range 20 {
		var calls []tensor.Call
		var want []tensor.Call
		for _, code := range tensor.Codes() {
			c := tensortest.Draw(tensortest.NewSource(uint64(code)), code)
			for device, list := range map[tensor.Device]*[]tensor.Call{d: &calls, ref.NewDevice(): &want} {
				call, err := c.Prepare(device)
				require.NoError(t, err)
				*list = append(*list, call)
			}
		}
		large, err := tensortest.Large(tensor.CodeGemm).Prepare(d)
		require.NoError(t, err)
		require.NoError(t, d.Submit(append(calls, large, large)))
		for i, call := range want {
			require.NoError(t, ref.Run(call))
			for j, b := range call.Buffers {
				if b == nil {
					continue
				}
				shape := b.Shape()
				expected, found := make([]byte, shape.Type.Bytes(shape.Count)), make([]byte, shape.Type.Bytes(shape.Count))
				require.NoError(t, b.Read(0, expected))
				require.NoError(t, calls[i].Buffers[j].Read(0, found))
				require.Equal(t, expected, found, call.Op)
			}
		}
	}
	for n := 0; runtime.NumGoroutine() > before && n < 1<<24; n++ {
		runtime.Gosched()
	}
	require.LessOrEqual(t, runtime.NumGoroutine(), before, "helpers have ended")
}
