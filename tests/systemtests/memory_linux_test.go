//go:build system

package systemtests

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/thetaedge/theta/client"
	"github.com/thetaedge/theta/tests/rate"
	computetypes "github.com/thetaedge/theta/x/compute/types"
)

const (
	// idleBytes is the memory that a daemon may have after work.
	idleBytes = 150 << 20
	// idleVariable is the environment variable that makes the test wait for the end of idle processes, and
	// idleEnd its value.
	idleVariable, idleEnd = "IDLE_WORKERS", "end"
	// idlePatience bounds how long memory is waited for.
	idlePatience = 5 * time.Minute
)

// resident returns the memory of a process, and of its child processes together, in bytes.
func resident(t *testing.T, pid int) (own, children uint64) {
	t.Helper()
	folders, err := filepath.Glob("/proc/[1-9]*/status")
	require.NoError(t, err)
	for _, path := range folders {
		text, err := os.ReadFile(path)
		if err != nil {
			continue // it has ended
		}
		value := func(name string) uint64 {
			_, rest, _ := strings.Cut(string(text), "\n"+name+":")
			fields := strings.Fields(rest)
			if len(fields) == 0 {
				return 0
			}
			n, err := strconv.ParseUint(fields[0], 10, 54)
			require.NoError(t, err)
			return n
		}
		switch id := filepath.Base(filepath.Dir(path)); {
		case id == strconv.Itoa(pid):
			own = value("VmRSS") << 10
		case value("PPid") == uint64(pid):
			children += value("VmRSS") << 10
		}
	}
	return own, children
}

// daemonOf returns the process of the daemon that works in a home.
func daemonOf(t *testing.T, home string) int {
	t.Helper()
	lines, err := filepath.Glob("/proc/[1-9]*/cmdline")
	require.NoError(t, err)
	for _, path := range lines {
		text, err := os.ReadFile(path)
		if err != nil {
			continue // it has ended
		}
		words := strings.Split(string(text), "\x00")
		if slices.Contains(words, "start") && slices.Contains(words, home) {
			pid, err := strconv.Atoi(filepath.Base(filepath.Dir(path)))
			require.NoError(t, err)
			return pid
		}
	}
	require.FailNow(t, "the daemon does not run", home)
	return 0
}

// TestADaemonHoldsLittleMemoryAfterWork: programs are compiled and run in processes of their own. With IDLE_WORKERS
// set to end, the test waits for more than two minutes until these processes have ended too.
func TestADaemonHoldsLittleMemoryAfterWork(t *testing.T) {
	t.Parallel()
	waits := os.Getenv(idleVariable)
	require.Contains(t, []string{"", idleEnd}, waits, idleVariable)
	network := startNetwork(t)
	pids, worked := map[string]int{}, map[string]uint64{}
	for _, node := range network.Nodes() {
		pids[node.Name] = daemonOf(t, node.Home())
	}
	spin := writeJob(t, fmt.Sprintf(`
executor: wasm/1
program: spin.wasm
args: ["%d"]
resources: {fuel: %d, memory: 1MiB, output: 4KiB}
class: cpu-small
reward: 1tfuel
`, 1_000_000, rate.SpinFuel(1_000_000)), map[string][]byte{"spin.wasm": rate.Spin()})
	for _, job := range []string{spin, writeJob(t, fmt.Sprintf(quorumJob, root(t)), nil)} {
		run := follow(t, network, job, func(client.Progress) {
			for name, pid := range pids {
				_, children := resident(t, pid)
				worked[name] = max(worked[name], children)
			}
		})
		require.Equal(t, computetypes.JOB_STATUS_COMPLETED, run.Settlement.Job.Status)
	}
	for name, pid := range pids {
		require.NotZero(t, worked[name], "expected processes of %s in which programs ran", name)
		var own uint64
		require.Eventually(t, func() bool { own, _ = resident(t, pid); return own > 0 && own < idleBytes }, idlePatience, time.Second,
			"expected less than %d MiB", idleBytes>>20)
		t.Logf("%s: %d MiB after work, and up to %d MiB in other processes before", name, own>>20, worked[name]>>20)
		if waits == idleEnd {
			require.Eventually(t, func() bool { _, children := resident(t, pid); return children == 0 }, idlePatience, time.Second, "idle processes end")
		}
	}
}
