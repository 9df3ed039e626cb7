package vulkan_test

import (
	"encoding/binary"
	"errors"
	"flag"
	"fmt"
	"os"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/thetaedge/theta/tensor"
	"github.com/thetaedge/theta/tensor/ref"
	"github.com/thetaedge/theta/tensor/tensortest"
	"github.com/thetaedge/theta/tensor/vulkan"
	"github.com/thetaedge/theta/tensor/vulkan/plan"
)

var (
	rounds = flag.Int("rounds", 4, "the number of random cases of each operation on each device")
	all    = flag.Bool("all", false, "all operations where a few represent them")
)

// represented returns some operations, or all.
func represented(codes ...tensor.Code) []tensor.Code {
	if *all {
		return tensor.Codes()
	}
	return codes
}

// open opens a device for a test. Without one the test is skipped, or fails if THETA_VULKAN is
// "require".
func open(t testing.TB, options ...vulkan.Option) *vulkan.Device {
	t.Helper()
	d, err := vulkan.Open(options...)
	if errors.Is(err, vulkan.ErrNotAvailable) && os.Getenv("THETA_VULKAN") != "require" {
		t.Skipf("no device of Vulkan was tested (THETA_VULKAN=require fails here): %v", err)
	}
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, d.Close()) })
	return d
}

func TestVulkanGivesTheBitsOfTheReference(t *testing.T) {
	d := open(t)
	t.Logf("%+v, instructions for sums of products: %v", d.Info(), d.DotProducts())
	require.NoError(t, d.Test(1<<40, *rounds))
}

func TestKernelsWithoutDotProductsGiveTheBitsOfTheReference(t *testing.T) {
	d := open(t, vulkan.WithoutDotProducts())
	require.False(t, d.DotProducts())
	require.NoError(t, d.Test(2<<40, *rounds))
}

func TestKernelsWithoutWideIntegersGiveTheBitsOfTheReference(t *testing.T) {
	for i, options := range [][]vulkan.Option{{vulkan.WithoutWideIntegers()}, {vulkan.WithoutWideIntegers(), vulkan.WithoutDotProducts()}} {
		d := open(t, options...)
		require.True(t, d.Narrow())
		require.NoError(t, d.Test(uint64(5+i)<<40, *rounds))
	}
}

// Limits so small that operations are divided along every dimension, and that some do not fit.
func TestDividedOperationsGiveTheBitsOfTheReference(t *testing.T) {
	for i, l := range []plan.Limits{
		{Range: 1400, Groups: [3]uint64{2, 2, 2}, Work: 10_000},
		{Range: 900, Groups: [3]uint64{1, 1, 1}, Work: 3_000},
	} {
		require.NoError(t, open(t, vulkan.WithLimits(l)).Test(uint64(3+i)<<40, *rounds))
	}
}

func TestVulkanGivesThePublishedVectors(t *testing.T) {
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
	d := open(t)
	for _, code := range represented(tensor.CodeGemm, tensor.CodeConv2D, tensor.CodeAttnScores, tensor.CodeGroupNorm, tensor.CodeArgmax) {
		c := tensortest.Large(code)
		c.Keys = [][32]byte{{1}, {2}}
		want, err := c.Run(ref.NewDevice())
		require.NoError(t, err)
		got, err := c.Run(d)
		require.NoError(t, err)
		require.Equal(t, want.Digest(), got.Digest(), code)
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

// A submission of more dispatches than a command buffer takes, with more checksums than the device
// holds.
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
	for range 30 {
		for _, d := range []*vulkan.Device{one, other} {
			got, found := chain(t, d, 20)
			require.Equal(t, want, got)
			require.Equal(t, traces, found)
		}
	}
}

func TestNewTensorsAreZero(t *testing.T) {
	d := open(t)
	for _, n := range []uint64{1, 1023, 70_001, 3 << 20} {
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

// More tensors than a device gives allocations for.
func TestThousandsOfTensorsShareAllocations(t *testing.T) {
	s := tensor.NewSession(open(t), 1<<30)
	for i := range uint32(5_000) {
		h, err := s.Alloc(tensor.Shape{Type: tensor.S32, Count: 1 + uint64(i%7)})
		require.NoError(t, err)
		require.NoError(t, s.Write(h, 0, binary.LittleEndian.AppendUint32(nil, i)))
	}
	for i := range uint32(5_000) {
		word := make([]byte, 4)
		if i%500 == 0 {
			require.NoError(t, s.Read(tensor.Handle(i+1), 0, word))
			require.Equal(t, i, binary.LittleEndian.Uint32(word))
		}
		require.NoError(t, s.Free(tensor.Handle(i+1)))
	}
	require.NoError(t, s.Close())
}

func TestRefusedMemoryIsTroubleOfTheMachine(t *testing.T) {
	d := open(t, vulkan.WithMemory(1<<20))
	s := tensor.NewSession(d, 1<<60)
	_, err := s.Alloc(tensor.Shape{Type: tensor.S8, Count: 1 << 21})
	require.ErrorIs(t, err, vulkan.ErrMemory)
	require.NotErrorIs(t, err, tensor.ErrOutOfMemory)
	h, err := tensor.NewSession(d, 1<<60).Alloc(tensor.Shape{Type: tensor.S8, Count: 1 << 20})
	require.NoError(t, err)
	require.Equal(t, tensor.Handle(1), h)
	_, err = open(t).New(tensor.Shape{Type: tensor.Scales, Count: 1 << 45})
	require.ErrorIs(t, err, vulkan.ErrMemory)
}

func TestDevicesAreChosenByPlaceAndUUID(t *testing.T) {
	open(t)
	found, err := vulkan.List()
	require.NoError(t, err)
	require.NotEmpty(t, found)
	for _, info := range found {
		if info.Missing != "" {
			continue
		}
		require.NotEmpty(t, info.Name)
		require.NotZero(t, info.Memory)
		require.Equal(t, info, open(t, vulkan.WithIndex(info.Index)).Info())
		require.Equal(t, info.UUID, open(t, vulkan.WithUUID(info.UUID)).Info().UUID)
	}
	for _, wrong := range []vulkan.Option{vulkan.WithIndex(len(found)), vulkan.WithUUID("00")} {
		_, err := vulkan.Open(wrong)
		require.ErrorIs(t, err, vulkan.ErrNotAvailable)
	}
}

// FuzzCompare compares a random case of each operation with the reference, divided or not.
func FuzzCompare(f *testing.F) {
	whole, divided := open(f), open(f, vulkan.WithLimits(plan.Limits{Range: 1500, Groups: [3]uint64{2, 2, 2}, Work: 10_000}))
	f.Add(uint64(1), true)
	f.Fuzz(func(t *testing.T, seed uint64, divide bool) {
		d := whole
		if divide {
			d = divided
		}
		require.NoError(t, d.Test(seed, 1))
	})
}

// BenchmarkVulkan measures each operation, and the time for a unit of its fuel.
func BenchmarkVulkan(b *testing.B) {
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
