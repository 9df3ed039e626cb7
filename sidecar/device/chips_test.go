package device

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// chipsOf returns the chips of a copy of a tree of testdata in which files below sys/class have other
// contents. A file whose content is empty is removed.
func chipsOf(t *testing.T, name string, changes map[string]string) Chips {
	t.Helper()
	root := t.TempDir()
	require.NoError(t, os.CopyFS(root, os.DirFS(filepath.Join("testdata/chips", name))))
	for path, content := range changes {
		path = filepath.Join(root, "sys/class", path)
		if content == "" {
			require.NoError(t, os.RemoveAll(path))
			continue
		}
		require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o700))
		require.NoError(t, os.WriteFile(path, []byte(content), 0o600))
	}
	return NewChips(root)
}

func TestTemperaturesAndFansAreThoseOfTheirChips(t *testing.T) {
	read := func(value float64, err error) float64 {
		t.Helper()
		require.NoError(t, err)
		return value
	}
	laptop, desktop := chipsOf(t, "laptop", nil), chipsOf(t, "desktop", nil)
	require.InDelta(t, 63, read(laptop.Processor()), 0.01, "not the one of the board, which is hotter")
	require.InDelta(t, 54.375, read(desktop.Processor()), 0.001)
	require.InDelta(t, 71, read(desktop.Card()), 0.01, "the first sensor, which programs show")
	require.InDelta(t, 50, read(desktop.CardFan()), 0.01)
	require.InDelta(t, 50, read(laptop.Fan()), 0.01)
	require.InDelta(t, 100, read(desktop.Fan()), 0.01)
	_, err := laptop.Card()
	require.ErrorContains(t, err, "no chip of a graphics card")
	_, err = laptop.CardFan()
	require.ErrorContains(t, err, "no chip of a graphics card")
}

func TestAThermalZoneCountsWhereTheProcessorIsNotAChip(t *testing.T) {
	got, err := chipsOf(t, "laptop", map[string]string{"hwmon/hwmon0": ""}).Processor()
	require.NoError(t, err)
	require.InDelta(t, 61, got, 0.01)
	_, err = chipsOf(t, "desktop", map[string]string{"hwmon/hwmon0": ""}).Processor()
	require.ErrorContains(t, err, "no chip of a processor")
	require.ErrorContains(t, err, "no thermal zone")
}

func TestAChipThatShowsWhatCannotBeIsNotBelieved(t *testing.T) {
	for text, why := range map[string]string{"hot\n": "expected a number in", "999999999\n": "from -60000 to 150000", "\n": "expected a number in"} {
		broken := chipsOf(t, "desktop", map[string]string{"hwmon/hwmon0/temp1_input": text, "hwmon/hwmon2": ""})
		_, err := broken.Processor()
		require.ErrorContains(t, err, why)
		fan, err := broken.Fan()
		require.NoError(t, err)
		require.InDelta(t, 50, fan, 0.01)
	}
	fan, err := chipsOf(t, "desktop", map[string]string{"hwmon/hwmon1/fan1_max": "0\n", "hwmon/hwmon1/pwm1": "9000\n", "hwmon/hwmon2": ""}).Fan()
	require.ErrorContains(t, err, "from 0 to 255", fan)
}

func TestTheChipOfACardThatSleepsIsNotRead(t *testing.T) {
	_, err := chipsOf(t, "desktop", map[string]string{"hwmon/hwmon1/device/power/runtime_status": "suspended\n"}).Card()
	require.Error(t, err)
	got, err := chipsOf(t, "desktop", map[string]string{"hwmon/hwmon1/device/power/runtime_status": "active\n"}).Card()
	require.NoError(t, err)
	require.InDelta(t, 71, got, 0.01)
}

// TestAnyTextInAFileOfAChipGivesAValueThatCanBeTrueOrAReason writes random texts into the files.
func TestAnyTextInAFileOfAChipGivesAValueThatCanBeTrueOrAReason(t *testing.T) {
	chips := chipsOf(t, "desktop", nil)
	folder := filepath.Join(chips.root, "sys/class/hwmon")
	rapid.Check(t, func(rt *rapid.T) {
		for _, name := range []string{"hwmon0/temp1_input", "hwmon1/temp1_input", "hwmon1/fan1_input", "hwmon1/fan1_max", "hwmon1/pwm1", "hwmon2/pwm2"} {
			text := rapid.OneOf(rapid.StringMatching(`[-+]?[0-9]{0,25}\n?`), rapid.String()).Draw(rt, name)
			require.NoError(rt, os.WriteFile(filepath.Join(folder, name), []byte(text), 0o600))
		}
		for name, gauge := range map[string]struct {
			read        func() (float64, error)
			least, most float64
		}{
			"processor": {chips.Processor, -60, 150}, "card": {chips.Card, -60, 150}, "fan of a card": {chips.CardFan, 0, 100}, "fan": {chips.Fan, 0, 100},
		} {
			value, err := gauge.read()
			if err != nil {
				require.NotEmpty(rt, err.Error(), name)
				continue
			}
			require.GreaterOrEqual(rt, value, gauge.least, name)
			require.LessOrEqual(rt, value, gauge.most, name)
		}
	})
}
