package owner

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// TestTheSleepOfAMachineIsNotIdleness: an owner who opens the lid sits in front of the machine, even if the
// keyboard was last used in the evening.
func TestTheSleepOfAMachineIsNotIdleness(t *testing.T) {
	clock, boot, idle := newClock(), time.Hour, time.Hour
	w, err := NewWatcher(WatcherConfig{
		Policy: policyOf(t, func(s *Settings) { s.Idle = "10m" }), Logger: quiet(), Now: clock.now,
		SinceBoot: func() time.Duration { return boot },
		Sensors: Sensors{Idle: SensorFunc[Activity](func(context.Context) (Activity, error) {
			return Activity{Source: "a test", Idle: idle}, nil
		})},
	})
	require.NoError(t, err)
	look := func(passes time.Duration) Action {
		clock.advance(passes)
		boot, idle = boot+passes, idle+passes
		w.Look(t.Context())
		return w.Decision().Action
	}
	require.Equal(t, Allow, look(time.Second))
	require.Equal(t, Suspend, look(8*time.Hour), "the machine has just been woken")
	require.Contains(t, w.Decision().Reasons[0].Sentence, "0s ago")
	for range 9 * 60 / 10 {
		require.Equal(t, Suspend, look(10*time.Second))
	}
	for range 20 {
		look(10 * time.Second)
	}
	require.Equal(t, Allow, w.Decision().Action, "nobody has used it for ten minutes since")
}
