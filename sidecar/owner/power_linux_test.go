package owner

import (
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"
)

// machine returns a copy of a tree of testdata in which files have other contents. A file whose
// content is empty is removed.
func machine(t *testing.T, name string, changes map[string]string) string {
	t.Helper()
	root := t.TempDir()
	require.NoError(t, os.CopyFS(root, os.DirFS(filepath.Join("testdata", name))))
	require.NoError(t, os.RemoveAll(filepath.Join(root, "sys/class/power_supply/.gitkeep")))
	for path, content := range changes {
		path = filepath.Join(root, "sys/class", path)
		if content == "" {
			require.NoError(t, os.RemoveAll(path))
			continue
		}
		require.NoError(t, os.WriteFile(path, []byte(content), 0o600))
	}
	return root
}

func TestABatteryIsSeenAsTheKernelShowsIt(t *testing.T) {
	const bat, ac = "power_supply/BAT0/", "power_supply/AC/"
	for name, c := range map[string]struct {
		tree    string
		changes map[string]string
		want    Power
	}{
		"plugged in":               {"laptop", nil, Power{Has: true, Charge: 70}},
		"on battery":               {"laptop", map[string]string{ac + "online": "0\n", bat + "status": "Discharging\n"}, Power{Battery: true, Has: true, Charge: 70}},
		"a weak plug":              {"laptop", map[string]string{bat + "status": "Discharging\n"}, Power{Has: true, Charge: 70}},
		"over USB":                 {"laptop", map[string]string{ac + "online": "0\n", bat + "status": "Discharging\n", "power_supply/ucsi-source-psy-USBC000-001/online": "1\n"}, Power{Has: true, Charge: 70}},
		"one battery is taken out": {"laptop", map[string]string{bat + "present": "0\n", bat + "capacity": ""}, Power{Has: true, Charge: 80}},
		"a desktop":                {"desktop", nil, Power{}},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := supply{machine(t, c.tree, c.changes)}.Read(t.Context())
			require.NoError(t, err)
			require.Equal(t, c.want, got)
		})
	}
	for _, content := range []string{"\n", "full\n", "9999999999999999999999\n", "0x10\n"} {
		_, err := supply{machine(t, "laptop", map[string]string{bat + "capacity": content})}.Read(t.Context())
		require.ErrorContains(t, err, "expected a whole number", content)
	}
	got, err := supply{machine(t, "laptop", map[string]string{bat + "capacity": "-300\n"})}.Read(t.Context())
	require.NoError(t, err)
	require.Error(t, believablePower(got))
	_, err = supply{t.TempDir()}.Read(t.Context())
	require.Error(t, err)
}

// TestAFileThatIsNotOneDoesNotHangAReading: a driver's folder may contain anything.
func TestAFileThatIsNotOneDoesNotHangAReading(t *testing.T) {
	root := machine(t, "laptop", map[string]string{"power_supply/BAT0/capacity": ""})
	path := filepath.Join(root, "sys/class/power_supply/BAT0/capacity")
	require.NoError(t, syscall.Mkfifo(path, 0o600))
	_, err := supply{root}.Read(t.Context())
	require.Error(t, err)
	require.NoError(t, os.Remove(path))
	require.NoError(t, os.Mkdir(path, 0o700))
	_, err = supply{root}.Read(t.Context())
	require.Error(t, err)
	require.NoError(t, os.Remove(path))
	require.NoError(t, os.Symlink("nothing", path))
	_, err = supply{root}.Read(t.Context())
	require.Error(t, err)
}
