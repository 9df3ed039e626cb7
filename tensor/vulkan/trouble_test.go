//go:build (linux || windows || darwin) && (amd64 || arm64)

package vulkan

import (
	"bytes"
	"sync"
	"testing"

	"github.com/ebitengine/purego"
	"github.com/stretchr/testify/require"

	"github.com/thetaedge/theta/tensor"
	"github.com/thetaedge/theta/tensor/ref"
	"github.com/thetaedge/theta/tensor/tensortest"
)

// failing returns a function of a driver that gives a result and does nothing.
func failing(r result) function {
	return function(purego.NewCallback(func() uintptr { return uintptr(uint32(r)) }))
}

// A driver that fails in mid-run: whatever it says at whatever call, the run ends with an error.
func TestEachFailureOfTheDriverIsAnError(t *testing.T) {
	lost, memory := failing(deviceLost), failing(outOfDeviceMemory)
	late := failing(timeout)
	first, other := tensortest.Large(tensor.CodeClamp), tensortest.Draw(tensortest.NewSource(1), tensor.CodeSoftmax)
	for name, c := range map[string]struct {
		place func(d *Device) *function
		as    function
		want  error
	}{
		"lost at a submission":        {func(d *Device) *function { return &d.queueSubmit }, lost, ErrLost},
		"no memory for a submission":  {func(d *Device) *function { return &d.queueSubmit }, memory, ErrMemory},
		"lost while it computes":      {func(d *Device) *function { return &d.waitForFences }, lost, ErrLost},
		"no end of a command buffer":  {func(d *Device) *function { return &d.waitForFences }, late, ErrLost},
		"lost after a command buffer": {func(d *Device) *function { return &d.resetFences }, lost, ErrLost},
		"no memory for commands":      {func(d *Device) *function { return &d.endCommandBuffer }, memory, ErrMemory},
		"no memory to begin":          {func(d *Device) *function { return &d.beginCommandBuffer }, memory, ErrMemory},
		"no memory for descriptors":   {func(d *Device) *function { return &d.allocateDescriptorSets }, memory, ErrMemory},
		"no memory to reset them":     {func(d *Device) *function { return &d.resetDescriptorPool }, memory, ErrMemory},
		"no memory for a kernel":      {func(d *Device) *function { return &d.createComputePipelines }, memory, ErrMemory},
		"no memory for its code":      {func(d *Device) *function { return &d.createShaderModule }, memory, ErrMemory},
	} {
		t.Run(name, func(t *testing.T) {
			d := openHere(t)
			call, err := first.Prepare(d)
			require.NoError(t, err)
			require.NoError(t, d.Submit([]tensor.Call{call}))
			_, err = d.Wait()
			require.NoError(t, err)
			sound := *c.place(d)
			*c.place(d) = c.as
			_, err = other.Run(d)
			require.ErrorIs(t, err, c.want)
			*c.place(d) = sound
			// A device that is lost stays lost, and its end does not hang.
			if d.lost != nil {
				requireLost(t, d, call.Buffers[0], c.want)
			}
			require.NoError(t, d.Close())
		})
	}
}

// Memory that something else takes in mid-run is trouble of the machine until it is back, and takes
// nothing from the tensors that there are.
func TestMemoryThatIsTakenInMidRunIsTroubleUntilItIsBack(t *testing.T) {
	d := openHere(t)
	s := tensor.NewSession(d, 1<<40)
	kept, err := s.Alloc(tensor.Shape{Type: tensor.S8, Count: largeSize})
	require.NoError(t, err)
	content := bytes.Repeat([]byte("theta"), largeSize/5+1)[:largeSize]
	require.NoError(t, s.Write(kept, 0, content))
	for _, place := range []*function{&d.allocateMemory, &d.createBuffer} {
		sound := *place
		*place = failing(outOfDeviceMemory)
		_, err = d.New(tensor.Shape{Type: tensor.S8, Count: largeSize})
		require.ErrorIs(t, err, ErrMemory)
		require.NotErrorIs(t, err, tensor.ErrOutOfMemory)
		*place = sound
		b, err := d.New(tensor.Shape{Type: tensor.S8, Count: largeSize})
		require.NoError(t, err)
		require.NoError(t, b.Free())
	}
	got := make([]byte, len(content))
	require.NoError(t, s.Read(kept, 0, got))
	require.True(t, bytes.Equal(content, got))
	require.NoError(t, s.Close())
	require.NoError(t, d.Close())
}

// Two programs on one device, each with its own connection to the driver, at the same time.
func TestTwoProgramsAtOnceGiveTheBitsOfTheReference(t *testing.T) {
	var wait sync.WaitGroup
	for i := range uint64(2) {
		d := openHere(t)
		t.Cleanup(func() { require.NoError(t, d.Close()) })
		wait.Go(func() {
			if err := tensortest.Compare(d, (11+i)<<40, 2); err != nil {
				t.Error(err)
			}
		})
	}
	wait.Wait()
}

// A program that submits without end and never waits: a bounded number of command buffers is under way,
// and results come in order.
func TestSubmissionsWithoutWaitingRunInOrder(t *testing.T) {
	const count = 3_000
	d := openHere(t)
	s, plain := tensor.NewSession(d, 1<<20), tensor.NewSession(ref.NewDevice(), 1<<20)
	at := tensor.Operand{Tensor: 1}
	found := make([][]byte, 2)
	for i, session := range []*tensor.Session{s, plain} {
		handle, err := session.Alloc(tensor.Shape{Type: tensor.S32, Count: 4})
		require.NoError(t, err)
		require.NoError(t, session.Write(handle, 0, []byte{1, 0, 0, 0, 2, 0, 0, 0, 3, 0, 0, 0, 255, 255, 255, 255}))
		factor, err := session.Alloc(tensor.Shape{Type: tensor.S32, Count: 1})
		require.NoError(t, err)
		require.NoError(t, session.Write(factor, 0, []byte{3, 0, 0, 0}))
		submission, err := session.Check(tensor.Encode(
			&tensor.Binary{A: at, B: tensor.Operand{Tensor: 2}, Out: at, Rows: 1, Cols: 4, Kind: tensor.Times, OneRow: true, OneCol: true},
			&tensor.Clamp{X: at, Out: at, Count: 4, Low: -1 << 20, High: 1 << 20},
			&tensor.Binary{A: at, B: tensor.Operand{Tensor: 2}, Out: at, Rows: 1, Cols: 4, Kind: tensor.Minus, OneRow: true, OneCol: true}))
		require.NoError(t, err)
		for range count {
			require.NoError(t, session.Run(submission))
		}
		found[i] = make([]byte, 16)
		require.NoError(t, session.Read(1, 0, found[i]))
	}
	require.Equal(t, found[1], found[0])
	require.NoError(t, d.Close())
}
