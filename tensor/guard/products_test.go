package guard_test

import (
	"math/rand/v2"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/thetaedge/theta/tensor"
	"github.com/thetaedge/theta/tensor/cpu"
	"github.com/thetaedge/theta/tensor/guard"
	"github.com/thetaedge/theta/tensor/ref"
)

// multiplication is a product that runs again and again on a guarded device, which compares none of its calls
// after the first one.
type multiplication struct {
	op         *tensor.Gemm
	session    *tensor.Session
	submission tensor.Submission
}

func operand(h tensor.Handle) tensor.Operand { return tensor.Operand{Tensor: h} }

// multiply prepares a product of any bits. Each row of A contains -128, so that a lie about it concerns all of them.
func multiply(t *testing.T, d tensor.Device, batch, m, n, k uint32, shared bool) *multiplication {
	t.Helper()
	weights := batch
	if shared {
		weights = 1
	}
	op := &tensor.Gemm{A: operand(1), W: operand(2), Out: operand(3), Batch: batch, M: m, N: n, K: k, SharedW: shared}
	s, random := tensor.NewSession(d, 1<<34), rand.New(rand.NewPCG(uint64(n), uint64(k)))
	for i, shape := range []tensor.Shape{
		{Type: tensor.S8, Count: uint64(batch) * uint64(m) * uint64(k)},
		{Type: tensor.S8, Count: uint64(weights) * uint64(n) * uint64(k)},
		{Type: tensor.S32, Count: uint64(batch) * uint64(m) * uint64(n)},
	} {
		handle, err := s.Alloc(shape)
		require.NoError(t, err)
		if shape.Type == tensor.S8 {
			content := make([]byte, shape.Count)
			for j := range content {
				content[j] = byte(random.Uint32())
			}
			for at := 0; i == 0 && at < len(content); at += int(k) {
				content[at] = 0x80
			}
			require.NoError(t, s.Write(handle, 0, content))
		}
	}
	submission, err := s.Check(tensor.Encode(op))
	require.NoError(t, err)
	return &multiplication{op, s, submission}
}

func (m *multiplication) run() error {
	if err := m.session.Run(m.submission); err != nil {
		return err
	}
	return m.session.Wait()
}

// lie says what a device does to a product that it has computed. own says whether a guard has asked for it.
type lie func(o *tensor.Gemm, a, w []int8, out []int32, own bool)

// lying returns the reference, which lies about products while the switch is on.
func lying(on *atomic.Bool, n uint32, l lie) *stub {
	s := &stub{Device: ref.NewDevice()}
	s.spoil = func(call tensor.Call) {
		if o, is := call.Op.(*tensor.Gemm); is && on.Load() {
			operands := ref.OperandsOf(call)
			l(o, operands.S8(0), operands.S8(1), operands.S32(2), o.N != n)
		}
	}
	return s
}

// ways are lies about rows and columns.
func ways(rows, columns int) map[string]lie {
	again := func(o *tensor.Gemm, a, w []int8, out []int32, element func(a, w int8, k int) int32) {
		for i := range out[:o.M*o.N] {
			out[i] = 0
			for k := range int(o.K) {
				out[i] += element(a[i/int(o.N)*int(o.K)+k], w[i%int(o.N)*int(o.K)+k], k)
			}
		}
	}
	return map[string]lie{
		"two rows change places": func(_ *tensor.Gemm, _, _ []int8, out []int32, own bool) {
			if !own {
				for i := range columns {
					out[i], out[(rows-1)*columns+i] = out[(rows-1)*columns+i], out[i]
				}
			}
		},
		"a tile is lost": func(_ *tensor.Gemm, _, _ []int8, out []int32, own bool) {
			for r := 8; !own && r < 16; r++ {
				clear(out[r*columns+16:][:16])
			}
		},
		"the last row is that of the call before": func(_ *tensor.Gemm, _, _ []int8, out []int32, own bool) {
			if !own {
				out[rows*columns-1]--
			}
		},
		"the same bit of each row, in all products": func(o *tensor.Gemm, _, _ []int8, out []int32, _ bool) {
			for r := range int(o.M) {
				out[r*int(o.N)] ^= 1 << 9
			}
		},
		"one more in each row, in all products": func(o *tensor.Gemm, _, _ []int8, out []int32, _ bool) {
			for r := range int(o.M) {
				out[r*int(o.N)]++
			}
		},
		"sums saturate": func(o *tensor.Gemm, _, _ []int8, out []int32, _ bool) {
			for i := range out[:o.M*o.N] {
				out[i] = min(max(out[i], -1<<15), 1<<15-1)
			}
		},
		"pairs saturate at 16 bits, with weights as numbers without a sign": func(o *tensor.Gemm, a, w []int8, out []int32, _ bool) {
			again(o, a, w, out, func(a, w int8, _ int) int32 { return min(int32(a)*int32(uint8(w)), 1<<14) })
		},
		"the last elements of rows do not count, in all products": func(o *tensor.Gemm, a, w []int8, out []int32, _ bool) {
			again(o, a, w, out, func(a, w int8, k int) int32 {
				if k >= int(o.K)-4 {
					return 0
				}
				return int32(a) * int32(w)
			})
		},
		"-128 of A is taken for 127, in all products": func(o *tensor.Gemm, a, w []int8, out []int32, _ bool) {
			again(o, a, w, out, func(a, w int8, _ int) int32 { return int32(max(a, -127)) * int32(w) })
		},
	}
}

// Each lie begins after the guard has compared the call as the first one of its kind.
func TestEachLieAboutAProductIsFoundByItsSums(t *testing.T) {
	for _, shape := range []struct{ m, n, k uint32 }{{100, 64, 256}, {40, 33, 132}, {70, 1009, 64}} {
		for what, l := range ways(int(shape.m), int(shape.n)) {
			var on atomic.Bool
			d := guard.New(lying(&on, shape.n, l), guard.Config{Sample: 1 << 31, Grace: time.Hour})
			product := multiply(t, d, 1, shape.m, shape.n, shape.k, true)
			require.NoError(t, product.run(), what)
			require.NoError(t, product.run(), what)
			on.Store(true)
			err := product.run()
			require.ErrorIs(t, err, guard.ErrDoubt, "%s: %+v", what, shape)
			require.ErrorContains(t, err, "sum")
		}
	}
}

// Every element of a product counts, in all of its rows.
func TestAFlippedBitOfAnyElementIsFound(t *testing.T) {
	const m, n, k = 300, 96, 64
	random := rand.New(rand.NewPCG(7, 7))
	for i := range 60 {
		var on atomic.Bool
		at, bit := random.IntN(m*n), random.IntN(32)
		d := guard.New(lying(&on, n, func(_ *tensor.Gemm, _, _ []int8, out []int32, own bool) {
			if !own {
				out[at] ^= 1 << bit
			}
		}), guard.Config{Sample: 1 << 31, First: 8, Grace: time.Hour})
		product := multiply(t, d, 1, m, n, k, true)
		if i%2 == 0 { // it is found in the first call as well, of which few elements are compared
			require.NoError(t, product.run())
		}
		on.Store(true)
		require.ErrorIs(t, product.run(), guard.ErrDoubt, "bit %d of element %d", bit, at)
	}
}

// A device that takes other numbers for A in a quarter of the rows, in the products of the guard as well, is
// found by the rows that are read. They are drawn, so that it takes some calls.
func TestAnotherMatrixInSomeRowsIsFoundInTime(t *testing.T) {
	const m, n, k = 128, 32, 64
	var on atomic.Bool
	d := guard.New(lying(&on, n, func(o *tensor.Gemm, a, w []int8, out []int32, _ bool) {
		for r := uint32(0); r < o.M/4; r++ {
			for i := range o.N {
				out[r*o.N+i] -= int32(a[r*o.K]) * int32(w[i*o.K])
			}
		}
	}), guard.Config{Sample: 1 << 31, Grace: time.Hour})
	product := multiply(t, d, 1, m, n, k, true)
	require.NoError(t, product.run())
	on.Store(true)
	var err error
	for i := 0; i < 150 && err == nil; i++ { // it goes unnoticed with a probability of 0.75^150
		err = product.run()
	}
	require.ErrorIs(t, err, guard.ErrDoubt)
}

// The operations by which the guard has products added up and copied are in doubt as well.
func TestWrongSumsAndCopiesAreInDoubt(t *testing.T) {
	for _, code := range []tensor.Code{tensor.CodeSum, tensor.CodeCopy} {
		var on atomic.Bool
		s := &stub{Device: ref.NewDevice(), spoil: func(call tensor.Call) {
			if on.Load() {
				flip(call, code, 0)
			}
		}}
		product := multiply(t, guard.New(s, guard.Config{Sample: 1 << 31, Grace: time.Hour}), 1, 20, 64, 64, true)
		require.NoError(t, product.run())
		on.Store(true)
		require.ErrorIs(t, product.run(), guard.ErrDoubt, code)
	}
}

// Shapes at which blocks, rooms and rows that are drawn are cut in other ways. No right product is in doubt.
func TestNoShapeOfARightProductIsInDoubt(t *testing.T) {
	for _, c := range []struct {
		batch, m, n, k uint32
		shared         bool
	}{
		{1, 1, 1, 4, true},
		{1, 2, 3, 4, true},
		{1, 3, 4, 8, true},
		{7, 5, 24, 36, false},
		{7, 5, 24, 36, true},
		{3, 200, 7, 64, false},
		{1, 1, 1009, 64, true},
		{2, 300, 4093, 2048, true},
		{1, 2, 64, tensor.MaxK, true},
		{1, 9, 16, tensor.MaxK, true},
		{1, 40_000, 17, 4, true},
		{1, 1, 200_003, 8, true},
		{1, 600_000, 2, 4, true},
	} {
		d := guard.New(cpu.New(cpu.WithCores(2)), guard.Config{Sample: 1 << 31, Grace: time.Hour})
		product := multiply(t, d, c.batch, c.m, c.n, c.k, c.shared)
		for range 3 {
			require.NoError(t, product.run(), c)
		}
		require.NoError(t, product.session.Close())
		require.NoError(t, d.Close())
	}
}

// Elements of the largest size have sums that no block of many columns can hold.
func TestTheHeaviestProductIsNotInDoubt(t *testing.T) {
	d := guard.New(cpu.New(cpu.WithCores(2)), guard.Config{Sample: 1 << 31, Grace: time.Hour})
	product := multiply(t, d, 1, 6, 256, 8192, true)
	for handle, count := range map[tensor.Handle]int{1: 6 * 8192, 2: 256 * 8192} {
		content := make([]byte, count)
		for i := range content {
			content[i] = 0x80
		}
		require.NoError(t, product.session.Write(handle, 0, content))
	}
	for range 2 {
		require.NoError(t, product.run())
	}
	require.NoError(t, d.Close())
}

// A program may submit much before it waits. The guard waits before its marks run out, not in the middle of a
// product that it checks.
func TestManySubmissionsWithoutAWaitAreNotInDoubt(t *testing.T) {
	for every := 1; every <= 4; every++ { // products meet other marks
		d := guard.New(ref.NewDevice(), guard.Config{Sample: 1 << 31, Grace: time.Hour})
		product := multiply(t, d, 1, 4, 8, 8, true)
		other, err := product.session.Alloc(tensor.Shape{Type: tensor.S32, Count: 4})
		require.NoError(t, err)
		fill, err := product.session.Check(tensor.Encode(&tensor.Fill{Out: operand(other), Count: 4, Value: 1}))
		require.NoError(t, err)
		for i := range 2600 {
			next := fill
			if i == 0 || i > 1000 && i%every == 0 {
				next = product.submission
			}
			require.NoError(t, product.session.Run(next), i)
		}
		require.NoError(t, product.session.Wait())
	}
}
