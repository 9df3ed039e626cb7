package device

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

// powercap returns the folder of a machine that has two processor packages, their parts and a
// platform counter.
func powercap(t *testing.T) string {
	t.Helper()
	return rootWith(t, map[string]string{
		"intel-rapl:0/name": "package-0\n", "intel-rapl:0/energy_uj": "1000000\n", "intel-rapl:0/max_energy_range_uj": "65532610987\n",
		"intel-rapl:0:0/name": "core\n", "intel-rapl:0:0/energy_uj": "5\n", "intel-rapl:0:0/max_energy_range_uj": "10\n",
		"intel-rapl:1/name": "package-1\n", "intel-rapl:1/energy_uj": "0\n", "intel-rapl:1/max_energy_range_uj": "65532610987\n",
		"intel-rapl:2/name": "psys\n", "intel-rapl:2/energy_uj": "7\n", "intel-rapl:2/max_energy_range_uj": "10\n",
	})
}

func setCounter(t *testing.T, root, zone, value string) {
	t.Helper()
	require.NoError(t, os.WriteFile(filepath.Join(root, zone, "energy_uj"), []byte(value+"\n"), 0o600))
}

func TestPackagesAreSummedAndTheirPartsAreNot(t *testing.T) {
	root := powercap(t)
	span := NewRAPL(root).Start(t.Context())
	setCounter(t, root, "intel-rapl:0", "3500999")
	setCounter(t, root, "intel-rapl:1", "1500000")
	setCounter(t, root, "intel-rapl:0:0", "9")
	setCounter(t, root, "intel-rapl:2", "9")
	e := span.Stop()
	require.Equal(t, Energy{Millijoules: 4000, Source: "rapl"}, e)
	require.Equal(t, "4.000 J (rapl)", e.String())
}

func TestEveryWrapIsCounted(t *testing.T) {
	root := powercap(t)
	span, ok := NewRAPL(root).Start(t.Context()).(*raplSpan)
	require.True(t, ok)
	// The counter goes from 1,000,000 through its maximum to 500,000: the range less half a
	// joule.
	setCounter(t, root, "intel-rapl:0", "500000")
	span.sample()
	setCounter(t, root, "intel-rapl:0", "400000")
	require.Equal(t, Energy{Millijoules: (65532610987 - 500000 + 65532610987 - 100000) / 1000, Source: "rapl"}, span.Stop())
}

func TestUnreadableCountersAreNotMeasuredAndNeverZero(t *testing.T) {
	gone := powercap(t)
	span := NewRAPL(gone).Start(t.Context())
	require.NoError(t, os.Remove(filepath.Join(gone, "intel-rapl:1", "energy_uj")))
	garbage := powercap(t)
	setCounter(t, garbage, "intel-rapl:0", "lots")
	fell := powercap(t)
	setCounter(t, fell, "intel-rapl:0", "99999999999999")
	beyond := NewRAPL(fell).Start(t.Context())
	setCounter(t, fell, "intel-rapl:0", "1")
	for name, e := range map[string]Energy{
		"vanished while measuring": span.Stop(),
		"no counters":              NewRAPL(t.TempDir()).Start(t.Context()).Stop(),
		"garbage":                  NewRAPL(garbage).Start(t.Context()).Stop(),
		"fell from beyond range":   beyond.Stop(),
		"no meter":                 Sum{}.Start(t.Context()).Stop(),
		"no graphics":              NewGPUMeter(NoGPUs{}, nil).Start(t.Context()).Stop(),
		"unknown graphics":         NewGPUMeter(NoGPUs{}, []string{"x"}).Start(t.Context()).Stop(),
	} {
		require.False(t, e.Measured(), name)
		require.NotEmpty(t, e.Reason, name)
		require.Contains(t, e.String(), "not measured", name)
	}
}

func TestGraphicsCountersAreSummed(t *testing.T) {
	gpus := &fakeGPUs{energy: map[string]uint64{"a": 100, "b": 5, "c": 1}}
	meter := NewGPUMeter(gpus, []string{"a", "b"})
	span := meter.Start(t.Context())
	gpus.energy = map[string]uint64{"a": 350, "b": 6, "c": 1000}
	require.Equal(t, Energy{Millijoules: 251, Source: "nvml"}, span.Stop())

	span = meter.Start(t.Context())
	gpus.energy["b"] = 0
	e := span.Stop()
	require.False(t, e.Measured())
	require.Contains(t, e.Reason, "the driver was reloaded")

	span = meter.Start(t.Context())
	gpus.err = errors.New("lost")
	require.False(t, span.Stop().Measured())
}

func TestSumNamesOnlyWhatWasMeasured(t *testing.T) {
	root := powercap(t)
	gpus := &fakeGPUs{energy: map[string]uint64{"a": 1}}
	both := Sum{NewGPUMeter(gpus, []string{"a"}), NewRAPL(root)}
	span := both.Start(t.Context())
	gpus.energy["a"] = 11
	setCounter(t, root, "intel-rapl:1", "5000")
	require.Equal(t, Energy{Millijoules: 15, Source: "nvml+rapl"}, span.Stop())

	e := Sum{Unmeasured("rapl: none here"), NewGPUMeter(gpus, []string{"a"})}.Start(t.Context()).Stop()
	require.Equal(t, Energy{Source: "nvml", Reason: "rapl: none here"}, e)
}

func TestSamplingEndsWithItsContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	span, ok := NewRAPL(powercap(t)).Start(ctx).(*raplSpan)
	require.True(t, ok)
	cancel()
	<-span.done
	require.True(t, span.Stop().Measured())
}
