package worker

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/thetaedge/theta/executor"
	"github.com/thetaedge/theta/tensor"
	"github.com/thetaedge/theta/tensor/backend"
	"github.com/thetaedge/theta/tensor/guard"
	"github.com/thetaedge/theta/tensor/ref"
)

// faultPrefix begins the UUID of a device of the tests that fails in its way.
const faultPrefix = "fault:"

// faulty is the reference with a driver that fails. Its first submissions are fine.
type faulty struct {
	*ref.Device

	how   string
	calls int
}

// openFaulty opens a device that fails.
func openFaulty(how string, matrices, checked bool) (tensor.Device, error) {
	d := &faulty{Device: ref.NewDevice(), how: how}
	if how == "crashes with matrices" && matrices || how == "crashes at once" {
		os.Exit(139)
	}
	if how == "wrong from the start" && !checked {
		return nil, guard.Known(d)
	}
	return d, nil
}

func (f *faulty) New(s tensor.Shape) (tensor.Buffer, error) {
	if s.Type.Bytes(s.Count) >= 16<<10 {
		switch f.how {
		case "less memory":
			return nil, errors.New("the device has no memory left")
		case "eats memory":
			eat("4294967296")
		}
	}
	return f.Device.New(s)
}

func (f *faulty) Submit(calls []tensor.Call) error {
	f.calls++
	late := f.calls > 5
	switch {
	case !late:
	case f.how == "loses work":
		return nil
	case f.how == "crashes":
		os.Exit(139)
	case f.how == "hangs":
		select {}
	case f.how == "is lost":
		return errors.New("the device is lost")
	case f.how == "breaks the protocol":
		_, _ = os.NewFile(firstExtra+1, "to the worker").Write(bytes.Repeat([]byte{255}, 64))
	}
	for _, call := range calls {
		if err := f.Device.Submit([]tensor.Call{call}); err != nil {
			return err
		}
		if _, is := call.Op.(*tensor.Gemm); is && (f.how == "wrong from the start" || f.how == "wrong later" && late) {
			call.Buffers[2].(*ref.Buffer).S32[0] ^= 1 << 20
		}
	}
	return nil
}

// onFaulty returns an executor whose device fails, and was found fine before.
func onFaulty(t *testing.T, how string) *Executor {
	t.Helper()
	limit := time.Duration(0)
	if how == "hangs" {
		limit = 2 * time.Second
	}
	e := onDevice(t, "auto", limit)
	e.pool.devices.settle(Device{Device: backend.Device{Backend: backend.Vulkan, UUID: faultPrefix + how}}, true)
	return e
}

func TestADriverThatFailsGivesNoResult(t *testing.T) {
	for how, told := range map[string]string{
		"less memory":         "no memory left",
		"eats memory":         "bytes of memory, more than",
		"wrong later":         "in doubt",
		"loses work":          "in doubt",
		"crashes":             "its process: ",
		"hangs":               "does not answer",
		"is lost":             "the device is lost",
		"breaks the protocol": "expected an answer, found 255",
	} {
		t.Run(how, func(t *testing.T) {
			t.Parallel()
			e := onFaulty(t, how)
			task := tensorTask(t, multiply(t, 40))
			_, err := run(t, e, task)
			require.ErrorIs(t, err, executor.ErrDevice)
			require.ErrorContains(t, err, told)
			require.NoDirExists(t, task.OutputDir)
			_, checked := e.pool.devices.known()
			require.False(t, checked, "the device has to give the vectors again")
			require.Eventually(t, func() bool {
				left, err := filepath.Glob(filepath.Join(e.cfg.Dir, "*"))
				return err == nil && len(left) == 0 && len(devicesOf(t, e)) == 0
			}, patience, time.Millisecond, "nothing is left of it")
		})
	}
}

func TestADriverThatCrashesWithMatricesIsUsedWithoutThem(t *testing.T) {
	e := onDevice(t, "auto", 0)
	for how, left := range map[string]bool{"none": true, "crashes with matrices": false} {
		a, device, err := e.pool.devices.openWhatStarts(waiting(t), backend.Device{Backend: backend.Vulkan, UUID: faultPrefix + how, Matrices: true})
		require.NoError(t, err, how)
		require.Equal(t, left, device.Matrices, how)
		a.release()
		a.end(errors.New("the test is over"))
	}
	_, _, err := e.pool.devices.openWhatStarts(waiting(t), backend.Device{Backend: backend.Vulkan, UUID: faultPrefix + "crashes at once", Matrices: true})
	require.ErrorIs(t, err, errNoStart)
}

func TestADeviceThatDoesNotGiveThePublishedVectorsIsNotUsed(t *testing.T) {
	e := onFaulty(t, "wrong from the start")
	chosen, _ := e.pool.devices.known()
	e.pool.devices.settle(*chosen, false)
	f := e.Fingerprint(waiting(t))
	require.Equal(t, executor.Unhealthy, f.Health)
	require.Contains(t, f.Detail, "in doubt")
	require.Contains(t, f.Detail, "gemm")
	require.ErrorIs(t, e.Start(waiting(t), tensorTask(t, multiply(t, 1))), executor.ErrUnavailable)
	require.Empty(t, devicesOf(t, e))
}

func TestTasksOnADeviceThatHasFailedGoOnWithAnotherProcess(t *testing.T) {
	e := onFaulty(t, "less memory")
	_, err := run(t, e, tensorTask(t, multiply(t, 1)))
	require.ErrorIs(t, err, executor.ErrDevice)
	chosen, _ := e.pool.devices.known()
	chosen.UUID = faultPrefix + "none"
	for range 2 {
		_, err = run(t, e, tensorTask(t, multiply(t, 3)))
		require.NoError(t, err)
	}
	_, checked := e.pool.devices.known()
	require.True(t, checked)
}
