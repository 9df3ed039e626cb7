package guard

import (
	"encoding/binary"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/thetaedge/theta/tensor"
	"github.com/thetaedge/theta/tensor/ref"
)

// drawWeights returns a matrix of any bits, of the least number alone, or of the largest one.
func drawWeights(t *rapid.T, n, k uint64) []int8 {
	w := make([]int8, n*k)
	fixed := rapid.SampledFrom([]int8{0, -128, 127}).Draw(t, "all")
	seed := rapid.Uint32().Draw(t, "seed")
	for i := range w {
		if w[i] = fixed; fixed == 0 {
			seed = seed*1664525 + 1013904223
			w[i] = int8(seed >> 24)
		}
	}
	return w
}

func TestTheSumsOfWeightsAreThoseOfTheirRows(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n, k := uint64(rapid.IntRange(1, 700).Draw(t, "n")), 4*uint64(rapid.IntRange(1, 40).Draw(t, "k"))
		w := drawWeights(t, n, k)
		content, want := make([]byte, len(w)), make([]uint32, k)
		for i, v := range w {
			content[i] = byte(v)
			want[uint64(i)%k] += uint32(int32(v))
		}
		c, cut := newCounter(n, k), k*uint64(rapid.IntRange(0, int(n)).Draw(t, "cut"))
		c.add(content[:cut])
		c.add(content[cut:])
		got := c.weights()
		require.Equal(t, want, got.columns)
		require.Zero(t, n%got.block)

		// The largest and the least sums of a block, for any row of A.
		for first := uint64(0); first < n; first += got.block {
			sizes := int64(0)
			for i := range k {
				sum := int64(0)
				for row := first; row < first+got.block; row++ {
					sum += int64(w[row*k+i])
				}
				sizes += 128 * max(sum, -sum)
			}
			require.Less(t, sizes, int64(1<<31))
		}
	})
}

func TestSumsOfWideAndHeavyMatricesFitABlock(t *testing.T) {
	for _, c := range []struct{ n, k, block uint64 }{
		{2048, 2048, 256}, {151_936, 64, 128}, {1009, 64, 1009}, {1009, 2048, 1}, {3, 64, 1},
	} {
		counted := newCounter(c.n, c.k)
		counted.add(make([]byte, c.n*c.k))
		require.Equal(t, c.block, counted.weights().block, c)
	}
	heavy := newCounter(64, 4096)
	content := make([]byte, 64*4096)
	for i := range content {
		content[i] = 0x80
	}
	heavy.add(content)
	require.EqualValues(t, 16, heavy.weights().block, "32 of them have a sum of 2^31")
}

// Digits on the device stand for the sums of weights.
func TestProductsWithDigitsStandForProductsWithSums(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		d := New(ref.NewDevice(), Config{})
		l, k := library{device: d}, 4*rapid.IntRange(1, 40).Draw(t, "k")
		w := &weights{columns: rapid.SliceOfN(rapid.Uint32(), k, k).Draw(t, "columns")}
		row := make([]byte, k)
		for i, v := range rapid.SliceOfN(rapid.Int8(), k, k).Draw(t, "row") {
			row[i] = byte(v)
		}
		l.used = 4 * uint64(rapid.IntRange(0, 3).Draw(t, "used"))
		at, err := l.onDevice(w)
		require.NoError(t, err)
		again, err := l.onDevice(w)
		require.NoError(t, err)
		require.Equal(t, at, again)
		content, err := d.inner.read(at.held, at.offset, uint64(digits*k))
		require.NoError(t, err)
		var words []byte
		for i := range digits {
			sum := uint32(0)
			for j, v := range content[i*k:][:k] {
				sum += uint32(int32(int8(v))) * uint32(int32(int8(row[j])))
			}
			words = binary.LittleEndian.AppendUint32(words, sum)
		}
		require.Equal(t, weighted(row, w.columns)*w.factor, joined(words))
		require.Equal(t, uint32(1), w.factor&1)
	})
}

// A device keeps the sums of many weights, and begins again when there are too many of them.
func TestWeightsAreForgottenBetweenWaits(t *testing.T) {
	d := New(ref.NewDevice(), Config{})
	l := &d.products.library
	w := func() *weights { return &weights{columns: make([]uint32, tensor.MaxK)} }
	for i := 0; !l.full(); i++ {
		_, err := l.onDevice(w())
		require.NoError(t, err)
		require.Less(t, i, maxWords/tensor.MaxK)
	}
	require.LessOrEqual(t, len(l.held), 64-3, "tensors that a guard may have")
	require.NoError(t, d.products.check(nil, nil))
	require.False(t, l.full())
	held := len(l.held)
	_, err := l.onDevice(w())
	require.NoError(t, err)
	require.Len(t, l.held, held, "memory is used again")
}

// Tasks bring weights and take them away. What the guard knows of them does not pile up.
func TestWeightsThatAreGoneTakeNoRoom(t *testing.T) {
	d := New(ref.NewDevice(), Config{Sample: 1 << 31, Grace: time.Hour})
	var held uint64
	for i := range byte(6) {
		s := tensor.NewSession(d, 1<<30)
		for _, shape := range []tensor.Shape{{Type: tensor.S8, Count: 40 * 64}, {Type: tensor.S8, Count: 16 * 64}, {Type: tensor.S32, Count: 40 * 16}} {
			_, err := s.Alloc(shape)
			require.NoError(t, err)
		}
		for v := range byte(3) { // other weights in the same tensor
			require.NoError(t, s.Write(2, 0, []byte{i, v, 7, 8}))
			submission, err := s.Check(tensor.Encode(&tensor.Gemm{A: at(0), W: at(1), Out: at(2), Batch: 1, M: 40, N: 16, K: 64}))
			require.NoError(t, err)
			require.NoError(t, s.Run(submission))
			require.Len(t, d.products.library.known, 1)
			require.NoError(t, s.Run(submission))
		}
		require.NoError(t, s.Close())
		require.Empty(t, d.products.library.known)
		require.Zero(t, d.products.library.words)
		if i == 0 {
			held = d.products.library.used
		}
		require.Equal(t, held, d.products.library.used)
	}
	require.EqualValues(t, digits*64, held)
}
