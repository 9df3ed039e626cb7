package guard_test

import (
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/thetaedge/theta/tensor"
	"github.com/thetaedge/theta/tensor/cpu"
	"github.com/thetaedge/theta/tensor/guard"
	"github.com/thetaedge/theta/tensor/ref"
	"github.com/thetaedge/theta/tensor/tensortest"
)

// Every call is compared as the first one of its kind, as a sample, and by the sums of products. No
// right number is in doubt.
func TestAGuardedDeviceGivesTheBitsOfTheReference(t *testing.T) {
	for _, cfg := range []guard.Config{{}, {Sample: 1}, {Sample: 2}, {First: 3}} {
		d := guard.New(cpu.New(cpu.WithCores(2)), cfg)
		require.NoError(t, tensortest.Compare(d, 5<<40, 12))
		// The same cases again, which are of known kinds now.
		require.NoError(t, tensortest.Compare(d, 5<<40, 12))
	}
}

func TestLargeCallsAreComparedInParts(t *testing.T) {
	q := &guard.Qualified{}
	for _, code := range tensor.Codes() {
		c := tensortest.Large(code)
		c.Keys = [][32]byte{{1}}
		want, err := c.Run(cpu.New())
		require.NoError(t, err)
		for range 2 {
			got, err := c.Run(guard.New(cpu.New(), guard.Config{Qualified: q}))
			require.NoError(t, err, code)
			require.Equal(t, want.Digest(), got.Digest(), code)
		}
	}
}

func TestKnownAnswersFindAWrongOperation(t *testing.T) {
	require.NoError(t, guard.Known(cpu.New()))
	for _, code := range []tensor.Code{tensor.CodeGemm, tensor.CodeSoftmax, tensor.CodeNoise} {
		err := guard.Known(&stub{Device: ref.NewDevice(), spoil: func(call tensor.Call) { flip(call, code, 0) }})
		require.ErrorIs(t, err, guard.ErrDoubt)
		require.ErrorContains(t, err, code.String())
	}
}

// stub is the reference, except for something that lies in its way.
type stub struct {
	*ref.Device

	// spoil is called after each call has run, drop decides whether a submission is lost, and fail
	// is called at the start of everything.
	spoil func(call tensor.Call)
	drop  func(calls []tensor.Call) bool
	fail  func(what string) error
	sums  func(sums []uint64)
}

func (s *stub) asked(what string) error {
	if s.fail == nil {
		return nil
	}
	return s.fail(what)
}

func (s *stub) New(shape tensor.Shape) (tensor.Buffer, error) {
	if err := s.asked("new"); err != nil {
		return nil, err
	}
	b, err := s.Device.New(shape)
	return stubBuffer{b.(*ref.Buffer), s}, err
}

func (s *stub) Submit(calls []tensor.Call) error {
	if err := s.asked("submit"); err != nil {
		return err
	}
	if s.drop != nil && s.drop(calls) {
		return nil
	}
	for _, call := range calls {
		plain := call
		plain.Buffers = make([]tensor.Buffer, len(call.Buffers))
		for i, b := range call.Buffers {
			if b != nil {
				plain.Buffers[i] = b.(stubBuffer).Buffer
			}
		}
		if err := s.Device.Submit([]tensor.Call{plain}); err != nil {
			return err
		}
		if s.spoil != nil {
			s.spoil(plain)
		}
	}
	return nil
}

func (s *stub) Wait() ([]uint64, error) {
	sums, err := s.Device.Wait()
	if s.sums != nil {
		s.sums(sums)
	}
	return sums, errors.Join(err, s.asked("wait"))
}

type stubBuffer struct {
	*ref.Buffer

	device *stub
}

func (b stubBuffer) Write(offset uint64, p []byte) error {
	return errors.Join(b.Buffer.Write(offset, p), b.device.asked("write"))
}

func (b stubBuffer) Read(offset uint64, p []byte) error {
	return errors.Join(b.Buffer.Read(offset, p), b.device.asked("read"))
}

// flip changes a bit of the last output of an operation.
func flip(call tensor.Call, code tensor.Code, element int) {
	if call.Op.Code() != code {
		return
	}
	last := len(call.Buffers) - 1
	b := call.Buffers[last].(*ref.Buffer)
	at := int(tensor.Operands(call.Op)[last].Offset) + element
	switch {
	case b.S32 != nil:
		b.S32[at] ^= 4
	case b.S8 != nil:
		b.S8[at] ^= 4
	case b.Scales != nil:
		b.Scales[at].M ^= 4
	}
}

// again runs a large case twice on one device, so that its kind is known the second time.
func again(d tensor.Device, code tensor.Code, before func(round int)) error {
	c := tensortest.Large(code)
	c.Keys = [][32]byte{{1}}
	for round := range 2 {
		before(round)
		if _, err := c.Run(d); err != nil {
			return err
		}
	}
	return nil
}

func TestWrongBitsOfOneShapeAreFoundAtItsFirstCall(t *testing.T) {
	for _, code := range tensor.Codes() {
		wide := tensor.Fuel(tensortest.Large(code).Op)
		s := &stub{Device: ref.NewDevice(), spoil: func(call tensor.Call) {
			if tensor.Fuel(call.Op) == wide {
				flip(call, code, 0)
			}
		}}
		d := guard.New(s, guard.Config{Grace: time.Hour})
		_, err := tensortest.Draw(tensortest.NewSource(1), code).Run(d)
		require.NoError(t, err, "another shape is right")
		_, err = tensortest.Large(code).Run(d)
		require.ErrorIs(t, err, guard.ErrDoubt, code)
		_, err = tensortest.Draw(tensortest.NewSource(1), code).Run(d)
		require.ErrorIs(t, err, guard.ErrDoubt, "the device does nothing more")
	}
}

func TestAFlippedBitOfAProductIsFoundByItsSums(t *testing.T) {
	o := tensortest.Large(tensor.CodeGemm).Op.(*tensor.Gemm)
	for i := range 12 {
		var on atomic.Bool
		s := &stub{Device: ref.NewDevice(), spoil: func(call tensor.Call) {
			if on.Load() {
				flip(call, tensor.CodeGemm, i*397%int(o.M*o.N))
			}
		}}
		err := again(guard.New(s, guard.Config{Sample: 1 << 31, Grace: time.Hour}), tensor.CodeGemm, func(round int) { on.Store(round == 1) })
		require.ErrorIs(t, err, guard.ErrDoubt)
		require.ErrorContains(t, err, "sum")
	}
}

func TestSamplesFindWhatBreaksLater(t *testing.T) {
	for _, code := range []tensor.Code{tensor.CodeSoftmax, tensor.CodeRMSNorm, tensor.CodeCopy} {
		var on atomic.Bool
		s := &stub{Device: ref.NewDevice(), spoil: func(call tensor.Call) {
			if on.Load() {
				flip(call, code, 0)
			}
		}}
		err := again(guard.New(s, guard.Config{Sample: 1, Grace: time.Hour}), code, func(round int) { on.Store(round == 1) })
		require.ErrorIs(t, err, guard.ErrDoubt, code)
	}
}

func TestALostSubmissionIsFoundByItsMark(t *testing.T) {
	var on atomic.Bool
	s := &stub{Device: ref.NewDevice(), drop: func([]tensor.Call) bool { return on.Load() }}
	err := again(guard.New(s, guard.Config{Sample: 1 << 31, Grace: time.Hour}), tensor.CodeBinary, func(round int) { on.Store(round == 1) })
	require.ErrorIs(t, err, guard.ErrDoubt)
	require.ErrorContains(t, err, "lost")
}

func TestWrongChecksumsAreFound(t *testing.T) {
	s := &stub{Device: ref.NewDevice(), sums: func(sums []uint64) {
		for i := range sums {
			sums[i]++
		}
	}}
	c := tensortest.Large(tensor.CodeGemm)
	c.Keys = [][32]byte{{1}}
	_, err := c.Run(guard.New(s, guard.Config{}))
	require.ErrorIs(t, err, guard.ErrDoubt)
}

// Weights that change while they lie on the device, because something else took their memory.
func TestTakenMemoryIsFound(t *testing.T) {
	o := tensortest.Large(tensor.CodeGemm)
	var weights *ref.Buffer
	s := &stub{Device: ref.NewDevice()}
	s.spoil = func(call tensor.Call) {
		if product, is := call.Op.(*tensor.Gemm); is && product.N == o.Op.(*tensor.Gemm).N {
			weights = call.Buffers[1].(*ref.Buffer)
		}
	}
	d := guard.New(s, guard.Config{Sample: 1 << 31, Grace: time.Hour})
	session := tensor.NewSession(d, 1<<30)
	for _, held := range o.Tensors {
		handle, err := session.Alloc(held.Shape)
		require.NoError(t, err)
		require.NoError(t, session.Write(handle, 0, held.Bytes))
	}
	submission, err := session.Check(tensor.Encode(o.Op))
	require.NoError(t, err)
	for range 2 {
		require.NoError(t, session.Run(submission))
		require.NoError(t, session.Wait())
	}
	weights.S8[12_345] ^= 1
	require.NoError(t, session.Run(submission))
	require.ErrorIs(t, session.Wait(), guard.ErrDoubt)
}

var errLost = errors.New("device lost")

func TestErrorsOfTheDeviceEndIt(t *testing.T) {
	for _, what := range []string{"new", "submit", "wait", "write", "read"} {
		s := &stub{Device: ref.NewDevice(), fail: func(asked string) error {
			if asked == what {
				return errLost
			}
			return nil
		}}
		d := guard.New(s, guard.Config{})
		_, err := tensortest.Draw(tensortest.NewSource(1), tensor.CodeGemm).Run(d)
		require.ErrorIs(t, err, errLost, what)
		_, err = d.New(tensor.Shape{Type: tensor.S8, Count: 1})
		require.ErrorIs(t, err, errLost, what)
		require.NoError(t, d.Close())
	}
}

func TestACallThatDoesNotReturnIsGivenUp(t *testing.T) {
	for _, what := range []string{"new", "submit", "wait", "write", "read"} {
		var once sync.Once
		release := make(chan struct{})
		s := &stub{Device: ref.NewDevice(), fail: func(asked string) error {
			if asked == what {
				once.Do(func() { <-release })
			}
			return nil
		}}
		d := guard.New(s, guard.Config{Limit: 300 * time.Millisecond})
		_, err := tensortest.Draw(tensortest.NewSource(1), tensor.CodeGemm).Run(d)
		require.ErrorIs(t, err, guard.ErrHung, what)
		require.ErrorIs(t, d.Close(), guard.ErrHung)
		close(release)
	}
}
