//go:build wine

package windows

import (
	"bytes"
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// repository is the path of the repository relative to this package.
const repository = "../.."

// machine runs the program for Windows.
type machine struct {
	t         *testing.T
	wine, exe string
	// home is the folder of the node, as this system names it.
	home string
}

func newMachine(t *testing.T) machine {
	t.Helper()
	root, err := filepath.Abs(repository)
	require.NoError(t, err)
	m := machine{t: t, wine: filepath.Join(root, "scripts", "wine.sh"), exe: filepath.Join(root, "build", "windows", "thetaedge.exe")}
	m.home = filepath.Join(t.TempDir(), "Jörg Müller's node")
	version, err := exec.CommandContext(t.Context(), m.wine, "--ready").CombinedOutput()
	require.NoError(t, err, string(version))
	t.Logf("Wine: %s", bytes.TrimSpace(version))
	return m
}

// named returns a path as Windows names it. Z: is the root of this system.
func named(path string) string { return `Z:` + strings.ReplaceAll(path, "/", `\`) }

// command prepares a run of thetaedge.exe with the node's home.
func (m machine) command(ctx context.Context, args ...string) *exec.Cmd {
	return exec.CommandContext(ctx, m.wine, append([]string{m.exe, args[0], "--home", named(m.home)}, args[1:]...)...)
}

// says runs thetaedge.exe to its end and returns what it printed to its output.
func (m machine) says(args ...string) string {
	m.t.Helper()
	command := m.command(m.t.Context(), args...)
	var said bytes.Buffer
	command.Stderr = &said
	out, err := command.Output()
	require.NoError(m.t, err, "%s\n%s\n%s", strings.Join(args, " "), out, said.String())
	return strings.ReplaceAll(string(out), "\r\n", "\n")
}

// daemon is a thetaedge.exe start that runs.
type daemon struct {
	command *exec.Cmd
	log     string
	ended   chan error
	began   time.Time
}

// start starts the daemon. It is killed at the end of the test.
func (m machine) start() *daemon {
	m.t.Helper()
	d := &daemon{command: m.command(context.Background(), "start"), log: filepath.Join(m.t.TempDir(), "daemon.log"), ended: make(chan error, 1), began: time.Now()}
	log, err := os.Create(d.log)
	require.NoError(m.t, err)
	d.command.Stdout, d.command.Stderr = log, log
	require.NoError(m.t, d.command.Start())
	go func() {
		err := d.command.Wait()
		_ = log.Close()
		d.ended <- err
	}()
	m.t.Cleanup(func() { _ = d.command.Process.Kill() })
	return d
}

// stop sends what Ctrl-C sends, and waits until the daemon has ended by itself.
func (d *daemon) stop(t *testing.T) {
	t.Helper()
	require.NoError(t, d.command.Process.Signal(syscall.SIGINT))
	select {
	case err := <-d.ended:
		require.NoError(t, err, d.text())
	case <-time.After(2 * time.Minute):
		t.Fatalf("the daemon does not stop:\n%s", d.text())
	}
}

func (d *daemon) text() string {
	raw, err := os.ReadFile(d.log)
	if err != nil {
		return err.Error()
	}
	return string(raw)
}

// processes returns the ids of the processes that run thetaedge.exe under Wine.
func (m machine) processes() []string {
	var ids []string
	found, err := filepath.Glob("/proc/[0-9]*/cmdline")
	require.NoError(m.t, err)
	for _, path := range found {
		folder := filepath.Dir(path)
		program, err1 := os.Readlink(filepath.Join(folder, "exe"))
		raw, err2 := os.ReadFile(path)
		if err1 != nil || err2 != nil || !strings.Contains(program, "wine") {
			continue // it has ended, or is another program
		}
		// The process of a worker is named by what it does.
		if line := string(raw); strings.Contains(line, "thetaedge.exe") || strings.Contains(line, "theta-worker") {
			ids = append(ids, filepath.Base(folder))
		}
	}
	return ids
}
