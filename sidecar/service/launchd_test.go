package service_test

import (
	"context"
	"errors"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/thetaedge/theta/sidecar/service"
)

// launchctl is a fake of launchd that knows one service.
type launchctl struct {
	ran    []string
	loaded bool
	fails  string
}

func (l *launchctl) run(_ context.Context, _ string, arguments ...string) (string, error) {
	l.ran = append(l.ran, strings.Join(arguments, " "))
	if arguments[0] == l.fails {
		return "", errors.New("broken")
	}
	switch arguments[0] {
	case "bootstrap":
		l.loaded = true
	case "bootout":
		l.loaded = false
	case "print":
		if !l.loaded {
			return "", errors.New("could not find service")
		}
		return "gui/501/attic = {\n\tactive count = 1\n\tstate = running\n}\n", nil
	}
	return "", nil
}

func TestAnAgentIsInstalledUpdatedAndRemoved(t *testing.T) {
	l := &launchctl{}
	s := service.Launchd{Name: "attic", Dir: t.TempDir(), UID: 501, Run: l.run}
	path := filepath.Join(s.Dir, "attic.plist")
	plan, err := s.Install(t.Context(), userUnit())
	require.NoError(t, do(t, plan, err))
	require.Equal(t, []string{"enable gui/501/attic", "bootstrap gui/501 " + path}, l.ran)
	state, err := s.State(t.Context())
	require.NoError(t, err)
	report(t, state, nil, true, "installed, enabled, running, healthy")
	require.Equal(t, "/home/ann/.thetaedge", state.Home)

	l.ran = nil
	plan, err = s.Install(t.Context(), userUnit())
	require.NoError(t, do(t, plan, err))
	require.NotContains(t, l.ran, "bootout gui/501/attic", "the same service goes on")

	changed := userUnit()
	changed.Drain *= 2
	plan, err = s.Install(t.Context(), changed)
	require.NoError(t, do(t, plan, err))
	require.Contains(t, l.ran, "bootout gui/501/attic")
	require.True(t, l.loaded)

	plan, err = s.Uninstall(t.Context())
	require.NoError(t, do(t, plan, err))
	require.NoFileExists(t, path)
	require.False(t, l.loaded)
}

func TestAHalfDoneAgentIsUndone(t *testing.T) {
	l := &launchctl{fails: "bootstrap"}
	s := service.Launchd{Name: "attic", Dir: t.TempDir(), UID: 501, Run: l.run}
	plan, err := s.Install(t.Context(), userUnit())
	require.ErrorContains(t, do(t, plan, err), "broken; see the file service.log")
	require.NoFileExists(t, filepath.Join(s.Dir, "attic.plist"))
}
