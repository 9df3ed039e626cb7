//go:build wine

package windows

import (
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/thetaedge/theta/testutil/releases"
)

// builtAs returns the program for Windows with a version.
func builtAs(t *testing.T, version string) string {
	t.Helper()
	exe := filepath.Join(t.TempDir(), "thetaedge.exe")
	command := exec.CommandContext(t.Context(), "go", "build", "-tags=pebbledb", "-ldflags", "-s -w -X github.com/cosmos/cosmos-sdk/version.Version=v"+version, "-o", exe, "./cmd/thetaedge")
	command.Dir = repository
	command.Env = append(os.Environ(), "GOOS=windows", "GOARCH=amd64", "CGO_ENABLED=0", "GOFLAGS=-buildvcs=false")
	out, err := command.CombinedOutput()
	require.NoError(t, err, string(out))
	return exe
}

// daemonsOf returns the processes that run a program as the daemon.
func (m machine) daemonsOf(program string) []string {
	var ids []string
	for _, id := range m.processes() {
		raw, err := os.ReadFile(filepath.Join("/proc", id, "cmdline"))
		line := strings.Split(string(raw), "\x00")
		// This system names a program that it starts by its own path, and Windows by that of Windows.
		found := strings.TrimPrefix(strings.ReplaceAll(line[0], `\`, "/"), "Z:")
		if err == nil && found == program && len(line) > 1 && line[1] == "start" {
			ids = append(ids, id)
		}
	}
	return ids
}

// runs waits until the daemon waits for the chain as a certain version. The installed program stays as its parent.
func (m machine) runs(d *daemon, installed, version string) {
	m.t.Helper()
	if !assert.Eventually(m.t, func() bool {
		if len(m.daemonsOf(installed)) != 1 {
			return false
		}
		if version == "" {
			return len(m.processes()) == 1 && m.waits(d)
		}
		return len(m.daemonsOf(version)) == 1 && m.waits(d)
	}, patience, 200*time.Millisecond) {
		m.t.Fatalf("expected %q, found processes %v, waiting %t:\n%s", version, m.processes(), m.waits(d), d.text())
	}
}

// waits reports whether a daemon says that it waits for the chain. One that was killed before has left its file.
func (m machine) waits(d *daemon) bool {
	path := filepath.Join(m.home, "daemon.json")
	stat, err := os.Stat(path)
	if err != nil || stat.ModTime().Before(d.began) {
		return false
	}
	raw, err := os.ReadFile(path)
	return err == nil && strings.Contains(string(raw), `"waiting"`)
}

// kill kills processes, as this system does when it has no memory left.
func (m machine) kill(processes []string) {
	m.t.Helper()
	require.NotEmpty(m.t, processes)
	m.signal(processes, syscall.SIGKILL)
}

// interrupt sends what a console sends to all its processes on Ctrl-C.
func (m machine) interrupt() {
	m.t.Helper()
	m.signal(m.processes(), syscall.SIGINT)
}

func (m machine) signal(processes []string, signal syscall.Signal) {
	m.t.Helper()
	for _, id := range processes {
		number, err := strconv.Atoi(id)
		require.NoError(m.t, err)
		require.NoError(m.t, syscall.Kill(number, signal))
	}
}

// TestANodeForWindowsIsUpdatedAndGoesBack: the installed program stays as the parent of the version that runs, which
// ends with it. A version that does not stay is given up, and the owner can go back.
func TestANodeForWindowsIsUpdatedAndGoesBack(t *testing.T) {
	m := newMachine(t)
	m.exe = builtAs(t, "1.3.0")
	newer, err := os.ReadFile(builtAs(t, "1.4.0"))
	require.NoError(t, err)
	address, key := releases.Serve(t, "windows", "amd64", "1.4.0", newer)
	m.says("init", "--grpc", "127.0.0.1:1")
	settings(t, m.home, map[string]string{
		"api.grpc": "127.0.0.1:0", "api.http": "127.0.0.1:0", "dashboard.listen": "",
		"update.enabled": "true", "update.url": address, "update.key": key,
	})
	installed, updated := m.exe, filepath.Join(m.home, "versions", "1.4.0", "thetaedge.exe")

	d := m.start()
	m.runs(d, installed, "")
	require.Contains(t, m.says("update", "--check"), "version 1.4.0 is newer than 1.3.0")
	require.Contains(t, m.says("update", "--apply"), "the daemon changes to it when it holds nothing")
	m.runs(d, installed, updated)

	// What kills the installed program also ends the version, which is not a fault of the version.
	require.NoError(t, d.command.Process.Kill())
	<-d.ended
	requireGone(t, m)
	d = m.start()
	m.runs(d, installed, updated)

	// A version that dies is started three times.
	for start := 1; start <= 3; start++ {
		m.kill(m.daemonsOf(updated))
		<-d.ended
		requireGone(t, m)
		if d = m.start(); start < 3 {
			m.runs(d, installed, updated)
		}
	}
	m.runs(d, installed, "")
	require.Contains(t, d.text(), "version 1.4.0 is given up: it was started 3 times")
	out, err := m.command(t.Context(), "update", "--apply").CombinedOutput()
	require.Error(t, err)
	require.Contains(t, string(out), "version 1.4.0 failed here")

	m.says("update", "--apply", "--retry")
	m.runs(d, installed, updated)
	m.says("update", "--rollback")
	m.runs(d, installed, "")
	m.says("update", "--apply", "--retry")
	m.runs(d, installed, updated)
	m.interrupt()
	select {
	case err := <-d.ended:
		require.NoError(t, err, "a stop is a stop, and not a restart: %s", d.text())
	case <-time.After(2 * time.Minute):
		t.Fatalf("the daemon does not stop:\n%s", d.text())
	}
	requireGone(t, m)

	require.Contains(t, m.says("version"), "thetaedge v1.3.0", "the installed program has not changed")
	t.Log(m.says("uninstall"))
	require.NoDirExists(t, filepath.Join(m.home, "versions"))
	require.FileExists(t, filepath.Join(m.home, "config.toml"))
}
