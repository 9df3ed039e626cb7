package service_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/windows"

	"github.com/thetaedge/theta/sidecar/service"
)

// TestMain is a daemon if the manager of services or the Task Scheduler starts this program as one.
func TestMain(m *testing.M) {
	scheduled := slices.Contains(os.Args, "--"+service.TaskFlag)
	if len(os.Args) < 4 || os.Args[1] != "start" {
		os.Exit(m.Run())
	}
	err := service.Attend("", os.Args[3], scheduled, os.Stderr, func(log io.Writer, stops <-chan os.Signal) error {
		if stops == nil {
			return errors.New("expected a service, found a process without orders to stop")
		}
		fmt.Fprintln(log, "the daemon works")
		<-stops
		fmt.Fprintln(log, "the daemon was told to stop")
		return nil
	})
	if err != nil {
		os.Exit(1)
	}
	os.Exit(0)
}

// servicesOf returns a manager that records what programs it would run, and a unit whose program is this
// one. The paths contain spaces and umlauts.
func servicesOf(t *testing.T) (service.Windows, service.Unit, *[]string) {
	t.Helper()
	ran := new([]string)
	w := service.Windows{
		Name: fmt.Sprintf("thetaedge-test-%d", os.Getpid()),
		Run: func(_ context.Context, program string, arguments ...string) (string, error) {
			*ran = append(*ran, program+" "+strings.Join(arguments, " "))
			return "", nil
		},
	}
	exe, err := os.Executable()
	require.NoError(t, err)
	home := filepath.Join(t.TempDir(), "Jörg Müller's node")
	require.NoError(t, os.Mkdir(home, 0o700))
	if _, err := w.State(t.Context()); err != nil {
		t.Skip("expected a manager of services:", err)
	}
	return w, service.Unit{Name: w.Name, Exe: exe, Home: home, Drain: time.Second}, ran
}

func TestAServiceOfWindowsIsInstalledStartedStoppedAndRemoved(t *testing.T) {
	w, unit, ran := servicesOf(t)
	plan, err := w.Install(t.Context(), unit)
	require.NoError(t, err)
	if err := plan.Do(t.Context()); errors.Is(err, windows.ERROR_ACCESS_DENIED) {
		t.Skip("only administrators install services:", err)
	} else {
		require.NoError(t, err)
	}
	t.Cleanup(func() {
		if plan, err := w.Uninstall(context.Background()); err == nil {
			_ = plan.Do(context.Background())
		}
	})
	account := `NT SERVICE\` + w.Name
	require.Equal(t, []string{
		"icacls " + unit.Home + " /grant " + account + ":(OI)(CI)F",
		"icacls " + unit.Exe + " /grant " + account + ":RX",
	}, *ran, "the account can use the home and execute the program")

	await(t, func() bool {
		state, err := w.State(t.Context())
		return err == nil && state.Installed && state.Ours && state.Enabled && state.Running && state.Home == unit.Home && state.Exe == unit.Exe
	})
	await(t, func() bool { return strings.Contains(logOf(unit.Home), "the daemon works") })

	again, err := w.Install(t.Context(), unit)
	require.NoError(t, err)
	require.NoError(t, again.Do(t.Context()), "a service that runs goes on")
	other := unit
	other.Home = t.TempDir()
	_, err = w.Install(t.Context(), other)
	require.ErrorContains(t, err, "found one of the program")

	*ran = nil
	plan, err = w.Uninstall(t.Context())
	require.NoError(t, err)
	require.NoError(t, plan.Do(t.Context()))
	require.Equal(t, []string{"icacls " + unit.Home + " /remove " + account, "icacls " + unit.Exe + " /remove " + account}, *ran)
	require.Contains(t, logOf(unit.Home), "the daemon was told to stop")
	await(t, func() bool {
		state, err := w.State(t.Context())
		return err == nil && !state.Installed
	})
	plan, err = w.Uninstall(t.Context())
	require.NoError(t, err)
	require.Empty(t, plan, "nothing is left to remove")
}

func TestAServiceWhoseHomeIsGoneIsRemoved(t *testing.T) {
	w, unit, ran := servicesOf(t)
	plan, err := w.Install(t.Context(), unit)
	require.NoError(t, err)
	if err := plan[0].Do(t.Context()); errors.Is(err, windows.ERROR_ACCESS_DENIED) {
		t.Skip("only administrators install services:", err)
	} else {
		require.NoError(t, err)
	}
	require.NoError(t, os.RemoveAll(unit.Home))
	plan, err = w.Uninstall(t.Context())
	require.NoError(t, err)
	require.NoError(t, plan.Do(t.Context()))
	require.NotContains(t, strings.Join(*ran, "\n"), unit.Home)
}

func TestATaskIsMadeFromItsFileAndRemoved(t *testing.T) {
	_, unit, _ := servicesOf(t)
	supervisor, err := service.Open(unit.Name, false)
	require.NoError(t, err)
	task, is := supervisor.(service.Task)
	require.True(t, is)
	require.Regexp(t, `^S-1-5-`, task.User)
	plan, err := task.Install(t.Context(), unit)
	require.NoError(t, err)
	require.NoError(t, plan[:2].Do(t.Context()))
	_, err = service.Execute(t.Context(), "schtasks", "/Delete", "/TN", unit.Name, "/F")
	require.NoError(t, err, "it was there")
	_, err = service.Execute(t.Context(), "schtasks", "/Delete", "/TN", unit.Name, "/F")
	require.Error(t, err, "and no longer is")
}

// TestADaemonOfATaskStopsWhenItIsTold: the Task Scheduler would kill it.
func TestADaemonOfATaskStopsWhenItIsTold(t *testing.T) {
	_, unit, _ := servicesOf(t)
	told, err := service.TellToStop(unit.Home)
	require.NoError(t, err)
	require.False(t, told, "no daemon listens")
	daemon := exec.CommandContext(t.Context(), unit.Exe, "start", "--home", unit.Home, "--"+service.TaskFlag)
	require.NoError(t, daemon.Start())
	await(t, func() bool { return strings.Contains(logOf(unit.Home), "the daemon works") })
	told, err = service.TellToStop(unit.Home)
	require.NoError(t, err)
	require.True(t, told)
	require.NoError(t, daemon.Wait())
	require.Contains(t, logOf(unit.Home), "the daemon was told to stop")
}

// logOf returns the log of a service, or an empty text.
func logOf(home string) string {
	raw, _ := os.ReadFile(filepath.Join(home, "service.log")) // missing before the start
	return string(raw)
}

// await waits until a condition holds.
func await(t *testing.T, holds func() bool) {
	t.Helper()
	require.Eventually(t, holds, time.Minute, 50*time.Millisecond)
}
