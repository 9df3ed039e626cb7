package vulkan

import (
	"errors"
	"os"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/thetaedge/theta/tensor"
	"github.com/thetaedge/theta/tensor/cpu"
	"github.com/thetaedge/theta/tensor/tensortest"
)

func openHere(t *testing.T, options ...Option) *Device {
	t.Helper()
	d, err := Open(options...)
	if errors.Is(err, ErrNotAvailable) && os.Getenv("THETA_VULKAN") != "require" {
		t.Skipf("no device of Vulkan was tested (THETA_VULKAN=require fails here): %v", err)
	}
	require.NoError(t, err)
	return d
}

// requireLost requires that nothing works any more, and that nothing hangs.
func requireLost(t *testing.T, d *Device, b tensor.Buffer, want error) {
	t.Helper()
	_, err := d.Wait()
	require.ErrorIs(t, err, want)
	_, err = d.New(tensor.Shape{Type: tensor.S8, Count: 1})
	require.ErrorIs(t, err, want)
	require.ErrorIs(t, d.Submit(nil), want)
	require.ErrorIs(t, b.Read(0, make([]byte, 4)), want)
	require.ErrorIs(t, b.Write(0, make([]byte, 4)), want)
	require.ErrorIs(t, b.Free(), want)
}

func TestADeviceThatDoesNotAnswerInTimeIsLost(t *testing.T) {
	d := openHere(t)
	call, err := tensortest.Large(tensor.CodeTopK).Prepare(d)
	require.NoError(t, err)
	_, err = d.Wait()
	require.NoError(t, err)
	d.timeout = time.Nanosecond
	require.NoError(t, d.Submit([]tensor.Call{call, call, call}))
	_, err = d.Wait()
	require.ErrorIs(t, err, ErrLost)
	require.ErrorContains(t, err, "VK_TIMEOUT")
	requireLost(t, d, call.Buffers[0], ErrLost)
	require.NoError(t, d.Close())
	require.NoError(t, d.Close())
}

// A driver that ends a command buffer without its last command.
func TestADeviceThatLeavesNoMarkIsLost(t *testing.T) {
	d := openHere(t)
	b, err := d.New(tensor.Shape{Type: tensor.S8, Count: 8})
	require.NoError(t, err)
	require.NoError(t, d.Submit(nil))
	for i := range d.stream.slots {
		if at := &d.stream.slots[i]; at.sequence != 0 {
			at.sequence++
		}
	}
	_, err = d.Wait()
	require.ErrorIs(t, err, ErrLost)
	require.ErrorContains(t, err, "expected the mark")
	requireLost(t, d, b, ErrLost)
	require.NoError(t, d.Close())
}

func TestAClosedDeviceRefuses(t *testing.T) {
	d := openHere(t)
	b, err := d.New(tensor.Shape{Type: tensor.S8, Count: 8})
	require.NoError(t, err)
	require.NoError(t, d.Close())
	requireLost(t, d, b, ErrLost)
}

func TestAFreedTensorIsRefused(t *testing.T) {
	d := openHere(t)
	b, err := d.New(tensor.Shape{Type: tensor.S8, Count: 8})
	require.NoError(t, err)
	require.NoError(t, b.Free())
	require.ErrorContains(t, b.Free(), "freed")
	require.Zero(t, d.arena.used)
	require.NoError(t, d.Close())
}

func TestWrongTensorsAndRangesAreRefused(t *testing.T) {
	d, other := openHere(t), openHere(t)
	shape := tensor.Shape{Type: tensor.S32, Count: 4}
	own, err := d.New(shape)
	require.NoError(t, err)
	foreign, err := other.New(shape)
	require.NoError(t, err)
	op := &tensor.Clamp{X: tensor.Operand{Tensor: 1}, Out: tensor.Operand{Tensor: 2}, Count: 4}
	require.ErrorContains(t, d.Submit([]tensor.Call{{Op: op, Buffers: []tensor.Buffer{foreign, own}}}), "another device")
	op.Count = 1000 // Validate would have refused it
	require.ErrorContains(t, d.Submit([]tensor.Call{{Op: op, Buffers: []tensor.Buffer{own, own}}}), "expected operand 0 within")
	require.ErrorContains(t, own.Read(8, make([]byte, 12)), "expected bytes within a tensor of 16")
	require.ErrorContains(t, own.Write(20, nil), "expected bytes within a tensor of 16")
	_, err = d.Wait()
	require.NoError(t, err)
	require.NoError(t, d.Close())
	require.NoError(t, other.Close())
}

// What operations of the sizes of models do on the host.
func TestHostExecutesWhatCannotBeDivided(t *testing.T) {
	d := openHere(t)
	d.limits.Range = 600
	for _, code := range []tensor.Code{tensor.CodeGemm, tensor.CodeSum} {
		c := tensortest.Large(code)
		c.Keys = [][32]byte{{7}}
		same, err := d.same(c)
		require.NoError(t, err)
		require.True(t, same, code)
	}
	require.NoError(t, d.Close())
}

// An operation on a part of a large tensor does not copy all of it.
func TestHostCopiesWhatAnOperationTakes(t *testing.T) {
	b := &buffer{shape: tensor.Shape{Type: tensor.S8, Count: 1 << 40}}
	op := &tensor.Gather{
		Table: tensor.Operand{Tensor: 1, Offset: 1 << 30}, Index: tensor.Operand{Tensor: 2, Offset: 1}, Out: tensor.Operand{Tensor: 1},
		Rows: 3, Cols: 8, Count: 2,
	}
	index := &buffer{shape: tensor.Shape{Type: tensor.S32, Count: 3}}
	found, err := extentsOf(tensor.Call{Op: op}, []*buffer{b, index, b})
	require.NoError(t, err)
	require.Equal(t, extents{0: {b, 1 << 30, 1<<30 + 24, false}, 1: {index, 4, 12, false}, 2: {b, 0, 16, true}}, found)
	host := cpu.New()
	plain, err := found.call(tensor.Call{Op: op, Buffers: make([]tensor.Buffer, 3)}, host)
	require.NoError(t, err)
	require.Equal(t, tensor.Shape{Type: tensor.S8, Count: 24}, plain.Buffers[0].Shape())
	require.Equal(t, uint64(1<<30), op.Table.Offset, "the call itself stays as it is")
	require.NotSame(t, plain.Buffers[0], plain.Buffers[2])
	require.NoError(t, host.Close())
}
