package owner

import (
	"context"
	"os"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/thetaedge/theta/sidecar/device"
)

func TestTheFirstReadingOfThePowerWaitsForTheSecond(t *testing.T) {
	calls := 0
	s := Open(OpenConfig{Home: t.TempDir(), Getenv: os.Getenv, Cards: fakeCards{}, Watts: func() (float64, error) {
		if calls++; calls == 1 {
			return 0, device.ErrTooEarly
		}
		return 300, nil
	}})
	got, err := s.Watts.Read(t.Context())
	require.NoError(t, err)
	require.InDelta(t, 300, got, 0.01)
	require.Equal(t, 2, calls)
	require.Less(t, device.PowerSpan, readLimit, "otherwise the first look would never see it")
	require.Less(t, device.UseSpan, readLimit)
}

// watched returns the graphics cards of this machine.
func watched(t testing.TB) *device.Watch {
	t.Helper()
	w := device.NewWatch(device.WatchConfig{Open: func() (device.Driver, error) {
		nvidia, err := device.OpenNVML("")
		return device.JoinDrivers(nvidia, device.NewDRM("/")), err
	}})
	w.Look(t.Context())
	t.Cleanup(func() { require.NoError(t, w.Close()) })
	return w
}

// fakeCards are cards that a test controls.
type fakeCards struct {
	use  func(own map[int]bool) (float64, error)
	read func() (float64, error)
}

func (c fakeCards) Use(own map[int]bool) (float64, error) { return c.use(own) }

func (c fakeCards) Temperature() (float64, error) { return c.read() }

func (c fakeCards) Fan() (float64, error) { return c.read() }

// TestEverySensorOfThisMachineAnswersOrSaysWhyNot, whatever machine it is.
func TestEverySensorOfThisMachineAnswersOrSaysWhyNot(t *testing.T) {
	s := Open(OpenConfig{Home: t.TempDir(), Getenv: os.Getenv, Watts: device.NewLedger(time.Now).Watts, Cards: watched(t)})
	answers := func(name string, read func(ctx context.Context) (any, error)) {
		ctx, cancel := context.WithTimeout(t.Context(), patience)
		defer cancel()
		value, err := read(ctx)
		if err != nil {
			require.NotEmpty(t, err.Error())
			t.Logf("%s: not seen: %v", name, err)
			return
		}
		t.Logf("%s: %v", name, value)
	}
	answers("idle", func(ctx context.Context) (any, error) { return s.Idle.Read(ctx) })
	answers("full screen", func(ctx context.Context) (any, error) { return s.FullScreen.Read(ctx) })
	answers("programs", func(ctx context.Context) (any, error) {
		names, err := s.Programs.Read(ctx)
		return len(names), err
	})
	answers("cpu", func(ctx context.Context) (any, error) { return s.CPU.Read(ctx) })
	answers("gpu", func(ctx context.Context) (any, error) { return s.GPU.Read(ctx) })
	answers("cpu temperature", func(ctx context.Context) (any, error) { return s.CPUTemperature.Read(ctx) })
	answers("gpu temperature", func(ctx context.Context) (any, error) { return s.GPUTemperature.Read(ctx) })
	answers("watts", func(ctx context.Context) (any, error) { return s.Watts.Read(ctx) })
	answers("fan", func(ctx context.Context) (any, error) { return s.Fan.Read(ctx) })
	answers("power", func(ctx context.Context) (any, error) { return s.Power.Read(ctx) })
	answers("metered", func(ctx context.Context) (any, error) { return s.Metered.Read(ctx) })
	answers("disk", func(ctx context.Context) (any, error) { return s.FreeDisk.Read(ctx) })
}
