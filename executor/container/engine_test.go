//go:build linux

package container

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// testEngine is a dockerd for tests.
type testEngine struct {
	dir    string
	socket string
	cmd    *exec.Cmd
	flags  []string
}

// shared is the engine of most tests: the one of THETA_DOCKER_SOCKET, or else one that is started for them.
var shared struct { //nolint:gochecknoglobals // one engine for all tests of a run
	once   sync.Once
	socket string
	own    *testEngine
	err    error
}

func TestMain(m *testing.M) {
	if order := os.Getenv(childVariable); order != "" {
		child(order)
		return
	}
	code := m.Run()
	if shared.own != nil {
		shared.own.end(syscall.SIGTERM)
		if err := shared.own.remove(); err != nil {
			fmt.Fprintln(os.Stderr, err)
			code = 1
		}
	}
	os.Exit(code)
}

// socket returns the address of an engine, or skips the test.
func socket(t testing.TB) string {
	t.Helper()
	shared.once.Do(func() {
		if named := os.Getenv("THETA_DOCKER_SOCKET"); named != "" {
			shared.socket = "unix://" + strings.TrimPrefix(named, "unix://")
			return
		}
		shared.own, shared.err = newTestEngine()
		if shared.err == nil {
			shared.socket = shared.own.socket
		}
	})
	if shared.err != nil {
		untested(t, shared.err)
	}
	return shared.socket
}

// untested skips a test, or fails it if THETA_DOCKER=require.
func untested(t testing.TB, why error) {
	t.Helper()
	if os.Getenv("THETA_DOCKER") == "require" {
		t.Fatalf("THETA_DOCKER=require, and there is no container engine: %v", why)
	}
	t.Skipf("NOT TESTED: container/1, because there is no container engine: %v", why)
}

// privateEngine returns an engine that a test may kill.
func privateEngine(t *testing.T, flags ...string) *testEngine {
	t.Helper()
	e, err := newTestEngine(flags...)
	if err != nil {
		untested(t, err)
	}
	t.Cleanup(func() {
		e.end(syscall.SIGTERM)
		require.NoError(t, e.remove())
	})
	return e
}

func newTestEngine(flags ...string) (*testEngine, error) {
	if _, err := exec.LookPath("dockerd"); err != nil {
		return nil, err
	}
	if os.Getuid() != 0 {
		return nil, errors.New("dockerd needs root")
	}
	dir, err := os.MkdirTemp("", "theta-dockerd-")
	if err != nil {
		return nil, err
	}
	e := &testEngine{flags: flags, dir: dir, socket: "unix://" + filepath.Join(dir, "sock")}
	if err := e.begin(); err != nil {
		return nil, errors.Join(err, os.RemoveAll(dir))
	}
	return e, nil
}

// begin starts the engine and waits until it answers.
func (e *testEngine) begin() error {
	if err := e.buried(); err != nil {
		return err
	}
	log, err := os.OpenFile(filepath.Join(e.dir, "log"), os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		return err
	}
	defer log.Close()
	in := func(name string) string { return filepath.Join(e.dir, name) }
	e.cmd = exec.Command("dockerd", "--iptables=false", "--ip6tables=false", "--bridge=none",
		"--data-root", in("data"), "--exec-root", in("exec"), "--pidfile", in("pid"), "-H", e.socket)
	e.cmd.Args = append(e.cmd.Args, e.flags...)
	e.cmd.Stdout, e.cmd.Stderr = log, log
	e.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := e.cmd.Start(); err != nil {
		return err
	}
	limited, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	for {
		c, _, err := dial(limited, e.socket)
		if err == nil {
			return c.Close()
		}
		select {
		case <-limited.Done():
			said, _ := os.ReadFile(in("log"))
			e.end(syscall.SIGTERM)
			return fmt.Errorf("dockerd does not start: %w: %s", err, said)
		case <-time.After(50 * time.Millisecond):
		}
	}
}

// remove removes the files of an engine that has ended. One that was killed has left its folder mounted.
func (e *testEngine) remove() error {
	mounts, err := os.ReadFile("/proc/self/mounts")
	if err != nil {
		return err
	}
	for line := range strings.Lines(string(mounts)) {
		if fields := strings.Fields(line); strings.HasPrefix(fields[1], e.dir+"/") {
			_ = syscall.Unmount(fields[1], syscall.MNT_DETACH) // removing says what is in the way
		}
	}
	return os.RemoveAll(e.dir)
}

// buried waits until the containerd of an engine that was killed is gone. A new engine would otherwise take it for
// one that runs.
func (e *testEngine) buried() error {
	file := filepath.Join(e.dir, "exec", "containerd", "containerd.pid")
	content, err := os.ReadFile(file)
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	pid, err := strconv.Atoi(strings.TrimSpace(string(content)))
	if err != nil {
		return err
	}
	for range 500 {
		if errors.Is(syscall.Kill(pid, 0), syscall.ESRCH) {
			return os.Remove(file)
		}
		time.Sleep(10 * time.Millisecond)
	}
	return fmt.Errorf("containerd (process %d) does not end with its dockerd", pid)
}

// end ends the engine with a signal.
func (e *testEngine) end(signal syscall.Signal) {
	if e.cmd.ProcessState != nil {
		return
	}
	_ = e.cmd.Process.Signal(signal)
	_ = e.cmd.Wait()
}
