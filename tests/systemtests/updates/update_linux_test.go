//go:build system

// Package updates replaces real programs while they run.
package updates

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/thetaedge/theta/testutil/releases"
)

const patience = 2 * time.Minute

// build returns a program with a version.
func build(t *testing.T, version string) string {
	t.Helper()
	exe := filepath.Join(t.TempDir(), "thetaedge")
	command := exec.Command("go", "build", "-ldflags", "-s -w -X github.com/cosmos/cosmos-sdk/version.Version=v"+version, "-o", exe, "./cmd/thetaedge")
	command.Dir = filepath.Join("..", "..", "..")
	out, err := command.CombinedOutput()
	require.NoError(t, err, string(out))
	return exe
}

// log is what a daemon writes.
type log struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (l *log) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

func (l *log) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

// machine is a home whose daemon waits for a chain that does not answer.
type machine struct {
	t         *testing.T
	installed string
	home      string
	log       log
	running   *exec.Cmd
}

func (m *machine) do(arguments ...string) (string, error) {
	out, err := exec.Command(m.installed, append(arguments, "--home", m.home)...).CombinedOutput()
	return string(out), err
}

func (m *machine) start() {
	m.t.Helper()
	m.running = exec.Command(m.installed, "start", "--home", m.home, "--api.grpc", "127.0.0.1:0", "--api.http", "127.0.0.1:0", "--dashboard.listen", "")
	m.running.Stderr = &m.log
	require.NoError(m.t, m.running.Start())
}

// kill ends the daemon without warning.
func (m *machine) kill() {
	m.t.Helper()
	require.NoError(m.t, m.running.Process.Kill())
	_ = m.running.Wait()
}

// runs waits until the daemon waits for the chain as a certain program.
func (m *machine) runs(program string) {
	m.t.Helper()
	require.Eventually(m.t, func() bool {
		found, err := os.Readlink("/proc/" + strconv.Itoa(m.running.Process.Pid) + "/exe")
		state, readErr := os.ReadFile(filepath.Join(m.home, "daemon.json"))
		return err == nil && readErr == nil && found == program && strings.Contains(string(state), strconv.Itoa(m.running.Process.Pid))
	}, patience, 50*time.Millisecond, "expected %s\n%s", program, &m.log)
}

// TestARealProgramIsReplacedAndComesBack: by hand, by crashes, and by its owner.
func TestARealProgramIsReplacedAndComesBack(t *testing.T) {
	m := &machine{t: t, installed: build(t, "1.3.0"), home: filepath.Join(t.TempDir(), "home")}
	newer, err := os.ReadFile(build(t, "1.4.0"))
	require.NoError(t, err)
	address, key := releases.Serve(t, runtime.GOOS, runtime.GOARCH, "1.4.0", newer)
	out, err := m.do("init", "--grpc", "127.0.0.1:1")
	require.NoError(t, err, out)
	path := filepath.Join(m.home, "config.toml")
	settings, err := os.ReadFile(path)
	require.NoError(t, err)
	changed := strings.NewReplacer("enabled = false\n", "enabled = true\n", "url = \"\"\n", "url = \""+address+"\"\n", "key = []\n", "key = [\""+key+"\"]\n").Replace(string(settings))
	require.NoError(t, os.WriteFile(path, []byte(changed), 0o600))
	update := filepath.Join(m.home, "versions", "1.4.0", "thetaedge")

	m.start()
	defer func() { _ = m.running.Process.Kill() }()
	m.runs(m.installed)
	out, err = m.do("update", "--check")
	require.NoError(t, err, out)
	require.Contains(t, out, "version 1.4.0 is newer than 1.3.0")
	out, err = m.do("update", "--apply")
	require.NoError(t, err, out)
	require.Contains(t, out, "the daemon changes to it when it holds nothing")
	m.runs(update)

	for range 3 { // the first start was the daemon's own
		m.kill()
		m.start()
		if !strings.Contains(m.log.String(), "version 1.4.0 is given up") {
			require.Eventually(t, func() bool {
				found, err := os.Readlink("/proc/" + strconv.Itoa(m.running.Process.Pid) + "/exe")
				return err == nil && (found == update || strings.Contains(m.log.String(), "version 1.4.0 is given up"))
			}, patience, 10*time.Millisecond)
		}
	}
	m.runs(m.installed)
	require.Contains(t, m.log.String(), "version 1.4.0 is given up: it was started 3 times")
	out, err = m.do("update", "--apply")
	require.Error(t, err)
	require.Contains(t, out, "version 1.4.0 failed here")

	out, err = m.do("update", "--apply", "--retry")
	require.NoError(t, err, out)
	m.runs(update)
	out, err = m.do("update", "--rollback")
	require.NoError(t, err, out)
	m.runs(m.installed)
	require.NoError(t, m.running.Process.Signal(syscall.SIGTERM))
	require.NoError(t, m.running.Wait(), "a stop is a stop, and not a restart: %s", &m.log)

	said, err := exec.Command(m.installed, "version").Output()
	require.NoError(t, err)
	require.Contains(t, string(said), "thetaedge v1.3.0\n", "the installed program has not changed")
	out, err = m.do("uninstall")
	require.NoError(t, err, out)
	require.NoFileExists(t, m.installed)
	require.NoDirExists(t, filepath.Join(m.home, "versions"))
	require.FileExists(t, path)
}
