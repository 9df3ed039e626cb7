package guard_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/thetaedge/theta/tensor"
	"github.com/thetaedge/theta/tensor/cpu"
	"github.com/thetaedge/theta/tensor/guard"
	"github.com/thetaedge/theta/tensor/tensortest"
)

// BenchmarkGuard measures what traces and guards add to steps of a language model, once all kinds of
// calls are known.
func BenchmarkGuard(b *testing.B) {
	for name, load := range map[string]struct{ rows, layers uint32 }{"decode": {1, 8}, "prefill": {128, 2}} {
		for _, c := range []struct {
			name    string
			guarded bool
			keys    [][32]byte
		}{{"plain", false, nil}, {"traced", false, [][32]byte{{1}}}, {"guarded", true, nil}, {"both", true, [][32]byte{{1}}}} {
			b.Run(name+"/"+c.name, func(b *testing.B) {
				var device tensor.Device = cpu.New(cpu.WithCores(1))
				if c.guarded {
					device = guard.New(device, guard.Config{})
				}
				session := tensor.NewSession(device, 4<<30, c.keys...)
				ops, tensors := tensortest.Layers(load.rows, load.layers)
				for _, t := range tensors {
					handle, err := session.Alloc(t.Shape)
					require.NoError(b, err)
					require.NoError(b, session.Write(handle, 0, t.Bytes))
				}
				submission, err := session.Check(tensor.Encode(ops...))
				require.NoError(b, err)
				step := func() {
					require.NoError(b, session.Run(submission))
					require.NoError(b, session.Wait())
				}
				step()
				for b.Loop() {
					step()
				}
				b.ReportMetric(float64(b.Elapsed().Milliseconds())/float64(b.N), "ms/step")
			})
		}
	}
}
