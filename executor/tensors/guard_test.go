package tensors_test

import (
	"context"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/thetaedge/theta/executor"
	"github.com/thetaedge/theta/executor/manifest"
	"github.com/thetaedge/theta/executor/tensors"
	"github.com/thetaedge/theta/tensor"
	"github.com/thetaedge/theta/tensor/guard"
	"github.com/thetaedge/theta/tensor/ref"
)

// wrong is the reference, except for one bit of each product while the switch is on.
type wrong struct {
	*ref.Device

	on *atomic.Bool
}

func (w wrong) Submit(calls []tensor.Call) error {
	for _, call := range calls {
		if err := w.Device.Submit([]tensor.Call{call}); err != nil {
			return err
		}
		if _, is := call.Op.(*tensor.Gemm); is && w.on.Load() {
			call.Buffers[2].(*ref.Buffer).S32[0] ^= 1
		}
	}
	return nil
}

func TestADeviceThatIsWrongHasNoResult(t *testing.T) {
	var on atomic.Bool
	cfg := tensors.Config{Slots: 1, Open: func() (tensor.Device, error) { return wrong{ref.NewDevice(), &on}, nil }}
	e, err := tensors.New(cfg)
	require.NoError(t, err)
	defer func() { require.NoError(t, e.Close()) }()
	require.Equal(t, executor.Healthy, e.Fingerprint(t.Context()).Health)
	program := wat(t, records(gemm()), everyCall)
	attempt := func() (executor.Result, error) {
		require.NoError(t, e.Start(t.Context(), task(t, program)))
		r, err := e.Wait(context.Background(), "task")
		require.NoError(t, e.Destroy("task"))
		return r, err
	}
	for range 2 { // as the first call of its kind, and by the sums of a product
		r, err := attempt()
		require.NoError(t, err)
		require.Equal(t, manifest.ReasonExited, r.Reason, r.Detail)
		on.Store(true)
		_, err = attempt()
		require.ErrorIs(t, err, executor.ErrDevice)
		require.ErrorIs(t, err, guard.ErrDoubt)
		// The device is compared with the vectors again, and fails.
		f := e.Fingerprint(t.Context())
		require.Equal(t, executor.Unhealthy, f.Health)
		require.Contains(t, f.Detail, "gemm")
		on.Store(false)
		require.NoError(t, e.Close())
		e, err = tensors.New(cfg)
		require.NoError(t, err)
	}
}
