package owner

import (
	"context"
	"log/slog"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestAServiceOfWindowsIsBlindForWhatTheOwnerDoes: a rule that sees nothing is reported, and one that is strict holds
// the machine back. A service that saw "no window" would work while its owner plays.
func TestAServiceOfWindowsIsBlindForWhatTheOwnerDoes(t *testing.T) {
	require.NoError(t, sessionSees(1, "the owner's windows"))
	service := SensorFunc[string](func(context.Context) (string, error) { return "", sessionSees(0, "the owner's windows") })
	for strict, action := range map[bool]Action{false: Allow, true: Suspend} {
		policy, err := Parse(Settings{FullScreen: true, Suspend: DefaultSuspend(), Strict: strict})
		require.NoError(t, err)
		watcher, err := NewWatcher(WatcherConfig{Policy: policy, Sensors: Sensors{FullScreen: service}, Logger: slog.New(slog.DiscardHandler)})
		require.NoError(t, err)
		watcher.Look(t.Context())
		d := watcher.Decision()
		require.Equal(t, action, d.Action)
		require.Len(t, d.Blind, 1)
		require.Equal(t, FullScreen, d.Blind[0].Rule)
		require.Contains(t, d.Blind[0].Why, "runs as a service, which does not see the owner's windows")
	}
}
