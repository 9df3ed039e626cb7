package guard

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/thetaedge/theta/tensor"
	"github.com/thetaedge/theta/tensor/ref"
)

// reckoner is the reference, which counts its tensors and whether it sleeps.
type reckoner struct {
	*ref.Device

	live   int
	asleep bool
}

func (c *reckoner) New(s tensor.Shape) (tensor.Buffer, error) {
	b, err := c.Device.New(s)
	c.live++
	return &reckoned{b, c}, err
}

func (c *reckoner) Submit(calls []tensor.Call) error {
	plain := slices.Clone(calls)
	for n := range plain {
		plain[n].Buffers = slices.Clone(plain[n].Buffers)
		for i, b := range plain[n].Buffers {
			if b != nil {
				plain[n].Buffers[i] = b.(*reckoned).Buffer
			}
		}
	}
	return c.Device.Submit(plain)
}

func (c *reckoner) Sleep() error { c.asleep = true; return nil }
func (c *reckoner) Wake() error  { c.asleep = false; return nil }

type reckoned struct {
	tensor.Buffer

	device *reckoner
}

func (b *reckoned) Free() error {
	b.device.live--
	return b.Buffer.Free()
}

// TestAGuardThatSleepsHoldsNothing: its own tensors are in the memory of the device too.
func TestAGuardThatSleepsHoldsNothing(t *testing.T) {
	inner := &reckoner{Device: ref.NewDevice()}
	d := New(inner, Config{})
	defer func() { require.NoError(t, d.Close()) }()
	at := func(h tensor.Handle) tensor.Operand { return tensor.Operand{Tensor: h} }
	for range 3 {
		var held []tensor.Buffer
		for _, s := range []tensor.Shape{{Type: tensor.S8, Count: 32 * 64}, {Type: tensor.S8, Count: 64 * 64}, {Type: tensor.S32, Count: 32 * 64}} {
			b, err := d.New(s)
			require.NoError(t, err)
			held = append(held, b)
		}
		require.NoError(t, held[1].Write(0, make([]byte, 64*64)))
		op := &tensor.Gemm{A: at(1), W: at(2), Out: at(3), Batch: 1, M: 32, N: 64, K: 64}
		require.NoError(t, d.Submit([]tensor.Call{{Op: op, Buffers: held}}))
		_, err := d.Wait()
		require.NoError(t, err)
		require.Greater(t, inner.live, len(held), "the guard has tensors of its own")
		for _, b := range held {
			require.NoError(t, b.Free())
		}
		require.NoError(t, d.Sleep())
		require.Zero(t, inner.live)
		require.True(t, inner.asleep)
		require.NoError(t, d.Wake())
		require.False(t, inner.asleep)
	}
}
