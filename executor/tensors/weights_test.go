package tensors

import (
	"bytes"
	"crypto/sha256"
	"io"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/thetaedge/theta/tensor"
	"github.com/thetaedge/theta/tensor/cpu"
	"github.com/thetaedge/theta/tensor/guard"
	"github.com/thetaedge/theta/tensor/ref"
	"github.com/thetaedge/theta/tensor/remote"
	"github.com/thetaedge/theta/tensor/tensortest"
)

// counted is a reference that counts the memory of its tensors and the bytes that are written.
type counted struct {
	*ref.Device

	live, most, written uint64
	tensors             int
}

func (m *counted) New(s tensor.Shape) (tensor.Buffer, error) {
	b, err := m.Device.New(s)
	m.live += tensor.Memory(s)
	m.most = max(m.most, m.live)
	m.tensors++
	return &countedBuffer{b, m}, err
}

func (m *counted) Submit(calls []tensor.Call) error {
	for _, call := range calls {
		for i, b := range call.Buffers {
			if b != nil {
				call.Buffers[i] = b.(*countedBuffer).Buffer
			}
		}
	}
	return m.Device.Submit(calls)
}

type countedBuffer struct {
	tensor.Buffer

	device *counted
}

func (b *countedBuffer) Write(offset uint64, p []byte) error {
	b.device.written += uint64(len(p))
	return b.Buffer.Write(offset, p)
}

func (b *countedBuffer) Free() error {
	b.device.live -= tensor.Memory(b.Shape())
	b.device.tensors--
	return b.Buffer.Free()
}

// loading is the device of a run whose tensors are loaded where they are written as a whole.
type loading struct{ *lent }

func (l loading) New(s tensor.Shape) (tensor.Buffer, error) {
	b, err := l.lent.New(s)
	return loadingBuffer{b.(*lentBuffer)}, err
}

func (l loading) Submit(calls []tensor.Call) error {
	for _, call := range calls {
		for i, b := range call.Buffers {
			if b != nil {
				call.Buffers[i] = b.(loadingBuffer).lentBuffer
			}
		}
	}
	return l.lent.Submit(calls)
}

type loadingBuffer struct{ *lentBuffer }

func (b loadingBuffer) Write(offset uint64, p []byte) error {
	if offset > 0 || uint64(len(p)) != b.shape.Type.Bytes(b.shape.Count) {
		return b.lentBuffer.Write(offset, p)
	}
	return b.load(part{file: sha256.Sum256(p), shape: b.shape}, func(write func(uint64, []byte) error) error { return write(0, p) })
}

// lend returns the device of a run on an open one.
func lend(d *opened) *lent {
	l := newLent(&devices{})
	l.opened = d
	return l
}

// TestNoOperationChangesWeights: whatever an operation reads and writes is loaded from files, and some
// of it is loaded again.
func TestNoOperationChangesWeights(t *testing.T) {
	for name, limit := range map[string]uint64{"with much room": 1 << 40, "with little room": 3 * tensor.PageBytes} {
		t.Run(name, func(t *testing.T) {
			m := &counted{Device: ref.NewDevice()}
			d := &opened{device: m, weights: newWeights(m, limit)}
			for seed := range uint64(2) {
				require.NoError(t, tensortest.Compare(loading{lend(d)}, seed, 100))
				require.NoError(t, tensortest.Compare(loading{lend(d)}, seed, 100))
			}
			require.NotEmpty(t, d.weights.parts)
			for p, k := range d.weights.parts {
				content := make([]byte, p.shape.Type.Bytes(p.shape.Count))
				require.NoError(t, k.buffer.Read(0, content))
				require.Equal(t, p.file, sha256.Sum256(content))
			}
		})
	}
}

// TestNoOperationChangesWeightsOfAGuardedDevice does the same on a device with guards around it, in what
// stands for another process.
func TestNoOperationChangesWeightsOfAGuardedDevice(t *testing.T) {
	asksIn, asksOut := io.Pipe()
	answersIn, answersOut := io.Pipe()
	served := make(chan error, 1)
	go func() { served <- remote.Serve(asksIn, answersOut, cpu.New(cpu.WithCores(1))) }()
	client, err := remote.NewClient(answersIn, asksOut, asksOut.Close)
	require.NoError(t, err)
	device := guard.New(client, guard.Config{Sample: 8})
	d := &opened{device: device, weights: newWeights(device, 1<<40)}
	for range 2 {
		require.NoError(t, tensortest.Compare(loading{lend(d)}, 1, 100))
	}
	require.NotEmpty(t, d.weights.parts)
	require.NoError(t, device.Close())
	require.NoError(t, <-served)
}

// TestAGuardFindsAWrongWeightInTheTaskItself: the sums of weights that the guard knows are those of the
// first task that used them.
func TestAGuardFindsAWrongWeightInTheTaskItself(t *testing.T) {
	const m, n, k = 8, 64, 4096
	inner := &recorded{Device: ref.NewDevice()}
	device := guard.New(inner, guard.Config{})
	d := &opened{device: device, weights: newWeights(device, 1<<40)}
	multiply := func() error {
		l := lend(d)
		w := &lentBuffer{lent: l, shape: tensor.Shape{Type: tensor.S8, Count: n * k}}
		require.NoError(t, w.load(part{shape: w.shape}, func(write func(uint64, []byte) error) error { return write(0, bytes.Repeat([]byte{3}, n*k)) }))
		a, err := l.New(tensor.Shape{Type: tensor.S8, Count: m * k})
		require.NoError(t, err)
		require.NoError(t, a.Write(0, bytes.Repeat([]byte{5}, m*k)))
		out, err := l.New(tensor.Shape{Type: tensor.S32, Count: m * n})
		require.NoError(t, err)
		op := &tensor.Gemm{A: tensor.Operand{Tensor: 1}, W: tensor.Operand{Tensor: 2}, Out: tensor.Operand{Tensor: 3}, Batch: 1, M: m, N: n, K: k, SharedW: true}
		err = l.Submit([]tensor.Call{{Op: op, Buffers: []tensor.Buffer{a, w, out}}})
		if err == nil {
			_, err = l.Wait()
		}
		for _, b := range []tensor.Buffer{a, w, out} {
			_ = b.Free()
		}
		return err
	}
	// The first call of its kind is compared with the reference, and the next one by its sums.
	require.NoError(t, multiply())
	require.NoError(t, multiply())
	kept := d.weights.parts[part{shape: tensor.Shape{Type: tensor.S8, Count: n * k}}]
	// The bit is not in the block that the next use compares.
	at := (uint64(kept.sums.next)*blockBytes + 2*blockBytes + 17) % (n * k)
	inner.made[0].S8[at] ^= 64
	require.ErrorIs(t, multiply(), guard.ErrDoubt)
}

// recorded is a reference that lists its tensors.
type recorded struct {
	*ref.Device

	made []*ref.Buffer
}

func (r *recorded) New(s tensor.Shape) (tensor.Buffer, error) {
	b, err := ref.NewBuffer(s)
	r.made = append(r.made, b)
	return b, err
}

func TestWhatACallWritesToDoesNotDependOnItsShapes(t *testing.T) {
	var w writes
	source := tensortest.NewSource(1)
	for range 100 {
		for _, code := range tensor.Codes() {
			call, err := tensortest.Draw(source, code).Prepare(ref.NewDevice())
			require.NoError(t, err)
			for i := range call.Buffers {
				require.Equal(t, outputs(call)&(1<<i) != 0, w.to(call, i), "%+v", call.Op)
			}
			require.True(t, w.to(call, len(call.Buffers)-1) || call.Buffers[len(call.Buffers)-1] == nil, "%v writes to its last operand", code)
		}
	}
}

var shape = tensor.Shape{Type: tensor.S8, Count: 3 * tensor.PageBytes}

// filled loads a tensor with a byte from a file of that byte.
func filled(t *testing.T, l *lent, with byte) *lentBuffer {
	t.Helper()
	b, err := l.New(shape)
	require.NoError(t, err)
	content := make([]byte, shape.Count)
	for i := range content {
		content[i] = with
	}
	require.NoError(t, loadingBuffer{b.(*lentBuffer)}.Write(0, content))
	return b.(*lentBuffer)
}

func TestWeightsThatWereUsedLongestAgoGiveWayFirst(t *testing.T) {
	m := &counted{Device: ref.NewDevice()}
	size := tensor.Memory(shape)
	d := &opened{device: m, weights: newWeights(m, 3*size)}
	l := lend(d)
	for _, with := range []byte{1, 2, 3, 1} {
		require.NoError(t, filled(t, l, with).Free())
	}
	require.Equal(t, 3*shape.Count, m.written, "the last one was kept")
	own, err := l.New(shape)
	require.NoError(t, err)
	require.NoError(t, own.Write(0, []byte{1, 2, 3, 4}))
	require.Equal(t, 3*size, m.live)
	m.written = 0
	one, three := filled(t, l, 1), filled(t, l, 3)
	require.Zero(t, m.written, "the second one has given way")
	// Weights that are shared do not give way; there is no room to keep others.
	two := filled(t, l, 2)
	require.Nil(t, two.kept)
	require.Len(t, d.weights.parts, 2)
	// Without room for a copy, a tensor takes the weights that no other one shares.
	before := m.tensors
	require.NoError(t, one.Write(0, []byte{9, 9, 9, 9}))
	require.Equal(t, before, m.tensors)
	require.Len(t, d.weights.parts, 1)
	for _, b := range []tensor.Buffer{one, two, three, own} {
		require.NoError(t, b.Free())
	}
	require.Equal(t, size, m.live)
	require.Equal(t, 1, d.weights.recent.Len())
	require.Zero(t, d.weights.tensorBytes)
}

func TestMoreWeightsThanTensorsAreNotKept(t *testing.T) {
	m := &counted{Device: ref.NewDevice()}
	d := &opened{device: m, weights: newWeights(m, 1<<40)}
	l := lend(d)
	for i := range uint64(tensor.MaxTensors + 10) {
		b := &lentBuffer{lent: l, shape: tensor.Shape{Type: tensor.S8, Count: 4}}
		require.NoError(t, b.load(part{offset: i, shape: b.shape}, func(write func(uint64, []byte) error) error { return write(0, make([]byte, 4)) }))
		require.NoError(t, b.Free())
	}
	require.Equal(t, tensor.MaxTensors, m.tensors)
}

func TestOldWeightsAreLoadedAgain(t *testing.T) {
	m := &counted{Device: ref.NewDevice()}
	d := &opened{device: m, weights: newWeights(m, 1<<40)}
	now := time.Now()
	d.weights.now = func() time.Time { return now }
	l := lend(d)
	require.NoError(t, filled(t, l, 1).Free())
	now = now.Add(maxAge)
	first := filled(t, l, 1)
	require.Equal(t, shape.Count, m.written)
	now = now.Add(1)
	second := filled(t, l, 1)
	require.Equal(t, shape.Count, m.written, "not while a tensor shares them")
	require.NoError(t, first.Free())
	require.NoError(t, second.Free())
	require.NoError(t, filled(t, l, 1).Free())
	require.Equal(t, 2*shape.Count, m.written)
	require.Equal(t, tensor.Memory(shape), m.live)
}

// TestAFlippedBitIsFoundWithinTheUsesOfEachBlock flips one bit of weights that are kept.
func TestAFlippedBitIsFoundWithinTheUsesOfEachBlock(t *testing.T) {
	large := tensor.Shape{Type: tensor.S8, Count: 200*blockBytes + 8}
	for _, at := range []uint64{0, 77*blockBytes + 5, large.Count - 1} {
		d := ref.NewDevice()
		w := newWeights(d, 1<<40)
		l := lend(&opened{device: d, weights: w})
		load := func() error {
			b := &lentBuffer{lent: l, shape: large}
			err := b.load(part{shape: large}, func(write func(uint64, []byte) error) error {
				for at := uint64(0); at < large.Count; at += pieceBytes {
					if err := write(at, make([]byte, min(large.Count-at, pieceBytes))); err != nil {
						return err
					}
				}
				return nil
			})
			require.NoError(t, b.Free())
			return err
		}
		for range 2 * reuses {
			require.NoError(t, load())
		}
		w.parts[part{shape: large}].buffer.(*ref.Buffer).S8[at] ^= 4
		var err error
		uses := 0
		for ; err == nil && uses <= reuses; uses++ {
			err = load()
		}
		require.ErrorIs(t, err, guard.ErrDoubt)
		require.LessOrEqual(t, uses, reuses)
		require.True(t, l.failed)
	}
}
