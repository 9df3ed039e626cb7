package cpu_test

import (
	"flag"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/thetaedge/theta/tensor"
	"github.com/thetaedge/theta/tensor/cpu"
	"github.com/thetaedge/theta/tensor/ref"
	"github.com/thetaedge/theta/tensor/tensortest"
)

func devices() []*cpu.Device {
	return []*cpu.Device{cpu.New(cpu.WithCores(3)), cpu.New(cpu.WithCores(2), cpu.WithoutVectors()), cpu.New(cpu.WithCores(1))}
}

var rounds = flag.Int("rounds", 20, "the number of random cases of each operation on each device")

func TestCPUGivesTheBitsOfTheReference(t *testing.T) {
	for i, d := range devices() {
		require.NoError(t, tensortest.Compare(d, uint64(1+i)<<40, *rounds))
	}
}

// Cases that are large enough to be divided among cores.
func TestCoresGiveTheBitsOfTheReference(t *testing.T) {
	codes := tensor.Codes()
	if testing.Short() {
		codes = []tensor.Code{tensor.CodeGemm, tensor.CodeRescale, tensor.CodeSoftmax, tensor.CodeBinary}
	}
	for _, code := range codes {
		c := tensortest.Large(code)
		c.Keys = [][32]byte{{1}, {2}}
		want, err := c.Run(ref.NewDevice())
		require.NoError(t, err)
		for _, d := range devices()[:2] {
			got, err := c.Run(d)
			require.NoError(t, err)
			require.Equal(t, want.Digest(), got.Digest(), "%v on %s", code, d.Name())
		}
	}
}

// FuzzCompare compares a random case of each operation with the reference.
func FuzzCompare(f *testing.F) {
	f.Add(uint64(1), true)
	f.Fuzz(func(t *testing.T, seed uint64, vectors bool) {
		d := devices()[0]
		if !vectors {
			d = devices()[1]
		}
		require.NoError(t, tensortest.Compare(d, seed, 1))
	})
}

// BenchmarkCPU measures each operation on one core, and the time for a unit of its fuel.
func BenchmarkCPU(b *testing.B) {
	for _, d := range []*cpu.Device{cpu.New(cpu.WithCores(1)), cpu.New(cpu.WithCores(1), cpu.WithoutVectors())} {
		for _, code := range tensor.Codes() {
			for size, c := range map[string]tensortest.Case{"large": tensortest.Large(code), "small": tensortest.Small(code)} {
				b.Run(d.Name()+"/"+code.String()+"/"+size, func(b *testing.B) {
					call, err := c.Prepare(d)
					require.NoError(b, err)
					for b.Loop() {
						require.NoError(b, d.Submit([]tensor.Call{call}))
					}
					b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(tensor.Fuel(call.Op)), "ns/fuel")
				})
			}
		}
	}
}
