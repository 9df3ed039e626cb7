package tensors_test

import (
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

// counted is the reference, and counts its tensors.
type counted struct {
	*ref.Device

	held  *atomic.Int64
	begun chan struct{}
	once  *sync.Once
}

type countedBuffer struct {
	tensor.Buffer

	held *atomic.Int64
}

func (c counted) New(s tensor.Shape) (tensor.Buffer, error) {
	buffer, err := c.Device.New(s)
	if err == nil {
		c.held.Add(1)
	}
	return countedBuffer{buffer, c.held}, err
}

func (c counted) Submit(calls []tensor.Call) error {
	c.once.Do(func() { close(c.begun) })
	for _, call := range calls {
		for i, buffer := range call.Buffers {
			if buffer != nil {
				call.Buffers[i] = buffer.(countedBuffer).Buffer
			}
		}
	}
	return c.Device.Submit(calls)
}

func (b countedBuffer) Free() error {
	b.held.Add(-1)
	return b.Buffer.Free()
}

func TestATaskThatIsStoppedLeavesNothingOnItsDevice(t *testing.T) {
	var held atomic.Int64
	device := counted{ref.NewDevice(), &held, make(chan struct{}), &sync.Once{}}
	var opened atomic.Int32
	e, err := tensors.New(tensors.Config{Slots: 1, Unguarded: true, Open: func() (tensor.Device, error) {
		opened.Add(1)
		return device, nil
	}})
	require.NoError(t, err)
	defer func() { require.NoError(t, e.Close()) }()
	endless := task(t, wat(t, records(gemm()), pair+`(loop $l (call $submit (i32.const 1024) (i32.const 1)) (br $l))`))
	endless.Fuel = 1 << 60
	require.NoError(t, e.Start(t.Context(), endless))
	<-device.begun
	require.Positive(t, held.Load())
	require.NoError(t, e.Destroy(endless.ID))
	require.Zero(t, held.Load())

	require.NoError(t, e.Start(t.Context(), task(t, wat(t, records(gemm()), everyCall))))
	result, err := e.Wait(t.Context(), "task")
	require.NoError(t, err)
	require.Equal(t, manifest.ReasonExited, result.Reason, result.Detail)
	require.Zero(t, held.Load())
	require.EqualValues(t, 1, opened.Load(), "the device is used again")
	now, err := e.Progress("task")
	require.NoError(t, err)
	require.Equal(t, executor.Progress{FuelUsed: result.FuelUsed, Fuel: 100_000_000_000}, now)
}
