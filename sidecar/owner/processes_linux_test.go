package owner

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/thetaedge/theta/sidecar/device"
)

// TestTheProgramsOfThisMachineAreSeenAndOursAreNot starts a program of our own and looks at it once
// as ours and once as another's.
func TestTheProgramsOfThisMachineAreSeenAndOursAreNot(t *testing.T) {
	sleep, err := exec.LookPath("sleep")
	require.NoError(t, err)
	const name = "theta-game-of-a-long-name"
	program := filepath.Join(t.TempDir(), name)
	require.NoError(t, os.Symlink(sleep, program))
	game := exec.Command(program, "60")
	require.NoError(t, game.Start())
	defer func() { _ = game.Process.Kill(); _ = game.Wait() }()
	ours := programs{&processTable{root: "/", self: os.Getpid()}}
	others := programs{&processTable{root: "/", self: 1 << 30}}
	require.Eventually(t, func() bool {
		others.table.forget()
		names, err := others.Read(t.Context())
		return err == nil && slices.Contains(names, name) && slices.Contains(names, name[:15])
	}, patience, time.Millisecond)
	names, err := ours.Read(t.Context())
	require.NoError(t, err)
	require.NotContains(t, names, name)
}

// TestTheLoadOfOthersIsMeasuredAndOursIsNot burns a processor in a process that is ours or not.
func TestTheLoadOfOthersIsMeasuredAndOursIsNot(t *testing.T) {
	burner := exec.Command("sh", "-c", "while :; do :; done")
	require.NoError(t, burner.Start())
	defer func() { _ = burner.Process.Kill(); _ = burner.Wait() }()
	others := &load{sample: (&processTable{root: "/", self: 1 << 30}).sample}
	ours := &load{sample: (&processTable{root: "/", self: os.Getpid()}).sample}
	require.Eventually(t, func() bool {
		all, err := others.Read(t.Context())
		rest, failed := ours.Read(t.Context())
		// The machine may do other things too: only the difference is certain.
		return err == nil && failed == nil && all > rest && all <= 101 && rest >= 0
	}, patience, 50*time.Millisecond)
}

func TestTheLoadIsTheMeanOfTheLastReadings(t *testing.T) {
	at := 0
	samples := []loadSample{{1000, 100, 50}, {1100, 150, 60}, {1200, 250, 160}, {1100, 0, 0}}
	l := &load{sample: func(bool) (loadSample, error) { at++; return samples[at-1], nil }}
	got, err := l.Read(t.Context())
	require.NoError(t, err)
	require.InDelta(t, 40, got, 0.01, "50 of 100 ticks were busy, of which 10 are ours")
	got, err = l.Read(t.Context())
	require.NoError(t, err)
	require.InDelta(t, 20, got, 0.01, "150 of 200, of which 110 are ours")
	_, err = l.Read(t.Context())
	require.ErrorContains(t, err, "do not go on")
	require.Empty(t, l.samples)
}

func TestProcessesAreReadFromWhatTheKernelWrites(t *testing.T) {
	p, err := parseStat("42 (a) (b c) R 7 42 42 0 -1 4194304 1 0 0 0 10 20 3 4 20 0 1 0 9876 1 2 3")
	require.NoError(t, err)
	require.Equal(t, process{pid: 42, parent: 7, began: 9876, comm: "a) (b c", ticks: 37}, p)
	for _, text := range []string{"", "1 x", "1 (x) R 1", ")(", "1 (x) R z 42 42 0 -1 4194304 1 0 0 0 10 20 3 4 20 0 1 0 9876"} {
		_, err := parseStat(text)
		require.Error(t, err, text)
	}
	require.Equal(t, uint64(21), busyOf(device.ProcessorTimes{Total: 137, Idle: 100, Waiting: 7, Stolen: 9}))
	require.Equal(t, map[int]bool{5: true, 6: true, 7: true},
		ownTree([]process{{pid: 5, parent: 1}, {pid: 6, parent: 5}, {pid: 7, parent: 6}, {pid: 8, parent: 1}, {pid: 9, parent: 9}}, 5))
}

// kernel writes files below the folder proc of a tree.
func kernel(t *testing.T, root string, files map[string]string) {
	t.Helper()
	for path, content := range files {
		path = filepath.Join(root, path)
		require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o700))
		require.NoError(t, os.WriteFile(path, []byte(content), 0o600))
	}
}

func statOf(pid, parent int, name string) string {
	return fmt.Sprintf("%d (%s) S %d 1 1 0 -1 0 0 0 0 0 0 0 0 0 20 0 1 0 5 1 2 3", pid, name, parent)
}

func TestASystemThatHidesOtherUsersIsNotBelieved(t *testing.T) {
	root := t.TempDir()
	kernel(t, root, map[string]string{"proc/5/stat": statOf(5, 1, "me")})
	_, err := programs{&processTable{root: root, self: 5}}.Read(t.Context())
	require.ErrorContains(t, err, "hidepid")
	kernel(t, root, map[string]string{"proc/1/stat": statOf(1, 0, "init"), "proc/6/stat": statOf(6, 1, "wine"), "proc/6/cmdline": "C:\\Games\\Chess.exe\x00-x\x00"})
	names, err := programs{&processTable{root: root, self: 5}}.Read(t.Context())
	require.NoError(t, err)
	require.ElementsMatch(t, []string{"init", "wine", "Chess.exe"}, names)
}

// BenchmarkALookAtAllSensors says how much processor time a look takes, which happens once a second.
func BenchmarkALookAtAllSensors(b *testing.B) {
	clock := newClock()
	s := Open(OpenConfig{Home: b.TempDir(), Getenv: os.Getenv, Watts: device.NewLedger(time.Now).Watts, Cards: watched(b), Now: clock.now})
	settings := Settings{
		Hours: []string{"sun-sat"}, Idle: "10m", FullScreen: true, Processes: []string{"steam_app_*"}, CPU: "90%", GPU: "90%",
		CPUTemperature: "90C", GPUTemperature: "90C", Fan: "90%", Battery: true, Metered: true, FreeDisk: 1,
	}
	p := policyOf(b, func(s *Settings) { *s = settings })
	w, err := NewWatcher(WatcherConfig{Policy: p, Sensors: s, Logger: quiet()})
	require.NoError(b, err)
	w.Look(b.Context())
	b.ResetTimer()
	var looks time.Duration
	for b.Loop() {
		// A list of processes serves for a while, which a look in each second does not see.
		clock.advance(tableAge)
		began := processorTime(b)
		w.Look(b.Context())
		looks += processorTime(b) - began
	}
	b.ReportMetric(float64(looks.Microseconds())/float64(b.N), "cpu-µs/look")
	processes, err := filepath.Glob("/proc/[1-9]*")
	require.NoError(b, err)
	b.ReportMetric(float64(len(processes)), "processes")
}

// processorTime returns the processor time that this process has used.
func processorTime(b *testing.B) time.Duration {
	b.Helper()
	var used syscall.Rusage
	require.NoError(b, syscall.Getrusage(syscall.RUSAGE_SELF, &used))
	return time.Duration(used.Utime.Nano() + used.Stime.Nano())
}
