package sensors

import (
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/thetaedge/theta/sidecar/device"
)

// noCounter is the power of a machine that does not measure it.
func noCounter() (float64, error) { return 0, errors.New("no meter here") }

// watts returns the power of a machine that measures it from the second reading on.
func watts(w float64) func() (float64, error) {
	read := false
	return func() (float64, error) {
		if !read {
			read = true
			return 0, device.ErrTooEarly
		}
		return w, nil
	}
}

func put(t *testing.T, root, name, text string) {
	t.Helper()
	path := filepath.Join(root, filepath.FromSlash(name))
	require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o700))
	require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
}

func TestReadingsAreWhatTheSystemReports(t *testing.T) {
	root := t.TempDir()
	put(t, root, "proc/stat", "cpu  100 0 100 700 100 0 0 0 50 0\ncpu0 1 2 3\n")
	put(t, root, "sys/class/hwmon/hwmon0/name", "nvme\n")
	put(t, root, "sys/class/hwmon/hwmon0/temp1_input", "99000\n")
	put(t, root, "sys/class/hwmon/hwmon1/name", "coretemp\n")
	put(t, root, "sys/class/hwmon/hwmon1/temp1_input", "51000\n")
	put(t, root, "sys/class/hwmon/hwmon1/temp2_input", "53500\n")
	put(t, root, "sys/class/hwmon/hwmon1/temp3_input", "999999999\n")
	put(t, root, "sys/class/hwmon/hwmon1/temp4_input", "not a number\n")
	put(t, root, "sys/class/hwmon/hwmon1/temp5_input", "")
	sensors := New(root, watts(30))
	now := time.Unix(1_700_000_000, 0)
	first := sensors.Read(now)
	require.NotEmpty(t, first[0].Missing)
	require.Equal(t, 53.5, first[1].Value)
	require.NotEmpty(t, first[2].Missing)

	put(t, root, "proc/stat", "cpu  150 0 125 725 100 0 0 0 75 0\n")
	second := sensors.Read(now.Add(5 * time.Second))
	require.Empty(t, second[0].Missing)
	require.InDelta(t, 75, second[0].Value, 0.001)
	require.Empty(t, second[2].Missing)
	require.InDelta(t, 30, second[2].Value, 0.001)
}

func TestWhatIsNotReportedIsMissingWithTheReason(t *testing.T) {
	now := time.Unix(1_700_000_000, 0)
	for name, stat := range map[string]string{"empty": "", "words": "cpu a b c d e f\n", "negative": "cpu -1 2 3 4 5 6\n", "other": "intr 1 2 3 4 5 6\n", "huge": "cpu 99999999999999999999999 0 0 0 0 0\n"} {
		root := t.TempDir()
		put(t, root, "proc/stat", stat)
		sensors := New(root, noCounter)
		for range 3 {
			for _, r := range sensors.Read(now) {
				require.NotEmpty(t, r.Missing, name)
			}
		}
	}
	sensors := New(t.TempDir(), noCounter)
	sensors.Read(now)
	readings := sensors.Read(now.Add(time.Second))
	if runtime.GOOS != "windows" { // which tells its load without files
		require.Contains(t, readings[0].Missing, "does not read the load")
	}
	require.Contains(t, readings[1].Missing, "shows the temperature")
	require.Equal(t, "no meter here", readings[2].Missing)
}

func TestCountersThatGoBackGiveNoValue(t *testing.T) {
	root := t.TempDir()
	now := time.Unix(1_700_000_000, 0)
	sensors := New(root, watts(1))
	put(t, root, "proc/stat", "cpu  500 0 0 500 0 0 0 0\n")
	sensors.Read(now)
	put(t, root, "proc/stat", "cpu  100 0 0 100 0 0 0 0\n")
	readings := sensors.Read(now.Add(-time.Second))
	require.Contains(t, readings[0].Missing, "went back")
	put(t, root, "proc/stat", "cpu  200 0 0 100 0 0 0 0\n")
	require.InDelta(t, 100, sensors.Read(now.Add(5 * time.Second))[0].Value, 0.001)
}

func TestTheBusiestAndTheHottestCardCount(t *testing.T) {
	card := func(busy, temperature device.Reading) device.CardHealth {
		return device.CardHealth{Card: device.Card{State: device.State{Busy: busy, Temperature: temperature}}}
	}
	none := device.NotMeasured("the driver does not say")
	for name, c := range map[string]struct {
		cards                 []device.CardHealth
		busy, temperature     float64
		noBusy, noTemperature string
	}{
		"no card": {noBusy: "no graphics card was found", noTemperature: "no graphics card was found"},
		"two":     {cards: []device.CardHealth{card(device.Measured(20), device.Measured(71_500)), card(device.Measured(90), none)}, busy: 90, temperature: 71.5},
		"idle":    {cards: []device.CardHealth{card(none, none), card(device.Measured(0), device.Measured(30_000))}, busy: 0, temperature: 30},
		"silent":  {cards: []device.CardHealth{card(none, none)}, noBusy: "the driver does not say", noTemperature: "the driver does not say"},
	} {
		machine := WithCards(New(t.TempDir(), noCounter), func() []device.CardHealth { return c.cards })
		readings := machine.Read(time.Unix(1_700_000_000, 0))
		require.Len(t, readings, 5, name)
		require.Equal(t, []float64{c.busy, c.temperature}, []float64{readings[3].Value, readings[4].Value}, name)
		require.Equal(t, []string{c.noBusy, c.noTemperature}, []string{readings[3].Missing, readings[4].Missing}, name)
	}
}
