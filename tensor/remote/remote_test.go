package remote_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
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

// way tells a process of the tests what to do.
const way = "REMOTE_TEST"

func TestMain(m *testing.M) {
	serve := func(d tensor.Device) int {
		return remote.Main(func(in, out *os.File) error { return remote.Serve(in, out, d) })
	}
	if trouble, found := troubles[os.Getenv(way)]; found {
		os.Exit(serve(newTroubled(trouble)))
	}
	switch os.Getenv(way) {
	case "":
		os.Exit(m.Run())
	case "serve":
		os.Exit(serve(cpu.New(cpu.WithCores(1))))
	case "crash":
		os.Exit(serve(&odd{ref.NewDevice(), func() error { os.Exit(3); return nil }}))
	case "hang":
		os.Exit(serve(&odd{ref.NewDevice(), hang}))
	case "fail":
		os.Exit(serve(&odd{ref.NewDevice(), func() error { return errors.New("device lost") }}))
	case "small":
		os.Exit(serve(small{ref.NewDevice()}))
	case "wrong":
		os.Exit(serve(wrong{ref.NewDevice()}))
	case "mute":
		fmt.Fprintln(os.Stderr, "no driver")
		os.Exit(1)
	}
}

// hang waits for ever. The runtime would end a process in which no goroutine can go on.
func hang() error {
	for {
		time.Sleep(time.Hour)
	}
}

// odd is the reference, except for its submissions.
type odd struct {
	*ref.Device

	submit func() error
}

func (o *odd) Submit([]tensor.Call) error { return o.submit() }

func start(t testing.TB, what string) *remote.Client {
	t.Helper()
	c, err := remote.Start([]string{os.Args[0]}, []string{way + "=" + what})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, c.Close()) })
	return c
}

func TestADeviceInAnotherProcessGivesTheBitsOfTheReference(t *testing.T) {
	c := start(t, "serve")
	require.Contains(t, c.Name(), "core")
	require.NoError(t, tensortest.Compare(c, 9<<40, 8))
	require.NoError(t, tensortest.Compare(guard.New(c, guard.Config{Sample: 3}), 9<<40, 8))
}

func TestManyTensorsAndLargeOnesPassThePipe(t *testing.T) {
	c := start(t, "serve")
	s := tensor.NewSession(c, 1<<30)
	for range 500 {
		handle, err := s.Alloc(tensor.Shape{Type: tensor.S8, Count: 5})
		require.NoError(t, err)
		if handle%3 == 0 {
			require.NoError(t, s.Free(handle))
		}
	}
	content := bytes.Repeat([]byte("theta"), 2<<20)
	handle, err := s.Alloc(tensor.Shape{Type: tensor.S8, Count: uint64(len(content))})
	require.NoError(t, err)
	require.NoError(t, s.Write(handle, 0, content))
	read := make([]byte, len(content))
	require.NoError(t, s.Read(handle, 0, read))
	require.True(t, bytes.Equal(content, read))
	require.NoError(t, s.Close())
}

func run(d tensor.Device) error {
	_, err := tensortest.Draw(tensortest.NewSource(1), tensor.CodeGemm).Run(d)
	return err
}

func TestACrashOfTheDriverIsAnError(t *testing.T) {
	c := start(t, "crash")
	require.ErrorIs(t, run(c), remote.ErrGone)
	_, err := c.New(tensor.Shape{Type: tensor.S8, Count: 1})
	require.ErrorIs(t, err, remote.ErrGone)
}

func TestAnErrorOfTheDriverIsAnError(t *testing.T) {
	c := start(t, "fail")
	err := run(c)
	require.ErrorIs(t, err, remote.ErrFailed)
	require.ErrorContains(t, err, "device lost")
	require.ErrorIs(t, run(c), remote.ErrFailed)
}

func TestAHangOfTheDriverEndsWithItsProcess(t *testing.T) {
	c := start(t, "hang")
	d := guard.New(c, guard.Config{Limit: 500 * time.Millisecond})
	require.ErrorIs(t, run(d), guard.ErrHung)
	require.ErrorIs(t, d.Close(), guard.ErrHung)
	require.NoError(t, c.Close(), "the process is killed")
}

func TestAProcessWithoutADeviceSaysWhy(t *testing.T) {
	_, err := remote.Start([]string{os.Args[0]}, []string{way + "=mute"})
	require.ErrorIs(t, err, remote.ErrGone)
	require.ErrorContains(t, err, "no driver")
	_, err = remote.Start([]string{"/no/such/program"}, nil)
	require.Error(t, err)
}

// recorded returns the requests of some cases.
func recorded(t testing.TB) []byte {
	t.Helper()
	var requests bytes.Buffer
	toServer, fromClient := io.Pipe()
	toClient, fromServer := io.Pipe()
	done := make(chan error, 1)
	go func() { done <- remote.Serve(io.TeeReader(toServer, &requests), fromServer, ref.NewDevice()) }()
	c, err := remote.NewClient(toClient, fromClient, fromClient.Close)
	require.NoError(t, err)
	require.NoError(t, tensortest.Compare(c, 1, 1))
	require.NoError(t, c.Close())
	require.NoError(t, <-done)
	return requests.Bytes()
}

func TestRequestsThatAreNotAllowedEndTheServer(t *testing.T) {
	name, s8 := []byte{1, 3, 0, 0, 0}, []byte{2, 2, 0, 0, 0, 8, 0, 0, 0, 0, 0, 0, 0}
	join := func(parts ...[]byte) []byte { return bytes.Join(parts, nil) }
	record := tensor.Encode(&tensor.Gemm{A: operand(1), W: operand(2), Out: operand(3), Batch: 1, M: 1, N: 1, K: 8})
	product := func(keys byte) []byte {
		return join(s8, s8, []byte{2, byte(tensor.S32), 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 6, 1, 0, 0, 0}, record, []byte{keys}, make([]byte, 8*int(keys)))
	}
	for what, requests := range map[string][]byte{
		"no request":         {99},
		"another version":    {1, 1, 0, 0, 0},
		"no type":            {2, 9, 0, 0, 0, 8, 0, 0, 0, 0, 0, 0, 0},
		"free of nothing":    {3, 1, 0, 0, 0},
		"free twice":         join(s8, []byte{3, 1, 0, 0, 0, 3, 1, 0, 0, 0}),
		"write past the end": join(s8, []byte{4, 1, 0, 0, 0, 4, 0, 0, 0, 0, 0, 0, 0, 8, 0, 0, 0}, make([]byte, 8)),
		"write of too much":  join(s8, []byte{4, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 255, 255, 255, 255}),
		"read past the end":  join(s8, []byte{5, 1, 0, 0, 0, 12, 0, 0, 0, 0, 0, 0, 0, 4, 0, 0, 0}),
		"many records":       {6, 1, 0, 1, 0},
		"many keys":          product(5),
		"a wrong record":     join([]byte{6, 1, 0, 0, 0}, make([]byte, 160)),
		"a half of a record": join(name, []byte{6, 1, 0, 0, 0}, make([]byte, 80)),
	} {
		require.Error(t, remote.Serve(bytes.NewReader(requests), io.Discard, ref.NewDevice()), what)
	}
	require.NoError(t, remote.Serve(bytes.NewReader(join(name, s8)), io.Discard, ref.NewDevice()))
	require.NoError(t, remote.Serve(bytes.NewReader(product(4)), io.Discard, ref.NewDevice()))
}

// Guards submit products of their own, without keys, beside those of a program.
func TestRecordsOfASubmissionHaveKeysOfTheirOwn(t *testing.T) {
	c := start(t, "serve")
	var held []tensor.Buffer
	for _, shape := range []tensor.Shape{{Type: tensor.S8, Count: 8}, {Type: tensor.S8, Count: 8}, {Type: tensor.S32, Count: 1}} {
		b, err := c.New(shape)
		require.NoError(t, err)
		held = append(held, b)
	}
	op := &tensor.Gemm{A: operand(1), W: operand(2), Out: operand(3), Batch: 1, M: 1, N: 1, K: 8}
	require.NoError(t, c.Submit([]tensor.Call{{Op: op, Buffers: held}, {Op: op, Buffers: held, Keys: []uint64{7, 8}}, {Op: op, Buffers: held, Keys: []uint64{9}}}))
	sums, err := c.Wait()
	require.NoError(t, err)
	require.Equal(t, []uint64{tensor.Checksum(7, 0, []int32{0}), tensor.Checksum(8, 0, []int32{0}), tensor.Checksum(9, 0, []int32{0})}, sums)
}

func operand(h tensor.Handle) tensor.Operand { return tensor.Operand{Tensor: h} }

// small is the reference, except that it has no large tensors.
type small struct{ *ref.Device }

func (s small) New(shape tensor.Shape) (tensor.Buffer, error) {
	if shape.Type.Bytes(shape.Count) > 1<<20 {
		return nil, errors.New("out of memory")
	}
	return s.Device.New(shape)
}

// FuzzServe sends a server any requests.
func FuzzServe(f *testing.F) {
	all := recorded(f)
	f.Add(all[:2000])
	f.Add(all[len(all)/2:])
	f.Add([]byte{1, 1, 0, 0, 0, 2, 2, 0, 0, 0, 8, 0, 0, 0, 0, 0, 0, 0, 5, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 8, 0, 0, 0, 7})
	f.Fuzz(func(_ *testing.T, requests []byte) {
		_ = remote.Serve(bytes.NewReader(requests), io.Discard, small{ref.NewDevice()})
	})
}

// FuzzClient gives a client any answers.
func FuzzClient(f *testing.F) {
	f.Add([]byte{0, 3, 0, 0, 0, 'c', 'p', 'u', 0, 1, 0, 0, 0, 0, 2, 0, 0, 0})
	f.Add([]byte{1, 3, 0, 0, 0, 'b', 'a', 'd'})
	f.Fuzz(func(t *testing.T, answers []byte) {
		c, err := remote.NewClient(bytes.NewReader(answers), io.Discard, func() error { return nil })
		if err != nil {
			return
		}
		require.Error(t, run(c), "no answers are all of a run")
	})
}
