//go:build !race

package worker

import (
	"errors"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/thetaedge/theta/executor"
	"github.com/thetaedge/theta/executor/manifest"
	"github.com/thetaedge/theta/tensor/backend"
	"github.com/thetaedge/theta/tensor/cuda"
	"github.com/thetaedge/theta/tensor/cuda/emulator"
)

// withCard gives this machine an emulated card of CUDA.
func withCard(t *testing.T, variables ...string) {
	t.Helper()
	path, err := emulator.Copy(t.TempDir(), variables...)
	if errors.Is(err, emulator.ErrNotAvailable) {
		t.Skip(err)
	}
	require.NoError(t, err)
	t.Setenv(cuda.LibraryVariable, path)
}

func TestProgramsRunOnACardThroughCUDAInAProcessOfItsOwn(t *testing.T) {
	withCard(t)
	task := tensorTask(t, multiply(t, 3))
	want, err := run(t, onDevice(t, "ref", 0), task)
	require.NoError(t, err)
	for _, choice := range []string{"auto", "cuda"} {
		e := onDevice(t, choice, 0)
		d, err := e.Device(waiting(t))
		require.NoError(t, err)
		require.Equal(t, backend.CUDA, d.Backend, d.Fallback)
		require.Contains(t, d.Engine, "tensor cores of 16x8x32")
		for _, layer := range d.Layers {
			require.Empty(t, layer.Missing, "%s: the driver runs with all layers", layer.Name)
		}
		task := tensorTask(t, task.ProgramPath)
		got, err := run(t, e, task)
		require.NoError(t, err)
		wanted, err := want.Digest()
		require.NoError(t, err)
		digest, err := got.Digest()
		require.NoError(t, err)
		require.Equal(t, wanted, digest)
		require.Equal(t, want.FuelUsed, got.FuelUsed)
		require.Equal(t, manifest.ReasonExited, got.Reason, got.Detail)
		require.Equal(t, want.Traces, got.Traces)
	}
}

// The process ends while the driver executes kernels with tensor cores.
func TestADriverThatCrashesWithTensorCoresIsUsedWithoutThem(t *testing.T) {
	withCard(t, "THETA_EMULATOR_CRASH=gemm_mma80")
	d, err := onDevice(t, "cuda", 0).Device(waiting(t))
	require.NoError(t, err)
	require.Contains(t, d.Engine, "dp4a")
	require.NotContains(t, d.Engine, "tensor cores")
}

func TestACardThatComputesWrongIsNotUsed(t *testing.T) {
	withCard(t, "THETA_EMULATOR_WRONG=clamp")
	d, err := onDevice(t, "auto", 0).Device(waiting(t))
	require.NoError(t, err)
	require.Equal(t, backend.CPU, d.Backend)
	require.Contains(t, d.Fallback, "emulated card 0")
	_, err = onDevice(t, "cuda", 0).Device(waiting(t))
	require.ErrorContains(t, err, "clamp")
}

func TestACardThatIsLostInMidRunIsTroubleOfTheMachine(t *testing.T) {
	// The tests of a card execute the kernel less often, and the program more often.
	withCard(t, "THETA_EMULATOR_FAIL=gemm_mma80=700", "THETA_EMULATOR_AFTER=1000")
	e := onDevice(t, "cuda", 0)
	_, err := e.Device(waiting(t))
	require.NoError(t, err)
	_, err = run(t, e, tensorTask(t, multiply(t, 1500)))
	require.ErrorIs(t, err, executor.ErrDevice)
	require.ErrorContains(t, err, "CUDA_ERROR_ILLEGAL_ADDRESS")
	_, err = run(t, e, tensorTask(t, multiply(t, 3)))
	require.NoError(t, err, "the next task has another process")
}
