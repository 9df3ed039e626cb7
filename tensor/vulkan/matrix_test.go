package vulkan_test

import (
	"math"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/thetaedge/theta/tensor"
	"github.com/thetaedge/theta/tensor/tensortest"
	"github.com/thetaedge/theta/tensor/vulkan"
)

// openMatrices opens a device whose kernels multiply with cooperative matrices, or skips the test.
func openMatrices(t testing.TB, options ...vulkan.Option) *vulkan.Device {
	t.Helper()
	d := open(t, options...)
	if d.Matrices() == "" {
		t.Skipf("no cooperative matrices of signed bytes were tested: %s with %s has none, or wrong ones", d.Name(), d.Info().DriverText)
	}
	return d
}

// Every product of these kinds that is large enough is computed in tiles.
func TestCooperativeMatricesGiveTheBitsOfTheReference(t *testing.T) {
	d, narrow := openMatrices(t), openMatrices(t, vulkan.WithoutWideIntegers(), vulkan.WithoutDotProducts())
	t.Logf("%s, %s", d.Name(), d.Info().DriverText)
	for round := range uint64(*rounds) {
		for _, kind := range []int{tensortest.WideConvolution, tensortest.WideProduct} {
			c := tensortest.DrawWide(tensortest.NewSource(30<<40+round<<8+uint64(kind)), kind)
			require.NoError(t, c.Same(d), "round %d", round)
			require.NoError(t, c.Same(narrow), "round %d", round)
		}
	}
	require.NoError(t, d.Test(31<<40, *rounds))
}

func TestADeviceSaysWithWhichMatricesItMultiplies(t *testing.T) {
	d := openMatrices(t)
	require.Contains(t, d.Name(), "cooperative matrices of "+d.Matrices())
	plain := open(t, vulkan.WithoutMatrices())
	require.Empty(t, plain.Matrices())
	require.NotContains(t, plain.Name(), "matrices")
	require.Equal(t, d.Info(), plain.Info())
}

// BenchmarkTiles takes products of 256 rows with each kind of kernels in turn, and reports the least time of
// each relative to that with instructions for sums of products.
func BenchmarkTiles(b *testing.B) {
	const side = 1024
	product := &tensor.Gemm{Batch: 1, M: side / 4, N: side, K: side}
	c := tensortest.Case{Op: product}
	for i, shape := range []tensor.Shape{{Type: tensor.S8, Count: side * side / 4}, {Type: tensor.S8, Count: side * side}, {Type: tensor.S32, Count: side * side / 4}} {
		c.Tensors = append(c.Tensors, tensortest.Tensor{Shape: shape, Bytes: make([]byte, shape.Type.Bytes(shape.Count))})
		*tensor.Operands(product)[i] = tensor.Operand{Tensor: tensor.Handle(i + 1)}
	}
	names := []string{"dots", "matrices", "plain"}
	devices := []*vulkan.Device{
		open(b, vulkan.WithoutMatrices()), openMatrices(b), open(b, vulkan.WithoutMatrices(), vulkan.WithoutDotProducts()),
	}
	var calls []tensor.Call
	for _, d := range devices {
		call, err := c.Prepare(d)
		require.NoError(b, err)
		calls = append(calls, call)
	}
	took := slices.Repeat([]time.Duration{math.MaxInt64}, len(devices))
	multiply := func(i int) {
		began := time.Now()
		require.NoError(b, devices[i].Submit(calls[i:i+1]))
		_, err := devices[i].Wait()
		require.NoError(b, err)
		took[i] = min(took[i], time.Since(began))
	}
	for b.Loop() {
		for i := range devices {
			multiply(i)
		}
	}
	for i, name := range names[1:] {
		b.ReportMetric(float64(took[i+1])/float64(took[0]), name+"/dots")
	}
	b.ReportMetric(took[0].Seconds()*1000, "dots-ms")
}
