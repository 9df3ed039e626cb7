package device

import (
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// TestAnyTextInAFileGivesANumberThatCanBeTrueOrAReason writes random texts into the files of cards.
func TestAnyTextInAFileGivesANumberThatCanBeTrueOrAReason(t *testing.T) {
	for _, tree := range []string{"amdgpu", "i915", "xe"} {
		root := t.TempDir()
		require.NoError(t, os.CopyFS(root, os.DirFS(filepath.Join("testdata/sysfs", tree))))
		files := map[string][]byte{}
		var names []string
		require.NoError(t, filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
			if err != nil || entry.IsDir() {
				return err
			}
			names = append(names, path)
			files[path], err = os.ReadFile(path)
			return err
		}))
		rapid.Check(t, func(t *rapid.T) {
			path := rapid.SampledFrom(names).Draw(t, "file")
			text := rapid.OneOf(
				rapid.StringMatching(`[-+]?[0-9]{0,25}\n?`), rapid.StringMatching(`(ue|ce|0x|DRIVER=|PCI_SLOT_NAME=)?[ -~]{0,20}\n?`), rapid.String(),
			).Draw(t, "text")
			require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
			cards, err := JoinDrivers(NewDRM(root)).Cards()
			require.NoError(t, os.WriteFile(path, files[path], 0o600))
			require.NoError(t, err)
			require.LessOrEqual(t, len(cards), 2)
			for _, c := range cards {
				requireTrue(t, c.State)
				require.True(t, c.Vulkan == "" || len(c.Vulkan) == 32 && strings.Trim(c.Vulkan, "0123456789abcdef") == "", c.Vulkan)
			}
		})
	}
}

// requireTrue fails if a reading is neither within what can be true nor says why it is missing.
func requireTrue(t *rapid.T, s State) {
	for name, c := range map[string]struct {
		r           Reading
		least, most int64
	}{
		"memory": {s.MemoryUsed, 0, mostMemory}, "busy": {s.Busy, 0, mostPercent}, "temperature": {s.Temperature, coldest, hottest},
		"power": {s.Power, 0, mostMilliwatts}, "cap": {s.PowerCap, 0, mostMilliwattsCap}, "clock": {s.Clock, 0, mostMHz}, "fan": {s.FanPercent, 0, mostPercent},
		"speed": {s.FanRPM, 0, mostRPM}, "uncorrected": {s.Uncorrected, 0, 1 << 62}, "energy": {s.Energy, 0, 1 << 62}, "slowdown": {s.Slowdown, 1, hottest},
	} {
		value, measured := c.r.Value()
		if !measured {
			require.NotEmpty(t, c.r.Reason(), name)
			continue
		}
		require.GreaterOrEqual(t, value, c.least, name)
		require.LessOrEqual(t, value, c.most, name)
	}
}
