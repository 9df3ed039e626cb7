package service_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/thetaedge/theta/sidecar/service"
)

// machine is a fake of what systemctl, useradd and the files' owners are on a machine.
type machine struct {
	ran []string
	// fails contains commands that fail.
	fails map[string]error
	// shows is what systemctl shows of the unit.
	shows    string
	accounts map[string]int
	owners   map[string]int
}

func newMachine() *machine {
	return &machine{fails: map[string]error{}, accounts: map[string]int{"root": 0}, owners: map[string]int{}}
}

func (m *machine) run(_ context.Context, program string, arguments ...string) (string, error) {
	command := strings.Join(append([]string{program}, arguments...), " ")
	m.ran = append(m.ran, command)
	if err := m.fails[command]; err != nil {
		return "", err
	}
	switch {
	case program == "useradd":
		m.accounts[arguments[len(arguments)-1]] = 998
	case program == "userdel":
		delete(m.accounts, arguments[0])
	case strings.Contains(command, "show"):
		return m.shows, nil
	}
	return "", nil
}

func (m *machine) user(t *testing.T) service.Systemd {
	return service.Systemd{Name: "attic", Dir: filepath.Join(t.TempDir(), "user"), User: "ann", Run: m.run}
}

func (m *machine) system(t *testing.T) service.Systemd {
	return service.Systemd{Name: "thetaedge", Dir: t.TempDir(), System: true, Run: m.run, Accounts: service.Accounts{
		Lookup: func(name string) (int, int, bool, error) {
			uid, exists := m.accounts[name]
			return uid, uid, exists, nil
		},
		Group: func(name string) bool { return name == "render" },
		Owner: func(path string) (int, int, error) { return m.owners[path], m.owners[path], nil },
		Own:   func(path string, uid, _ int) error { m.owners[path] = uid; return nil },
	}}
}

func do(t *testing.T, plan service.Plan, err error) error {
	t.Helper()
	require.NoError(t, err)
	return plan.Do(t.Context())
}

func TestInstallOfAUserWritesEnablesAndStarts(t *testing.T) {
	m := newMachine()
	s := m.user(t)
	plan, err := s.Install(t.Context(), userUnit())
	require.NoError(t, err)
	require.Empty(t, m.ran, "a plan changes nothing")
	require.NoDirExists(t, s.Dir)
	var shown strings.Builder
	require.NoError(t, plan.Show(&shown))
	require.Contains(t, shown.String(), "write "+filepath.Join(s.Dir, "attic.service"))
	require.Contains(t, shown.String(), "    ExecStart=\"/home/ann/bin/thetaedge\" start --home \"/home/ann/.thetaedge\"\n")
	require.Contains(t, shown.String(), "systemctl --user enable attic.service")

	require.NoError(t, plan.Do(t.Context()))
	require.Equal(t, []string{
		"systemctl --user show --property=Version", "systemctl --user daemon-reload",
		"systemctl --user enable attic.service", "systemctl --user restart attic.service",
	}, m.ran)
	text, err := os.ReadFile(filepath.Join(s.Dir, "attic.service"))
	require.NoError(t, err)
	want, err := service.UnitFile(userUnit())
	require.NoError(t, err)
	require.Equal(t, want, string(text))
	entries, err := os.ReadDir(s.Dir)
	require.NoError(t, err)
	require.Len(t, entries, 1, "no half-written file remains")
}

func TestASecondInstallDoesNotRestartTheService(t *testing.T) {
	m := newMachine()
	s := m.user(t)
	plan, err := s.Install(t.Context(), userUnit())
	require.NoError(t, do(t, plan, err))
	m.ran = nil
	plan, err = s.Install(t.Context(), userUnit())
	require.NoError(t, do(t, plan, err))
	require.NotContains(t, m.ran, "systemctl --user restart attic.service")
	require.Contains(t, m.ran, "systemctl --user start attic.service")
}

func TestAnotherServiceIsNotReplaced(t *testing.T) {
	m := newMachine()
	s := m.user(t)
	plan, err := s.Install(t.Context(), userUnit())
	require.NoError(t, do(t, plan, err))
	other := userUnit()
	other.Home = "/home/ann/second"
	_, err = s.Install(t.Context(), other)
	require.ErrorContains(t, err, "/home/ann/.thetaedge; run thetaedge service uninstall first, or choose another --name")

	path := filepath.Join(s.Dir, "attic.service")
	require.NoError(t, os.WriteFile(path, []byte("[Service]\nExecStart=/bin/true\n"), 0o600))
	_, err = s.Install(t.Context(), userUnit())
	require.ErrorContains(t, err, "found a file that something else wrote")
	_, err = s.Uninstall(t.Context())
	require.ErrorContains(t, err, "found a file that something else wrote")
	require.FileExists(t, path)
}

func TestAHalfDoneInstallIsUndone(t *testing.T) {
	broken := errors.New("broken")
	for _, failing := range []string{"show --property=Version", "daemon-reload", "enable attic.service", "restart attic.service"} {
		m := newMachine()
		m.fails["systemctl --user "+failing] = broken
		s := m.user(t)
		plan, err := s.Install(t.Context(), userUnit())
		err = do(t, plan, err)
		require.ErrorIs(t, err, broken)
		require.ErrorContains(t, err, "journalctl --user -u attic")
		require.NoFileExists(t, filepath.Join(s.Dir, "attic.service"), failing)
		if failing == "restart attic.service" {
			require.Equal(t, []string{
				"systemctl --user stop attic.service", "systemctl --user disable attic.service", "systemctl --user daemon-reload",
			}, m.ran[len(m.ran)-3:])
		}
	}
}

func TestAFailedUpdateRestoresTheServiceThatRan(t *testing.T) {
	m := newMachine()
	s := m.user(t)
	plan, err := s.Install(t.Context(), userUnit())
	require.NoError(t, do(t, plan, err))
	path := filepath.Join(s.Dir, "attic.service")
	before, err := os.ReadFile(path)
	require.NoError(t, err)

	m.shows = "UnitFileState=enabled\nActiveState=active\nSubState=running\nResult=success\n"
	changed := userUnit()
	changed.Drain *= 2
	plan, err = s.Install(t.Context(), changed)
	require.NoError(t, err)
	restart := "systemctl --user restart attic.service"
	plan[len(plan)-1].Do = func(context.Context) error { return errors.New("broken") }
	m.ran = nil
	require.ErrorContains(t, plan.Do(t.Context()), "broken")
	after, err := os.ReadFile(path)
	require.NoError(t, err)
	require.Equal(t, string(before), string(after))
	require.Equal(t, restart, m.ran[len(m.ran)-1], "the former service runs again")
	require.NotContains(t, m.ran, "systemctl --user disable attic.service")
}

// systemHome is a home that root has made, at a place that the service sees.
func (m *machine) home() string {
	home := "/var/lib/thetaedge"
	m.owners[home] = 0
	return home
}

func TestInstallOfTheSystemMakesAnAccountThatOwnsTheHome(t *testing.T) {
	m := newMachine()
	s := m.system(t)
	u := systemUnit()
	u.Home = m.home()
	plan, err := s.Install(t.Context(), u)
	require.NoError(t, err)
	var shown strings.Builder
	require.NoError(t, plan.Show(&shown))
	require.Contains(t, shown.String(), "useradd --system --user-group --home-dir /var/lib/thetaedge --no-create-home --shell /usr/sbin/nologin thetaedge\nchown -R thetaedge: /var/lib/thetaedge\n")
	require.Contains(t, shown.String(), "    SupplementaryGroups=render\n", "only groups that exist")
}

func TestAnUndoneInstallOfTheSystemGivesTheHomeBack(t *testing.T) {
	m := newMachine()
	s := m.system(t)
	home := t.TempDir()
	key := filepath.Join(home, "key")
	require.NoError(t, os.WriteFile(key, nil, 0o600))
	u := systemUnit()
	u.Home = home
	plan, err := s.Accounts.Prepare(u, m.run)
	require.NoError(t, err)
	owned := map[string]int{}
	plan = append(plan, service.Step{Says: "fail", Do: func(context.Context) error {
		for path, uid := range m.owners {
			owned[path] = uid
		}
		return errors.New("broken")
	}})
	require.ErrorContains(t, plan.Do(t.Context()), "fail: broken")
	require.Equal(t, map[string]int{home: 998, key: 998}, owned)
	require.Equal(t, map[string]int{home: 0, key: 0}, m.owners)
	require.NotContains(t, m.accounts, "thetaedge")
}

func TestAHomeOrProgramThatTheServiceCannotUseIsRefused(t *testing.T) {
	m := newMachine()
	s := m.system(t)
	u := systemUnit()
	u.Exe = "/home/ann/thetaedge"
	_, err := s.Install(t.Context(), u)
	require.ErrorContains(t, err, "sudo install -m 0755 /home/ann/thetaedge /usr/local/bin/thetaedge")
	u = systemUnit()
	u.Home = "/root/.thetaedge"
	_, err = s.Install(t.Context(), u)
	require.ErrorContains(t, err, "expected a home outside of /root")
	m.owners["/var/lib/thetaedge"] = 1000
	_, err = s.Install(t.Context(), systemUnit())
	require.ErrorContains(t, err, "of another account (1000)")
	m.accounts["toor"] = 0
	u = systemUnit()
	u.Account = "toor"
	_, err = s.Install(t.Context(), u)
	require.ErrorContains(t, err, "with the rights of root")
}

func TestUninstallRemovesOnlyTheUnit(t *testing.T) {
	m := newMachine()
	s := m.user(t)
	plan, err := s.Uninstall(t.Context())
	require.NoError(t, err)
	require.Empty(t, plan, "nothing is installed")
	plan, err = s.Install(t.Context(), userUnit())
	require.NoError(t, do(t, plan, err))
	dropIn := filepath.Join(s.Dir, "attic.service.d", "override.conf")
	require.NoError(t, os.MkdirAll(filepath.Dir(dropIn), 0o700))
	require.NoError(t, os.WriteFile(dropIn, nil, 0o600))
	m.ran = nil
	m.fails["systemctl --user reset-failed attic.service"] = errors.New("not loaded")
	plan, err = s.Uninstall(t.Context())
	require.NoError(t, do(t, plan, err))
	require.NoFileExists(t, filepath.Join(s.Dir, "attic.service"))
	require.FileExists(t, dropIn)
	require.Equal(t, "systemctl --user disable --now attic.service", m.ran[0])
}

func TestAServiceThatDoesNotStopKeepsItsUnit(t *testing.T) {
	m := newMachine()
	s := m.user(t)
	plan, err := s.Install(t.Context(), userUnit())
	require.NoError(t, do(t, plan, err))
	m.fails["systemctl --user disable --now attic.service"] = errors.New("broken")
	plan, err = s.Uninstall(t.Context())
	require.ErrorContains(t, do(t, plan, err), "broken")
	require.FileExists(t, filepath.Join(s.Dir, "attic.service"))
}

func TestTheStateOfAUnitHasItsCure(t *testing.T) {
	m := newMachine()
	s := m.user(t)
	state, err := s.State(t.Context())
	require.NoError(t, err)
	report(t, state, nil, false, "not installed; run thetaedge service install")
	plan, err := s.Install(t.Context(), userUnit())
	require.NoError(t, do(t, plan, err))
	sick := errors.New("no block since 10:00")
	for _, c := range []struct {
		shows  string
		health error
		line   string
	}{
		{"UnitFileState=enabled\nActiveState=active\nSubState=running\nResult=success\n", nil, "installed, enabled, running, healthy"},
		{"UnitFileState=disabled\nActiveState=active\nSubState=running\nResult=success\n", nil, "does not start with the machine: run systemctl --user enable attic.service"},
		{"UnitFileState=enabled\nActiveState=active\nSubState=running\nResult=success\n", sick, "running, not healthy: no block since 10:00; see journalctl --user -u attic"},
		{"UnitFileState=enabled\nActiveState=activating\nSubState=auto-restart\nResult=exit-code\n", nil, "it failed and is started again (exit-code)"},
		{"UnitFileState=enabled\nActiveState=failed\nSubState=failed\nResult=start-limit-hit\n", nil, "then run systemctl --user reset-failed attic.service and systemctl --user restart attic.service"},
		{"UnitFileState=enabled\nActiveState=inactive\nSubState=dead\nResult=success\n", nil, "not running (inactive); see journalctl"},
		{"UnitFileState=disabled\nActiveState=inactive\nSubState=dead\nResult=success\n", nil, "not enabled, not running (inactive); run systemctl --user enable"},
	} {
		m.shows = c.shows
		state, err := s.State(t.Context())
		require.NoError(t, err)
		require.Equal(t, "/home/ann/.thetaedge", state.Home)
		report(t, state, c.health, c.line == "installed, enabled, running, healthy", c.line)
	}
}

func report(t *testing.T, state service.State, health error, well bool, part string) {
	t.Helper()
	line, is := state.Report(func() error { return health })
	require.Equal(t, well, is, line)
	require.Contains(t, line, part)
	require.NotContains(t, line, "\n")
}

func TestAServiceOfAUserComesWithAdviceAboutLinger(t *testing.T) {
	m := newMachine()
	m.shows = "Linger=no\n"
	require.Contains(t, m.user(t).Advice(t.Context()), "sudo loginctl enable-linger ann")
	m.shows = "Linger=yes\n"
	require.NotContains(t, m.user(t).Advice(t.Context()), "enable-linger")
}
