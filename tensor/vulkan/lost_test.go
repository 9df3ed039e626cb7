package vulkan

import (
	"errors"
	"os"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/thetaedge/theta/tensor"
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
