package owner

import (
	"context"
	"os"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/thetaedge/theta/sidecar/device"
)

// fakeMeter counts the energy that a test says.
type fakeMeter struct{ used device.Energy }

func (m *fakeMeter) Start(context.Context) device.Span { return m }
func (m *fakeMeter) Stop() device.Energy               { return m.used }

func TestPowerIsTheEnergySinceTheLastReading(t *testing.T) {
	now := noon()
	meter := &fakeMeter{used: device.Energy{Millijoules: 300_000, Source: "rapl"}}
	w := &wattmeter{meter: meter, now: func() time.Time { now = now.Add(time.Second); return now }}
	got, err := w.Read(t.Context())
	require.NoError(t, err)
	require.InDelta(t, 300, got, 0.01)
	meter.used = device.Energy{Reason: "rapl: may not be read"}
	_, err = w.Read(t.Context())
	require.ErrorContains(t, err, "may not be read")
	_, err = (&wattmeter{}).Read(t.Context())
	require.ErrorContains(t, err, "no meter")
	w.now = noon // the clock stands still
	w.since = noon()
	meter.used = device.Energy{Millijoules: 1, Source: "rapl"}
	_, err = w.Read(t.Context())
	require.Error(t, err)
}

// TestEverySensorOfThisMachineAnswersOrSaysWhyNot, whatever machine it is.
func TestEverySensorOfThisMachineAnswersOrSaysWhyNot(t *testing.T) {
	s := Open(OpenConfig{Home: t.TempDir(), Getenv: os.Getenv, Meter: device.NewRAPL(device.PowercapRoot)})
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
