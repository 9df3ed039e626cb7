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

func TestWideOperationsGiveTheBitsOfTheReference(t *testing.T) {
	for i, v := range cpu.Available() {
		for _, cores := range []int{1, 2, 5} {
			d := fenced{cpu.New(cpu.WithCores(cores), cpu.WithVectors(v)), i%2 == 1}
			for round := range *rounds {
				for kind := range tensortest.WideKinds {
					source := tensortest.NewSource(uint64(i*10+cores)<<40 + uint64(round)<<8 + uint64(kind))
					require.NoError(t, tensortest.DrawWide(source, kind).Same(d), "%v, %d cores, round %d", v, cores, round)
				}
			}
		}
	}
}

// TestSubmissionsOfManyCallsGiveTheBitsOfTheReference: from a few calls on, helpers share the work of a submission.
func TestSubmissionsOfManyCallsGiveTheBitsOfTheReference(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(8))
	for i, v := range cpu.Available() {
		d := fenced{cpu.New(cpu.WithCores(7), cpu.WithVectors(v)), i%2 == 0}
		for round := range *rounds {
			var want, got []tensor.Call
			source := tensortest.NewSource(uint64(i+100)<<40 + uint64(round*9))
			for range 4 + source.Below(12) {
				c := tensortest.DrawWide(source, int(source.Below(tensortest.WideKinds)))
				for _, to := range []struct {
					device tensor.Device
					calls  *[]tensor.Call
				}{{ref.NewDevice(), &want}, {d, &got}} {
					call, err := c.Prepare(to.device)
					require.NoError(t, err)
					call.Keys = []uint64{7, 1 << 63}
					*to.calls = append(*to.calls, call)
				}
			}
			expected := ref.NewDevice()
			require.NoError(t, expected.Submit(want))
			require.NoError(t, d.Submit(got))
			traces, err := expected.Wait()
			require.NoError(t, err)
			found, err := d.Wait()
			require.NoError(t, err)
			require.Equal(t, traces, found)
			for j, call := range want {
				for k, b := range call.Buffers {
					if b == nil {
						continue
					}
					bytes, same := make([]byte, b.Shape().Type.Bytes(b.Shape().Count)), []byte(nil)
					same = append(same, bytes...)
					require.NoError(t, b.Read(0, bytes))
					require.NoError(t, got[j].Buffers[k].Read(0, same))
					require.Equal(t, bytes, same, "%v with %v, round %d, operand %d", call.Op.Code(), v, round, k)
					require.NoError(t, got[j].Buffers[k].Free())
				}
			}
		}
	}
}
