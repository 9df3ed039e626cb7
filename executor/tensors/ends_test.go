package tensors_test

import (
	"context"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/thetaedge/theta/executor"
	"github.com/thetaedge/theta/executor/tensors"
	"github.com/thetaedge/theta/tensor"
	"github.com/thetaedge/theta/tensor/ref"
)

// lying is the reference, except that it has errors of programs.
type lying struct {
	*ref.Device

	err error
}

func (l lying) New(tensor.Shape) (tensor.Buffer, error) { return nil, l.err }

// Another machine has a device that works, so that a result would be another one there.
func TestNoErrorOfADeviceIsTheEndOfAProgram(t *testing.T) {
	program := wat(t, records(gemm()), everyCall)
	for _, err := range []error{tensor.ErrOutOfMemory, &tensor.Trap{Reason: "expected a range"}} {
		cfg := tensors.Config{Slots: 1, Unguarded: true, Open: func() (tensor.Device, error) {
			return lying{ref.NewDevice(), fmt.Errorf("the driver: %w", err)}, nil
		}}
		e, failed := tensors.New(cfg)
		require.NoError(t, failed)
		require.NoError(t, e.Start(t.Context(), task(t, program)))
		r, failed := e.Wait(context.Background(), "task")
		require.ErrorIs(t, failed, executor.ErrDevice, "%s: %s", r.Reason, r.Detail)
		require.NoError(t, e.Close())
	}
}
