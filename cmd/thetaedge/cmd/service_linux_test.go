package cmd

import (
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/thetaedge/theta/sidecar/config"
	"github.com/thetaedge/theta/sidecar/service"
)

// serviceHomeOf writes a home whose settings work, and gives the user an empty folder of units.
func serviceHomeOf(t *testing.T, change func(*config.Config)) string {
	t.Helper()
	home := t.TempDir()
	t.Setenv("XDG_CONFIG_HOME", t.TempDir())
	settings := config.Default()
	if change != nil {
		change(&settings)
	}
	require.NoError(t, config.Write(home, settings))
	return home
}

func TestADryRunOfAServiceOnlyPrints(t *testing.T) {
	home := serviceHomeOf(t, nil)
	out, err := run(t, "service", "install", "--dry-run", "--system=false", "--home", home)
	require.NoError(t, err)
	require.Contains(t, out, " start --home \""+home+"\"\n")
	require.Contains(t, out, "    TimeoutStopSec=60\n")
	require.Contains(t, out, "systemctl --user enable thetaedge.service\n")
	entries, err := os.ReadDir(os.Getenv("XDG_CONFIG_HOME"))
	require.NoError(t, err)
	require.Empty(t, entries)

	_, err = run(t, "service", "status", "--system=false", "--home", home)
	require.EqualError(t, err, "not installed; run thetaedge service install")
	out, err = run(t, "service", "uninstall", "--system=false", "--home", home)
	require.NoError(t, err)
	require.Equal(t, "not installed; nothing was removed\n", out)
}

func TestAServiceOfAHomeThatCannotWorkIsNotInstalled(t *testing.T) {
	home := serviceHomeOf(t, nil)
	_, err := run(t, "service", "install", "--system=false", "--home", filepath.Join(home, "other"))
	require.ErrorContains(t, err, "found none; run thetaedge init --home")
	path := filepath.Join(home, config.FileName)
	text, err := os.ReadFile(path)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(path, append(text, "\n[unknown]\nkey = 1\n"...), 0o600))
	_, err = run(t, "service", "install", "--system=false", "--home", home)
	require.ErrorContains(t, err, "unknown")
}

func TestAServiceDoesNotStartNextToADaemonOfItsHome(t *testing.T) {
	home := serviceHomeOf(t, nil)
	require.NoError(t, daemon{PID: os.Getpid(), HTTP: "127.0.0.1:1"}.write(home))
	_, err := run(t, "service", "install", "--system=false", "--home", home)
	require.ErrorContains(t, err, "stop it with Ctrl-C")
	entries, err := os.ReadDir(os.Getenv("XDG_CONFIG_HOME"))
	require.NoError(t, err)
	require.Empty(t, entries)
}

func TestTheHealthOfAServiceIsThatOfItsDaemon(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusOK) }))
	defer server.Close()
	address := strings.TrimPrefix(server.URL, "http://")
	home := serviceHomeOf(t, func(c *config.Config) { c.API.HTTP = address })
	state := service.State{Installed: true, Enabled: true, Running: true, Logs: "the log"}
	var out strings.Builder
	require.NoError(t, reportService(t.Context(), state, home, &out), "the address of the settings")
	require.Equal(t, "installed, enabled, running, healthy\n", out.String())
	require.NoError(t, daemon{PID: os.Getpid(), Waiting: "no answer"}.write(home))
	require.ErrorContains(t, reportService(t.Context(), state, home, &out), "it waits for the chain: no answer; see the log")
}

func TestSettingsOfTheShellThatAServiceDoesNotSeeAreNamed(t *testing.T) {
	require.Equal(t, []string{"THETAEDGE_CHAIN_GRPC"}, settingsOf([]string{"THETAEDGE_HOME=/x", "THETAEDGE_CHAIN_GRPC=a=b", "HOME=/y"}))
}
