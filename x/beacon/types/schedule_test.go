package types_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/thetaedge/theta/x/beacon/types"
)

func TestAHeightWaitsForTheFirstRoundAPeriodAfterTheNextHeader(t *testing.T) {
	s := types.Schedule{PeriodSeconds: 3, GenesisTime: 1_000}
	tests := []struct {
		name string
		next time.Time // header time of the following block
		want uint64
	}{
		{"long before round 1", time.Unix(10, 0), 1},
		{"a period before round 1", time.Unix(997, 0), 1},
		{"a nanosecond less than a period before round 1", time.Unix(997, 1), 2},
		{"at round 1", time.Unix(1_000, 0), 2},
		{"a nanosecond after round 1", time.Unix(1_000, 1), 3},
		{"between rounds 1 and 2", time.Unix(1_001, 0), 3},
		{"just before round 2", time.Unix(1_002, 999_999_999), 3},
		{"at round 2", time.Unix(1_003, 0), 3},
		{"after a halt of a day", time.Unix(1_003+86_400, 0), 3 + 28_800},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			require.Equal(t, tt.want, s.PinAt(tt.next))
		})
	}
}

func TestAPinIsTheLeastRoundThatIsFarEnough(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := types.Schedule{
			PeriodSeconds: rapid.Uint64Range(1, 86_400).Draw(t, "period"),
			GenesisTime:   rapid.Int64Range(0, 1<<33).Draw(t, "genesis"),
		}
		now := time.Unix(rapid.Int64Range(0, 1<<34).Draw(t, "s"), rapid.Int64Range(0, 999_999_999).Draw(t, "ns"))
		least := now.Add(time.Duration(s.PeriodSeconds) * time.Second)
		round := s.PinAt(now)
		require.False(t, time.Unix(s.TimeOf(round), 0).Before(least))
		if round > 1 {
			require.True(t, time.Unix(s.TimeOf(round-1), 0).Before(least))
		}
		require.Greater(t, round, s.DueAt(now), "a pinned round has not been published yet")
	})
}

func TestARoundIsDueFromItsTimeOn(t *testing.T) {
	s := types.Schedule{PeriodSeconds: 3, GenesisTime: 1_000}
	require.Equal(t, uint64(0), s.DueAt(time.Unix(999, 999_999_999)))
	require.Equal(t, uint64(1), s.DueAt(time.Unix(1_000, 0)))
	require.Equal(t, uint64(1), s.DueAt(time.Unix(1_002, 999_999_999)))
	require.Equal(t, uint64(2), s.DueAt(time.Unix(1_003, 0)))
	require.Equal(t, uint64(2), s.AcceptableAt(time.Unix(1_000, 0)))
	require.Equal(t, int64(1_003), s.TimeOf(2))
}

func TestQuicknetCountsAsPublished(t *testing.T) {
	s := types.DefaultParams().Schedule(1, 0)
	require.Equal(t, int64(1692806364), s.TimeOf(1000))
	require.Equal(t, int64(1790000019), s.TimeOf(32398885))
}
