package service_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/thetaedge/theta/sidecar/service"
)

// systemUnit is the service that contrib shows.
func systemUnit() service.Unit {
	return service.Unit{
		Name: "thetaedge", Exe: "/usr/local/bin/thetaedge", Home: "/var/lib/thetaedge",
		System: true, Account: "thetaedge", Drain: 30 * time.Second,
	}
}

func withCards() service.Unit {
	u := systemUnit()
	u.Groups = []string{"render", "video"}
	return u
}

func userUnit() service.Unit {
	return service.Unit{Name: "attic", Exe: "/home/ann/bin/thetaedge", Home: "/home/ann/.thetaedge", Drain: 90 * time.Second}
}

// awkward is a unit whose paths contain everything that the formats treat specially.
func awkward() service.Unit {
	u := userUnit()
	u.Exe, u.Home = `/opt/a "b" 100%/thetaedge`, `/srv/my node\$HOME & <x> -- 'y' %h`
	return u
}

func golden(t *testing.T, path, text string) {
	t.Helper()
	if os.Getenv("THETA_GOLDEN") == "write" {
		require.NoError(t, os.WriteFile(path, []byte(text), 0o644))
	}
	want, err := os.ReadFile(path)
	require.NoError(t, err)
	require.Equal(t, string(want), text, "%s: run the test with THETA_GOLDEN=write if the change is meant", path)
}

func TestAUnitIsWrittenAsInItsGoldenFile(t *testing.T) {
	for path, u := range map[string]service.Unit{
		// The file that the pages name is the one that install writes.
		"../../contrib/systemd/thetaedge.service": systemUnit(),
		"testdata/cards.service":                  withCards(),
		"testdata/user.service":                   userUnit(),
		"testdata/awkward.service":                awkward(),
	} {
		text, err := service.UnitFile(u)
		require.NoError(t, err)
		golden(t, path, text)
	}
}

func TestAPropertyListIsWrittenAsInItsGoldenFile(t *testing.T) {
	for path, u := range map[string]service.Unit{
		"testdata/daemon.plist": systemUnit(), "testdata/agent.plist": userUnit(), "testdata/awkward.plist": awkward(),
	} {
		text, err := service.Plist(u)
		require.NoError(t, err)
		golden(t, path, text)
	}
}

func TestAnInstalledFileNamesItsHomeAndProgram(t *testing.T) {
	for _, u := range []service.Unit{systemUnit(), userUnit(), awkward()} {
		unit, err := service.UnitFile(u)
		require.NoError(t, err)
		list, err := service.Plist(u)
		require.NoError(t, err)
		for _, text := range []string{unit, list} {
			home, exe, ours := service.ReadMark(text)
			require.True(t, ours)
			require.Equal(t, []string{u.Home, u.Exe}, []string{home, exe})
		}
	}
	_, _, ours := service.ReadMark("[Service]\nExecStart=/usr/local/bin/thetaedge start\n")
	require.False(t, ours)
}

func TestAUnitThatCannotBeWrittenIsRefused(t *testing.T) {
	for wrong, change := range map[string]func(*service.Unit){
		"name of a service":          func(u *service.Unit) { u.Name = "../x" },
		"absolute path of the home":  func(u *service.Unit) { u.Home = "node" },
		"absolute path of the prog":  func(u *service.Unit) { u.Exe = "thetaedge" },
		"control characters":         func(u *service.Unit) { u.Home = "/a\nExecStartPre=/bin/sh" },
		"dollar sign":                func(u *service.Unit) { u.Exe = "/opt/$x/thetaedge" },
		"work.drain-timeout":         func(u *service.Unit) { u.Drain = 25 * time.Hour },
		"account without rights":     func(u *service.Unit) { u.Account = "root" },
		"name of an account or grou": func(u *service.Unit) { u.Groups = []string{"a\nb"} },
	} {
		u := systemUnit()
		change(&u)
		_, err := service.UnitFile(u)
		require.ErrorContains(t, err, wrong)
		_, err = service.Plist(u)
		require.ErrorContains(t, err, wrong)
	}
}

func TestTheDaemonHasItsDrainTimeoutAndMoreToStop(t *testing.T) {
	u := userUnit()
	u.Drain = 1500 * time.Millisecond
	text, err := service.UnitFile(u)
	require.NoError(t, err)
	require.Contains(t, text, "\nTimeoutStopSec=32\n")
}

// The unit must not take away the means of the workers' own layers: sidecar/worker starts them
// with clone3 in namespaces and control groups of their own, and a driver opens nodes of cards.
func TestAUnitLeavesTheWorkersWhatTheyNeed(t *testing.T) {
	for _, u := range []service.Unit{systemUnit(), userUnit()} {
		text, err := service.UnitFile(u)
		require.NoError(t, err)
		for _, setting := range []string{"RestrictNamespaces", "ProtectControlGroups", "MemoryDenyWriteExecute", "SystemCallFilter", "PrivateDevices", "ProtectClock", "ProtectProc", "DevicePolicy", "PrivateUsers"} {
			require.NotContains(t, text, "\n"+setting+"=")
		}
		require.Contains(t, text, "\nDelegate=cpu memory pids\n")
	}
}

// A manager of a user has no privileges, so that a line that needs some keeps the service from starting.
func TestAUnitOfAUserAsksForNothingThatNeedsPrivileges(t *testing.T) {
	text, err := service.UnitFile(userUnit())
	require.NoError(t, err)
	for _, setting := range []string{"User", "CapabilityBoundingSet", "ProtectSystem", "ProtectHome", "ProtectHostname", "ProtectKernelTunables", "PrivateTmp", "ReadWritePaths"} {
		require.NotContains(t, text, "\n"+setting+"=")
	}
}

func TestSystemdAcceptsTheUnits(t *testing.T) {
	analyze, err := exec.LookPath("systemd-analyze")
	if err != nil {
		t.Skip("systemd-analyze is not installed (Debian: package systemd)")
	}
	exe, err := os.Executable()
	require.NoError(t, err)
	for _, system := range []bool{true, false} {
		u := userUnit()
		arguments := []string{"verify", "--man=no"}
		if system {
			u = withCards()
		} else {
			arguments = append([]string{"--user"}, arguments...)
		}
		u.Exe, u.Home = exe, filepath.Join(t.TempDir(), "a home 100% \"quoted\"")
		require.NoError(t, os.Mkdir(u.Home, 0o700))
		text, err := service.UnitFile(u)
		require.NoError(t, err)
		path := filepath.Join(t.TempDir(), "thetaedge.service")
		require.NoError(t, os.WriteFile(path, []byte(text), 0o644))
		command := exec.CommandContext(t.Context(), analyze, append(arguments, path)...)
		command.Env = append(os.Environ(), "XDG_RUNTIME_DIR="+t.TempDir(), "HOME="+t.TempDir())
		out, err := command.CombinedOutput()
		if err != nil && strings.Contains(string(out), "Failed to initialize manager") {
			t.Skipf("systemd-analyze cannot work here: %s", out)
		}
		require.NoError(t, err, "%s", out)
		for line := range strings.Lines(string(out)) {
			// The version of Debian 12 is older than this setting, and ignores it.
			if strings.Contains(line, path) {
				require.Contains(t, line, "DelegateSubgroup", "%s", out)
			}
		}
	}
}
