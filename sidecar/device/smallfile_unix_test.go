//go:build unix

package device

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestFilesOfOddKindsAreNotMeasuredAndNeverWaitedFor(t *testing.T) {
	root := rootWith(t, map[string]string{
		"empty": "", "text": "lots\n", "negative": "-5\n", "float": "1.5\n", "large": "99999999999999999999999\n", "long": strings.Repeat("1", maxSmall+1),
		"hex": "0x10\n", "two": "1 2\n",
	})
	require.NoError(t, os.Mkdir(filepath.Join(root, "folder"), 0o700))
	require.NoError(t, os.Symlink(filepath.Join(root, "gone"), filepath.Join(root, "dangling")))
	require.NoError(t, os.Symlink(filepath.Join(root, "loop"), filepath.Join(root, "loop")))
	require.NoError(t, syscall.Mkfifo(filepath.Join(root, "pipe"), 0o600))
	require.NoError(t, os.Symlink("/dev/zero", filepath.Join(root, "endless")))
	for _, name := range []string{"empty", "text", "negative", "float", "large", "long", "hex", "two", "folder", "dangling", "loop", "pipe", "endless", "gone"} {
		_, err := readCounter(filepath.Join(root, name))
		require.Error(t, err, name)
		if name == "negative" {
			continue
		}
		_, measured := fileReading(root, name).Value()
		require.False(t, measured, name)
		require.NotEmpty(t, fileReading(root, name).Reason(), name)
	}
	value, measured := fileReading(root, "negative").Value()
	require.True(t, measured, "a temperature can be negative")
	require.EqualValues(t, -5, value)
}

func TestOddFilesInATreeOfACardAreNotMeasured(t *testing.T) {
	for _, name := range []string{"gpu_busy_percent", "mem_info_vram_used", "hwmon/hwmon4/temp2_input", "hwmon/hwmon4/power1_average", "ras/umc_err_count"} {
		for kind, lay := range map[string]func(path string) error{
			"pipe":     func(path string) error { return syscall.Mkfifo(path, 0o600) },
			"folder":   func(path string) error { return os.Mkdir(path, 0o700) },
			"dangling": func(path string) error { return os.Symlink(path+"-gone", path) },
			"empty":    func(path string) error { return os.WriteFile(path, nil, 0o600) },
			"huge":     func(path string) error { return os.WriteFile(path, []byte("99999999999999999999"), 0o600) },
			"negative": func(path string) error { return os.WriteFile(path, []byte("-1000000000000"), 0o600) },
		} {
			root := t.TempDir()
			require.NoError(t, os.CopyFS(root, os.DirFS("testdata/sysfs/amdgpu")))
			path := filepath.Join(root, "sys/class/drm/card1/device", name)
			require.NoError(t, os.Remove(path))
			require.NoError(t, lay(path))
			cards, err := JoinDrivers(NewDRM(root)).Cards()
			require.NoError(t, err)
			require.Len(t, cards, 1)
			s := cards[0].State
			reading := map[string]Reading{
				"gpu_busy_percent": s.Busy, "mem_info_vram_used": s.MemoryUsed, "hwmon/hwmon4/temp2_input": s.Temperature,
				"hwmon/hwmon4/power1_average": s.Power, "ras/umc_err_count": s.Uncorrected,
			}[name]
			_, measured := reading.Value()
			require.False(t, measured, "%s %s", name, kind)
			require.NotEmpty(t, reading.Reason())
		}
	}
}
