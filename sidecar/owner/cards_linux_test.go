package owner

import (
	"errors"
	"os"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/thetaedge/theta/sidecar/device"
)

// TestRulesAboutCardsReadThemThroughTheWatch says which processes are ours, and repeats why a card is
// not seen.
func TestRulesAboutCardsReadThemThroughTheWatch(t *testing.T) {
	calls := 0
	cards := fakeCards{
		use: func(own map[int]bool) (float64, error) {
			require.True(t, own[os.Getpid()])
			require.False(t, own[os.Getppid()])
			if calls++; calls == 1 {
				return 0, device.ErrTooEarly
			}
			return 60, nil
		},
		read: func() (float64, error) { return 0, errors.New("the card is ill") },
	}
	s := Open(OpenConfig{Home: t.TempDir(), Getenv: os.Getenv, Watts: device.NewLedger(time.Now).Watts, Cards: cards})
	got, err := s.GPU.Read(t.Context())
	require.NoError(t, err)
	require.InDelta(t, 60, got, 0.01)
	require.Equal(t, 2, calls, "the first reading waits for the second")
	_, err = s.GPUTemperature.Read(t.Context())
	require.ErrorContains(t, err, "the card is ill")
	cards.read = func() (float64, error) { return 100, nil }
	s = Open(OpenConfig{Home: t.TempDir(), Getenv: os.Getenv, Watts: device.NewLedger(time.Now).Watts, Cards: cards})
	got, err = s.Fan.Read(t.Context())
	require.NoError(t, err)
	require.InDelta(t, 100, got, 0.01, "the fans of cards count beside those of the machine")
}
