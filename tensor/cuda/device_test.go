package cuda_test

import (
	"encoding/binary"
	"errors"
	"flag"
	"fmt"
	"os"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/thetaedge/theta/tensor"
	"github.com/thetaedge/theta/tensor/cuda"
	"github.com/thetaedge/theta/tensor/cuda/emulator"
	"github.com/thetaedge/theta/tensor/cuda/kernel"
	"github.com/thetaedge/theta/tensor/ref"
	"github.com/thetaedge/theta/tensor/tensortest"
	"github.com/thetaedge/theta/tensor/vulkan/plan"
)

var (
	rounds = flag.Int("rounds", 4, "the number of random cases of each operation on each card")
	all    = flag.Bool("all", false, "all operations where a few represent them")
	card   = flag.Bool("card", false, "use the card of this machine in place of the emulated one")
)

// represented returns some operations, or all.
func represented(codes ...tensor.Code) []tensor.Code {
	if *all {
		return tensor.Codes()
	}
	return codes
}

// provide makes sure that there is a card. Where none can be emulated, the test is skipped.
func provide(t testing.TB) {
	t.Helper()
	if *card {
		return
	}
	err := emulator.Load()
	if errors.Is(err, emulator.ErrNotAvailable) {
		t.Skip(err)
	}
	require.NoError(t, err)
}

func open(t testing.TB, options ...cuda.Option) *cuda.Device {
	t.Helper()
	provide(t)
	d, err := cuda.Open(options...)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, d.Close()) })
	return d
}

// variants are the ways to compute sums of products.
func variants() map[string][]cuda.Option {
	return map[string][]cuda.Option{
		"tensor cores of 16x8x32, dp4a": nil,
		"tensor cores of 8x8x16, dp4a":  {cuda.WithTensorCores(kernel.Tensor75)},
		"tensor cores of 16x8x32":       {cuda.WithoutDotProducts()},
		"dp4a":                          {cuda.WithTensorCores(kernel.Plain)},
		"":                              {cuda.WithTensorCores(kernel.Plain), cuda.WithoutDotProducts()},
	}
}

func TestCUDAGivesTheBitsOfTheReference(t *testing.T) {
	for name, options := range variants() {
		d := open(t, options...)
		if !*card {
			require.Equal(t, name, d.Instructions())
		}
		require.NoError(t, d.Test(1<<40, *rounds), name)
	}
}

// Limits so small that operations are divided along every dimension, and that some do not fit.
func TestDividedOperationsGiveTheBitsOfTheReference(t *testing.T) {
	for i, l := range []plan.Limits{
		{Range: 1400, Groups: [3]uint64{2, 2, 2}, Work: 10_000},
		{Range: 900, Groups: [3]uint64{1, 1, 1}, Work: 3_000},
	} {
		require.NoError(t, open(t, cuda.WithLimits(l)).Test(uint64(3+i)<<40, *rounds))
	}
}

func TestWideOperationsGiveTheBitsOfTheReference(t *testing.T) {
	for name, options := range variants() {
		d := open(t, options...)
		for round := range *rounds {
			for kind := range tensortest.WideKinds {
				source := tensortest.NewSource(uint64(20+len(name))<<40 + uint64(round)<<8 + uint64(kind))
				require.NoError(t, tensortest.DrawWide(source, kind).Same(d), "%s, round %d", name, round)
			}
		}
	}
}

func TestCUDAGivesThePublishedVectors(t *testing.T) {
	d := open(t)
	published, err := os.ReadFile("../tensortest/testdata/vectors.txt")
	require.NoError(t, err)
	for _, code := range represented(tensor.CodeGemm, tensor.CodeLayerNorm, tensor.CodeSoftmax, tensor.CodeAttnValues, tensor.CodeCopy, tensor.CodeTopK) {
		digest, err := tensortest.Vector(d, code)
		require.NoError(t, err)
		require.Contains(t, string(published), fmt.Sprintf("%v %d %x\n", code, tensortest.Vectors, digest))
	}
}

func TestLargeOperationsGiveTheBitsOfTheReference(t *testing.T) {
	for name, options := range variants() {
		d := open(t, options...)
		for _, code := range represented(tensor.CodeGemm, tensor.CodeConv2D, tensor.CodeAttnScores, tensor.CodeGroupNorm, tensor.CodeArgmax) {
			c := tensortest.Large(code)
			c.Keys = [][32]byte{{1}, {2}}
			want, err := c.Run(ref.NewDevice())
			require.NoError(t, err)
			got, err := c.Run(d)
			require.NoError(t, err)
			require.Equal(t, want.Digest(), got.Digest(), "%s, %v", name, code)
		}
	}
}

// chain runs a submission of `count` products and casts, in which each reads what the one before
// wrote, and returns the last output and the traces.
func chain(t *testing.T, d tensor.Device, count int) ([]byte, [][32]byte) {
	t.Helper()
	bytes := make([]byte, 16)
	for i := range bytes {
		bytes[i] = byte(37 * i)
	}
	s := tensor.NewSession(d, 1<<20, [32]byte{1}, [32]byte{2})
	for _, shape := range []tensor.Shape{{Type: tensor.S8, Count: 4}, {Type: tensor.S8, Count: 16}, {Type: tensor.S32, Count: 4}} {
		h, err := s.Alloc(shape)
		require.NoError(t, err)
		require.NoError(t, s.Write(h, 0, bytes[:shape.Type.Bytes(shape.Count)]))
	}
	var ops []tensor.Op
	at := func(h tensor.Handle) tensor.Operand { return tensor.Operand{Tensor: h} }
	for range count {
		ops = append(ops, &tensor.Gemm{A: at(1), W: at(2), Out: at(3), Batch: 1, M: 1, N: 4, K: 4},
			&tensor.Cast{X: at(3), Out: at(1), Count: 4})
	}
	submission, err := s.Check(tensor.Encode(ops...))
	require.NoError(t, err)
	require.NoError(t, s.Run(submission))
	out := make([]byte, 16)
	require.NoError(t, s.Read(3, 0, out))
	traces, err := s.Traces()
	require.NoError(t, err)
	require.NoError(t, s.Close())
	return out, traces
}

// A submission of more runs of kernels than a batch takes, with more checksums than the card holds.
func TestLongSubmissionsRunInOrder(t *testing.T) {
	const count = 9_000
	want, traces := chain(t, ref.NewDevice(), count)
	got, found := chain(t, open(t), count)
	require.Equal(t, want, got)
	require.Equal(t, traces, found)
}

func TestDevicesAndSessionsDoNotDisturbEachOther(t *testing.T) {
	one, other := open(t), open(t)
	want, traces := chain(t, ref.NewDevice(), 20)
	for range 10 {
		for _, d := range []*cuda.Device{one, other} {
			got, found := chain(t, d, 20)
			require.Equal(t, want, got)
			require.Equal(t, traces, found)
		}
	}
}

// Bytes of the host are staged in memory that the card reads late.
func TestNewTensorsAreZeroAndKeepWhatIsWritten(t *testing.T) {
	d := open(t)
	for _, n := range []uint64{1, 1023, 70_001, 5 << 20} {
		for range 2 {
			s := tensor.NewSession(d, 1<<30)
			h, err := s.Alloc(tensor.Shape{Type: tensor.S32, Count: n})
			require.NoError(t, err)
			bytes := make([]byte, 4*n)
			bytes[0] = 1
			require.NoError(t, s.Read(h, 0, bytes))
			require.Equal(t, make([]byte, 4*n), bytes)
			for i := range n {
				binary.LittleEndian.PutUint32(bytes[4*i:], uint32(i)+1)
			}
			require.NoError(t, s.Write(h, 0, bytes))
			again := make([]byte, 4*n)
			require.NoError(t, s.Read(h, 0, again))
			require.Equal(t, bytes, again)
			require.NoError(t, s.Close())
		}
	}
}

func TestRefusedMemoryIsTroubleOfTheMachine(t *testing.T) {
	d := open(t, cuda.WithMemory(1<<20))
	s := tensor.NewSession(d, 1<<60)
	_, err := s.Alloc(tensor.Shape{Type: tensor.S8, Count: 1 << 21})
	require.ErrorIs(t, err, cuda.ErrMemory)
	require.NotErrorIs(t, err, tensor.ErrOutOfMemory)
	h, err := tensor.NewSession(d, 1<<60).Alloc(tensor.Shape{Type: tensor.S8, Count: 1 << 20})
	require.NoError(t, err)
	require.Equal(t, tensor.Handle(1), h)
	_, err = open(t).New(tensor.Shape{Type: tensor.Scales, Count: 1 << 45})
	require.ErrorIs(t, err, cuda.ErrMemory)
}

func TestCardsAreChosenByPlaceAndUUID(t *testing.T) {
	provide(t)
	if !*card {
		require.NoError(t, emulator.Set("THETA_EMULATOR_DEVICES", "2"))
		defer func() { require.NoError(t, emulator.Set("THETA_EMULATOR_DEVICES", "")) }()
	}
	found, err := cuda.List()
	require.NoError(t, err)
	require.NotEmpty(t, found)
	if !*card {
		require.Len(t, found, 2)
		require.NotEqual(t, found[0].UUID, found[1].UUID)
	}
	for _, info := range found {
		require.NotEmpty(t, info.Name)
		require.NotZero(t, info.Memory)
		require.Equal(t, info, open(t, cuda.WithIndex(info.Index)).Info())
		require.Equal(t, info.UUID, open(t, cuda.WithUUID(info.UUID)).Info().UUID)
	}
	for _, wrong := range []cuda.Option{cuda.WithIndex(len(found)), cuda.WithUUID("00")} {
		_, err := cuda.Open(wrong)
		require.ErrorIs(t, err, cuda.ErrNotAvailable)
	}
}

func TestADeviceThatHasSleptComputesAsBefore(t *testing.T) {
	d := open(t)
	name := d.Name()
	for round := range uint64(2) {
		require.NoError(t, d.Sleep())
		require.NoError(t, d.Sleep())
		_, err := d.New(tensor.Shape{Type: tensor.S8, Count: 1})
		require.ErrorContains(t, err, "sleeps")
		require.NoError(t, d.Wake())
		require.NoError(t, d.Wake())
		require.Equal(t, name, d.Name())
		require.NoError(t, d.Test(round<<40, 1))
	}
	require.NoError(t, d.Sleep())
}

// FuzzCompare compares a random case of each operation with the reference, divided or not.
func FuzzCompare(f *testing.F) {
	whole, divided := open(f), open(f, cuda.WithLimits(plan.Limits{Range: 1500, Groups: [3]uint64{2, 2, 2}, Work: 10_000}))
	f.Add(uint64(1), true)
	f.Fuzz(func(t *testing.T, seed uint64, divide bool) {
		d := whole
		if divide {
			d = divided
		}
		require.NoError(t, d.Test(seed, 1))
	})
}

// BenchmarkCUDA measures each operation, and the time for a unit of its fuel.
func BenchmarkCUDA(b *testing.B) {
	d := open(b)
	for _, code := range tensor.Codes() {
		b.Run(code.String(), func(b *testing.B) {
			call, err := tensortest.Large(code).Prepare(d)
			require.NoError(b, err)
			for b.Loop() {
				require.NoError(b, d.Submit([]tensor.Call{call}))
				_, err := d.Wait()
				require.NoError(b, err)
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(tensor.Fuel(call.Op)), "ns/fuel")
		})
	}
}
