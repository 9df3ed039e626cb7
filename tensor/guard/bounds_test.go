package guard_test

import (
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/thetaedge/theta/tensor"
	"github.com/thetaedge/theta/tensor/guard"
	"github.com/thetaedge/theta/tensor/tensortest"
)

// hollow is a device whose tensors take no memory: they hold zeros, and operations do nothing.
type hollow struct {
	// takes is the time of a submission.
	takes time.Duration
	// calls counts those of each operation.
	calls map[tensor.Code]int
}

func (*hollow) Name() string { return "hollow" }

func (*hollow) New(s tensor.Shape) (tensor.Buffer, error) {
	return &zeros{shape: s, own: map[uint64]byte{}}, nil
}

func (h *hollow) Submit(calls []tensor.Call) error {
	time.Sleep(h.takes)
	for _, call := range calls {
		if h.calls != nil {
			h.calls[call.Op.Code()]++
		}
		if fill, is := call.Op.(*tensor.Fill); is {
			for i := range uint64(4 * fill.Count) {
				call.Buffers[0].(*zeros).own[4*fill.Out.Offset+i] = byte(uint32(fill.Value) >> (8 * (i % 4)))
			}
		}
	}
	return nil
}

func (*hollow) Wait() ([]uint64, error) { return nil, nil }

func (*hollow) Close() error { return nil }

type zeros struct {
	shape tensor.Shape
	own   map[uint64]byte
}

func (b *zeros) Shape() tensor.Shape { return b.shape }

func (*zeros) Write(uint64, []byte) error { return nil }

func (b *zeros) Read(offset uint64, p []byte) error {
	clear(p)
	for at, v := range b.own {
		if at >= offset && at-offset < uint64(len(p)) {
			p[at-offset] = v
		}
	}
	return nil
}

func (*zeros) Free() error { return nil }

func at(h tensor.Handle) tensor.Operand { return tensor.Operand{Tensor: h} }

// A requester chooses shapes. A call whose parts are too large to be compared is no fault of the device.
func TestNoShapeIsTroubleOfTheDevice(t *testing.T) {
	const cols = 1 << 27
	s32, s8, scales := tensor.S32, tensor.S8, tensor.Scales
	for _, c := range []struct {
		op     tensor.Op
		shapes []tensor.Shape
	}{
		{&tensor.Sum{X: at(1), Out: at(2), Rows: 1, Cols: cols}, []tensor.Shape{{Type: s32, Count: cols}, {Type: s32, Count: 1}}},
		{
			&tensor.GroupNorm{X: at(1), Out: at(2), Batch: 1, Pixels: 1 << 17, Channels: 1 << 10, Groups: 1 << 10},
			[]tensor.Shape{{Type: s32, Count: cols}, {Type: s32, Count: cols}},
		},
		{
			&tensor.Rescale{Acc: at(1), Row: at(2), Out: at(1), Rows: 1, Cols: cols, OneRow: true},
			[]tensor.Shape{{Type: s32, Count: cols}, {Type: scales, Count: 1}},
		},
		{
			&tensor.AttnScores{Q: at(1), QScale: at(2), K: at(3), KScale: at(4), Out: at(5), Queries: 1, Heads: 1, KVHeads: 1, Keys: 1 << 17, Dim: 1 << 12},
			[]tensor.Shape{{Type: s8, Count: 1 << 12}, {Type: scales, Count: 1}, {Type: s8, Count: 1 << 29}, {Type: scales, Count: 1 << 17}, {Type: s32, Count: 1 << 17}},
		},
	} {
		d := guard.New(&hollow{}, guard.Config{})
		s := tensor.NewSession(d, 1<<40)
		for _, shape := range c.shapes {
			_, err := s.Alloc(shape)
			require.NoError(t, err)
		}
		submission, err := s.Check(tensor.Encode(c.op))
		require.NoError(t, err)
		require.NoError(t, s.Run(submission), c.op.Code())
		require.NoError(t, s.Wait(), c.op.Code())
	}
}

// A device may take as long as the fuel of a call allows.
func TestALongCallIsNoHang(t *testing.T) {
	h := &hollow{takes: 3 * time.Second}
	d := guard.New(h, guard.Config{Limit: 2 * time.Second})
	s := tensor.NewSession(d, 1<<40)
	for range 2 {
		_, err := s.Alloc(tensor.Shape{Type: tensor.S32, Count: 1 << 27})
		require.NoError(t, err)
	}
	submission, err := s.Check(tensor.Encode(&tensor.Clamp{X: at(1), Out: at(2), Count: 1 << 27}))
	require.NoError(t, err)
	require.Greater(t, submission.Fuel, uint64(400_000_000), "eight seconds")
	require.NoError(t, s.Run(submission))
	require.NoError(t, s.Wait())
	h.takes = time.Hour // a busy machine may look at the limit long after it is over
	submission, err = s.Check(tensor.Encode(&tensor.Clamp{X: at(1), Out: at(2), Count: 4}))
	require.NoError(t, err)
	require.ErrorIs(t, s.Run(submission), guard.ErrHung)
}

// summed runs a step again and again, and returns the number of its products and of those that the device has
// added up.
func summed(t *testing.T, steps int, ops []tensor.Op, tensors []tensortest.Tensor) (products, sums int) {
	t.Helper()
	h := &hollow{calls: map[tensor.Code]int{}}
	s := tensor.NewSession(guard.New(h, guard.Config{Sample: 1 << 31, Grace: time.Hour}), 1<<40)
	for _, held := range tensors {
		_, err := s.Alloc(held.Shape)
		require.NoError(t, err)
	}
	submission, err := s.Check(tensor.Encode(ops...))
	require.NoError(t, err)
	for _, op := range ops {
		if op.Code() == tensor.CodeGemm {
			products += steps
		}
	}
	for range steps {
		require.NoError(t, s.Run(submission))
		require.NoError(t, s.Wait())
	}
	return products, h.calls[tensor.CodeSum]
}

// The share of fuel is enough for all products of models that are worth a card. Of small products, whose launches
// would take most of the time, some are added up.
func TestAllProductsOfALanguageModelAreAddedUp(t *testing.T) {
	for _, rows := range []uint32{1, 9, 64} {
		ops, tensors := tensortest.Billion().Layers(rows, 1)
		ops = slices.DeleteFunc(ops, func(op tensor.Op) bool { return op.Code() != tensor.CodeGemm })
		products, sums := summed(t, 400, ops, tensors)
		require.Equal(t, products, sums, "%d rows", rows)
	}
	small := []tensortest.Tensor{{Shape: tensor.Shape{Type: tensor.S8, Count: 64}}, {Shape: tensor.Shape{Type: tensor.S8, Count: 4096}}, {Shape: tensor.Shape{Type: tensor.S32, Count: 64}}}
	products, sums := summed(t, 20_000, []tensor.Op{&tensor.Gemm{A: at(1), W: at(2), Out: at(3), Batch: 1, M: 1, N: 64, K: 64}}, small)
	require.Less(t, sums, products/4)
	require.Greater(t, sums, products/40)
}
