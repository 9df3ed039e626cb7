package tensors_test

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/thetaedge/theta/executor"
	"github.com/thetaedge/theta/executor/manifest"
	"github.com/thetaedge/theta/executor/tensors"
	"github.com/thetaedge/theta/tensor"
	"github.com/thetaedge/theta/tensor/ref"
)

var errBroken = errors.New("the driver is gone")

// failing is the reference, except that one of its calls fails while the switch is on.
type failing struct {
	*ref.Device

	call   string
	on     *atomic.Bool
	closed *atomic.Int32
}

func (f failing) fail(call string) error {
	if call == f.call && f.on.Load() {
		return errBroken
	}
	return nil
}

func (f failing) New(s tensor.Shape) (tensor.Buffer, error) {
	buffer, err := f.Device.New(s)
	return failingBuffer{buffer, f}, errors.Join(err, f.fail("new"))
}

func (f failing) Submit(calls []tensor.Call) error {
	for _, call := range calls {
		for i, buffer := range call.Buffers {
			if buffer != nil {
				call.Buffers[i] = buffer.(failingBuffer).Buffer
			}
		}
	}
	return errors.Join(f.Device.Submit(calls), f.fail("submit"))
}

func (f failing) Wait() ([]uint64, error) {
	sums, err := f.Device.Wait()
	return sums, errors.Join(err, f.fail("wait"))
}

func (f failing) Close() error {
	f.closed.Add(1)
	return nil
}

type failingBuffer struct {
	tensor.Buffer

	device failing
}

func (b failingBuffer) Write(offset uint64, p []byte) error {
	return errors.Join(b.Buffer.Write(offset, p), b.device.fail("write"))
}

func (b failingBuffer) Read(offset uint64, p []byte) error {
	return errors.Join(b.Buffer.Read(offset, p), b.device.fail("read"))
}

func (b failingBuffer) Free() error { return errors.Join(b.Buffer.Free(), b.device.fail("free")) }

const everyCall = pair + `(call $write (i32.const 1) (i64.const 0) (i32.const 64) (i32.const 16)) (call $submit (i32.const 1024) (i32.const 1))
	(call $read (i32.const 2) (i64.const 0) (i32.const 64) (i32.const 16)) (call $free (i32.const 1))`

func TestADeviceThatFailsIsTroubleOfTheMachine(t *testing.T) {
	program := wat(t, records(gemm()), everyCall)
	for _, call := range []string{"new", "write", "submit", "wait", "read", "free"} {
		t.Run(call, func(t *testing.T) {
			var on atomic.Bool
			var opened, closed atomic.Int32
			e, err := tensors.New(tensors.Config{Slots: 1, Unguarded: true, Open: func() (tensor.Device, error) {
				opened.Add(1)
				return failing{ref.NewDevice(), call, &on, &closed}, nil
			}})
			require.NoError(t, err)
			attempt := func() (executor.Result, error) {
				require.NoError(t, e.Start(t.Context(), task(t, program)))
				r, err := e.Wait(context.Background(), "task")
				require.NoError(t, e.Destroy("task"))
				return r, err
			}
			on.Store(true)
			_, err = attempt()
			require.ErrorIs(t, err, executor.ErrDevice)
			require.ErrorIs(t, err, errBroken)
			require.EqualValues(t, 1, closed.Load(), "a device that has failed is not used again")
			on.Store(false)
			r, err := attempt()
			require.NoError(t, err)
			require.Equal(t, manifest.ReasonExited, r.Reason, r.Detail)
			require.NoError(t, e.Close())
			require.Equal(t, opened.Load(), closed.Load(), "no device is left open")
		})
	}
}

func TestWithoutADeviceTheExecutorIsUnhealthy(t *testing.T) {
	var broken atomic.Bool
	broken.Store(true)
	e, err := tensors.New(tensors.Config{Slots: 1, Unguarded: true, Open: func() (tensor.Device, error) {
		if broken.Load() {
			return nil, errBroken
		}
		return ref.NewDevice(), nil
	}})
	require.NoError(t, err)
	defer func() { require.NoError(t, e.Close()) }()
	f := e.Fingerprint(t.Context())
	require.Equal(t, executor.Unhealthy, f.Health)
	require.Contains(t, f.Detail, errBroken.Error())
	require.ErrorIs(t, e.Start(t.Context(), task(t, wat(t, "", pair))), executor.ErrDevice)
}

func TestAProgramWithoutTensorsNeedsNoDevice(t *testing.T) {
	var opened atomic.Int32
	cfg := tensors.Config{Unguarded: true, Open: func() (tensor.Device, error) {
		opened.Add(1)
		return ref.NewDevice(), nil
	}}
	r, err := try(t, cfg, task(t, wat(t, "", `(call $submit (i32.const 0) (i32.const 0))`)))
	require.NoError(t, err)
	require.Equal(t, manifest.ReasonExited, r.Reason)
	require.EqualValues(t, 1, opened.Load(), "the one that is opened at the start")
}

// queue counts the operations that it has been given since it was last waited for.
type queue struct {
	*ref.Device

	held, most *atomic.Int64
}

func (q queue) Submit(calls []tensor.Call) error {
	q.most.Store(max(q.most.Load(), q.held.Add(int64(len(calls)))))
	return q.Device.Submit(calls)
}

func (q queue) Wait() ([]uint64, error) {
	q.held.Store(0)
	return q.Device.Wait()
}

func TestAProgramThatOnlySubmitsFillsNoQueue(t *testing.T) {
	fill := &tensor.Fill{Out: tensor.Operand{Tensor: 2}, Count: 4, Value: 1}
	ops := make([]tensor.Op, 300)
	for i := range ops {
		ops[i] = fill
	}
	var held, most atomic.Int64
	tk := task(t, wat(t, bytesAt(65_536, tensor.Encode(ops...)), `(local $i i32)`+pair+`(loop $l (call $submit (i32.const 65536) (i32.const 300))
		(br_if $l (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (i32.const 1000))))`))
	r, err := try(t, tensors.Config{Unguarded: true, Open: func() (tensor.Device, error) { return queue{ref.NewDevice(), &held, &most}, nil }}, tk)
	require.NoError(t, err)
	require.Equal(t, manifest.ReasonExited, r.Reason, r.Detail)
	require.Greater(t, most.Load(), int64(tensor.MaxRecords/2))
	require.LessOrEqual(t, most.Load(), int64(tensor.MaxRecords))
}

// signal tells when the first operations are given to it.
type signal struct {
	*ref.Device

	begun chan struct{}
	once  sync.Once
}

func (s *signal) Submit(calls []tensor.Call) error {
	s.once.Do(func() { close(s.begun) })
	return s.Device.Submit(calls)
}

func TestASubmissionThatTakesLongCanBeStopped(t *testing.T) {
	long := &tensor.Copy{From: tensor.Operand{Tensor: 1}, To: tensor.Operand{Tensor: 2}, Size: [5]uint32{1, 1, 1, 1, 1 << 24}}
	ops := make([]tensor.Op, 300)
	for i := range ops {
		ops[i] = long
	}
	tk := task(t, wat(t, bytesAt(65_536, tensor.Encode(ops...)), `(drop (call $alloc (i32.const 2) (i64.const 16777216))) (drop (call $alloc (i32.const 2) (i64.const 16777216)))
		(loop $l (call $submit (i32.const 65536) (i32.const 300)) (br $l))`))
	tk.Fuel = 1 << 60
	device := &signal{Device: ref.NewDevice(), begun: make(chan struct{})}
	e, err := tensors.New(tensors.Config{Slots: 1, Unguarded: true, Open: func() (tensor.Device, error) { return device, nil }})
	require.NoError(t, err)
	defer func() { require.NoError(t, e.Close()) }()
	require.NoError(t, e.Start(t.Context(), tk))
	<-device.begun
	require.NoError(t, e.Stop(tk.ID))
	_, err = e.Wait(t.Context(), tk.ID)
	require.ErrorIs(t, err, executor.ErrStopped)
}
