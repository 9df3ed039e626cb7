package remote_test

import (
	"errors"
	"os"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/thetaedge/theta/tensor"
	"github.com/thetaedge/theta/tensor/ref"
	"github.com/thetaedge/theta/tensor/remote"
)

// sleeper is the reference, which can sleep but not be woken twice.
type sleeper struct {
	*ref.Device

	naps int
}

func (*sleeper) Sleep() error { return nil }

func (s *sleeper) Wake() error {
	if s.naps++; s.naps > 1 {
		return errors.New("the card is gone")
	}
	return nil
}

// served returns a client of a device.
func served(t *testing.T, d tensor.Device) *remote.Client {
	t.Helper()
	asks, to, err := os.Pipe()
	require.NoError(t, err)
	from, answers, err := os.Pipe()
	require.NoError(t, err)
	over := make(chan error, 1)
	go func() { over <- remote.Serve(asks, answers, d) }()
	c, err := remote.NewClient(from, to, to.Close)
	require.NoError(t, err)
	t.Cleanup(func() {
		require.NoError(t, c.Close())
		require.NoError(t, <-over)
	})
	return c
}

func TestADeviceSleepsInItsProcess(t *testing.T) {
	c := served(t, &sleeper{Device: ref.NewDevice()})
	require.NoError(t, c.Sleep())
	require.NoError(t, c.Wake())
	b, err := c.New(tensor.Shape{Type: tensor.S8, Count: 4})
	require.NoError(t, err)
	require.NoError(t, b.Free())
	require.NoError(t, c.Sleep())
	err = c.Wake()
	require.ErrorIs(t, err, remote.ErrFailed)
	require.ErrorContains(t, err, "the card is gone")
}

func TestADeviceThatCannotSleepGoesOn(t *testing.T) {
	c := served(t, ref.NewDevice())
	require.NoError(t, c.Sleep())
	require.NoError(t, c.Wake())
	_, err := c.New(tensor.Shape{Type: tensor.S8, Count: 4})
	require.NoError(t, err)
}
