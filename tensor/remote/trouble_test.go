package remote_test

import (
	"bytes"
	"errors"
	"io"
	"os"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/thetaedge/theta/tensor"
	"github.com/thetaedge/theta/tensor/guard"
	"github.com/thetaedge/theta/tensor/ref"
	"github.com/thetaedge/theta/tensor/remote"
	"github.com/thetaedge/theta/tensor/tensortest"
)

// troubles are devices of processes that go wrong after some calls of a kind, by the name of the process.
var troubles = map[string]func() error{
	"crash later": func() error { os.Exit(3); return nil },
	"killed later": func() error {
		// As the system ends a process when the machine runs out of memory.
		own, err := os.FindProcess(os.Getpid())
		if err == nil {
			err = own.Kill()
		}
		return err
	},
	"hang later": hang,
	"lose later": func() error { return errors.New("device lost") },
	"full later": func() error { return errors.New("the device has no memory left") },
}

// troubled is the reference, except that its calls of a kind go wrong from a number on.
type troubled struct {
	*ref.Device

	what    string
	left    int
	trouble func() error
}

// newTroubled returns a device that goes wrong at the call that the environment names.
func newTroubled(trouble func() error) *troubled {
	left, err := strconv.Atoi(os.Getenv(way + "_CALL"))
	if err != nil {
		panic(err)
	}
	return &troubled{ref.NewDevice(), os.Getenv(way + "_KIND"), left, trouble}
}

func (d *troubled) asked(what string) error {
	if what != d.what {
		return nil
	}
	if d.left--; d.left >= 0 {
		return nil
	}
	return d.trouble()
}

func (d *troubled) New(s tensor.Shape) (tensor.Buffer, error) {
	if err := d.asked("new"); err != nil {
		return nil, err
	}
	b, err := d.Device.New(s)
	return &troubledBuffer{b.(*ref.Buffer), d}, err
}

func (d *troubled) Submit(calls []tensor.Call) error {
	if err := d.asked("submit"); err != nil {
		return err
	}
	for _, call := range calls {
		for i, b := range call.Buffers {
			if b != nil {
				call.Buffers[i] = b.(*troubledBuffer).Buffer
			}
		}
	}
	return d.Device.Submit(calls)
}

func (d *troubled) Wait() ([]uint64, error) {
	if err := d.asked("wait"); err != nil {
		return nil, err
	}
	return d.Device.Wait()
}

type troubledBuffer struct {
	*ref.Buffer

	device *troubled
}

func (b *troubledBuffer) Read(offset uint64, p []byte) error {
	if err := b.device.asked("read"); err != nil {
		return err
	}
	return b.Buffer.Read(offset, p)
}

func (b *troubledBuffer) Write(offset uint64, p []byte) error {
	if err := b.device.asked("write"); err != nil {
		return err
	}
	return b.Buffer.Write(offset, p)
}

// Whatever happens to the process of the device in mid-run, its client gets an error: never a result,
// and never a wait without end. Another process then does the same work.
func TestTroubleInMidRunIsAnErrorAndEndsWithItsProcess(t *testing.T) {
	want := map[string]error{
		"crash later": remote.ErrGone, "killed later": remote.ErrGone, "hang later": guard.ErrHung,
		"lose later": remote.ErrFailed, "full later": remote.ErrFailed,
	}
	require.Len(t, want, len(troubles))
	c := tensortest.Draw(tensortest.NewSource(4), tensor.CodeGemm)
	c.Keys = [][32]byte{{1}}
	sound, err := c.Run(ref.NewDevice())
	require.NoError(t, err)
	for name, wanted := range want {
		kinds := []string{"new", "write", "submit", "wait", "read"}
		if name == "hang later" { // which takes seconds
			kinds = []string{"submit", "read"}
		}
		for _, kind := range kinds {
			t.Run(name+", "+kind, func(t *testing.T) {
				t.Parallel()
				client, err := remote.Start([]string{os.Args[0]}, []string{way + "=" + name, way + "_KIND=" + kind, way + "_CALL=1"})
				require.NoError(t, err)
				var d tensor.Device = client
				if wanted == guard.ErrHung { //nolint:errorlint // one of the table
					d = guard.New(client, guard.Config{Limit: 300 * time.Millisecond})
				}
				// The first run may be over before the trouble begins.
				o, err := c.Run(d)
				if err == nil {
					require.Equal(t, sound, o)
					_, err = c.Run(d)
				}
				require.ErrorIs(t, err, wanted)
				_, err = d.New(tensor.Shape{Type: tensor.S8, Count: 4})
				require.ErrorIs(t, err, wanted, "nothing works any more")
				_ = d.Close()
				require.NoError(t, client.Close())
			})
		}
	}
	o, err := c.Run(start(t, "serve"))
	require.NoError(t, err)
	require.Equal(t, sound, o)
}

func TestADeviceWithLittleMemorySaysSo(t *testing.T) {
	c := start(t, "small")
	s := tensor.NewSession(c, 1<<40)
	_, err := s.Alloc(tensor.Shape{Type: tensor.S8, Count: 1 << 20})
	require.NoError(t, err)
	_, err = s.Alloc(tensor.Shape{Type: tensor.S8, Count: 1<<20 + 1})
	require.ErrorIs(t, err, remote.ErrFailed)
	require.ErrorContains(t, err, "out of memory")
	require.NotErrorIs(t, err, tensor.ErrOutOfMemory, "no end of the program: the task allows it")
}

// A device that is wrong for one shape alone.
func TestAWrongDeviceInAnotherProcessIsInDoubt(t *testing.T) {
	d := guard.New(start(t, "wrong"), guard.Config{Grace: time.Hour})
	_, err := tensortest.Draw(tensortest.NewSource(1), tensor.CodeGemm).Run(d)
	require.NoError(t, err, "other shapes are right")
	_, err = tensortest.Large(tensor.CodeGemm).Run(d)
	require.ErrorIs(t, err, guard.ErrDoubt)
}

// wrong is the reference, except for products of as many elements as those of tensortest.Large.
type wrong struct{ *ref.Device }

func (w wrong) Submit(calls []tensor.Call) error {
	err := w.Device.Submit(calls)
	for _, call := range calls {
		if o, is := call.Op.(*tensor.Gemm); is && *o == *tensortest.Large(tensor.CodeGemm).Op.(*tensor.Gemm) {
			call.Buffers[2].(*ref.Buffer).S32[0] ^= 1 << 20
		}
	}
	return err
}

// Two programs use a device at once, each from a process of its own.
func TestTwoProcessesDoNotDisturbEachOther(t *testing.T) {
	done := make(chan error, 2)
	for i := range uint64(2) {
		c := start(t, "serve")
		go func() { done <- tensortest.Compare(c, (7+i)<<40, 4) }()
	}
	for range 2 {
		require.NoError(t, <-done)
	}
}

// making returns the request for a tensor.
func making(kind tensor.Type, count uint64) []byte {
	p := append([]byte{2}, words(uint32(kind), uint32(count), uint32(count>>32))...)
	return p
}

func words(numbers ...uint32) (p []byte) {
	for _, n := range numbers {
		p = append(p, byte(n), byte(n>>8), byte(n>>16), byte(n>>24))
	}
	return p
}

// The server checks what a client of ours never sends, because a program of strangers runs next to it.
func TestTheServerChecksRecordsByItself(t *testing.T) {
	submit := func(ops ...tensor.Op) []byte {
		return append(append([]byte{6}, words(uint32(len(ops)))...), tensor.Encode(ops...)...)
	}
	at := func(h tensor.Handle) tensor.Operand { return tensor.Operand{Tensor: h} }
	two := bytes.Join([][]byte{making(tensor.S32, 64), making(tensor.S32, 64)}, nil)
	for what, c := range map[string]struct {
		op   tensor.Op
		want string
	}{
		"an output over an input":  {&tensor.Argmax{X: at(1), Out: at(1), Rows: 1, Cols: 8}, "different places"},
		"a tensor that is not":     {&tensor.Clamp{X: at(3), Out: at(1), Count: 4}, "expected a tensor for X, found handle 3"},
		"more than a tensor has":   {&tensor.Clamp{X: at(1), Out: at(2), Count: 65}, "expected X of 65 elements"},
		"a size that wraps":        {&tensor.Sum{X: at(1), Out: at(2), Rows: 1<<31 - 1, Cols: 1<<31 - 1}, "expected X of 4611686014132420609 elements"},
		"an offset past all":       {&tensor.Clamp{X: tensor.Operand{Tensor: 1, Offset: 1<<64 - 4}, Out: at(2), Count: 4}, "from 18446744073709551612 on"},
		"a tensor beyond the last": {&tensor.Clamp{X: at(1 << 20), Out: at(2), Count: 4}, "found handle 1048576"},
	} {
		counting := &odd{ref.NewDevice(), func() error { t.Errorf("%s: it ran", what); return nil }}
		err := remote.Serve(bytes.NewReader(append(bytes.Clone(two), submit(&tensor.Fill{Out: at(1), Count: 4}, c.op)...)), io.Discard, counting)
		require.ErrorContains(t, err, c.want, what)
	}
	for what, request := range map[string][]byte{
		"a huge tensor":     making(tensor.S8, 1<<63),
		"a size that wraps": making(tensor.Scales, 1<<61),
	} {
		var answers bytes.Buffer
		require.NoError(t, remote.Serve(bytes.NewReader(request), &answers, ref.NewDevice()), what)
		require.Equal(t, byte(1), answers.Bytes()[0], "%s: an error of the device", what)
		require.Contains(t, answers.String(), "expected a tensor of at most", what)
	}
}

// Requests that are endless: a tensor more than there may be, and a client that stops in the middle.
func TestTheServerEndsWithAFloodAndWithSilence(t *testing.T) {
	var flood bytes.Buffer
	for range tensor.MaxTensors + 65 {
		flood.Write(making(tensor.S8, 1))
	}
	require.ErrorContains(t, remote.Serve(&flood, io.Discard, ref.NewDevice()), "expected at most 16448 tensors")
	in, out := io.Pipe()
	done := make(chan error, 1)
	go func() { done <- remote.Serve(in, io.Discard, ref.NewDevice()) }()
	_, err := out.Write(making(tensor.S8, 1)[:7])
	require.NoError(t, err)
	require.NoError(t, out.Close())
	require.ErrorIs(t, <-done, io.ErrUnexpectedEOF)
}

// stuck is a client that asks and never reads what is answered.
type stuck struct{ asked int }

func (s *stuck) Read(p []byte) (int, error) {
	one := []byte{7} // a wait, whose answer is not read
	n := copy(p, bytes.Repeat(one, min(len(p), 64)))
	s.asked += n
	return n, nil
}

// A client that does not read its answers makes the server wait: the answers do not pile up.
func TestAnswersThatAreNotReadDoNotPileUp(t *testing.T) {
	answers, full := io.Pipe()
	client := &stuck{}
	done := make(chan error, 1)
	go func() { done <- remote.Serve(client, full, ref.NewDevice()) }()
	var first [1]byte
	_, err := answers.Read(first[:])
	require.NoError(t, err)
	require.NoError(t, answers.CloseWithError(errors.New("gone")))
	require.ErrorContains(t, <-done, "gone")
	require.LessOrEqual(t, client.asked, 1<<17, "it has read no further than its buffer")
}
