package bench

import (
	"context"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/thetaedge/theta/executor"
	"github.com/thetaedge/theta/executor/profiles"
	"github.com/thetaedge/theta/executor/tensors"
	"github.com/thetaedge/theta/tensor"
	"github.com/thetaedge/theta/tensor/tensortest"
)

// open returns an executor of a profile in this process.
func open(t *testing.T, profile string, places int) executor.Executor {
	t.Helper()
	e, err := profiles.Open(profile, profiles.Config{Slots: places, Cores: 1})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, e.Close()) })
	return e
}

func TestEveryProgramOfAProfileIsMeasuredAndTheSlowestBoundsThePromise(t *testing.T) {
	for _, profile := range profiles.Names() {
		speeds, err := Measure(t.Context(), Config{Executor: open(t, profile, 2), Places: 2, Dir: t.TempDir()})
		require.NoError(t, err)
		loads, err := loadsOf(profile)
		require.NoError(t, err)
		require.Len(t, speeds.Speeds, len(loads))
		require.Equal(t, profile, speeds.Profile)
		require.NotEmpty(t, speeds.Engine)
		for i, speed := range speeds.Speeds {
			require.Positive(t, speed.FuelPerSecond, speed.Name)
			require.True(t, speed.Apart || speed.FuelPerSecond >= speeds.Slowest(), speed.Name)
			require.True(t, i == 0 || speeds.Speeds[i-1].FuelPerSecond <= speed.FuelPerSecond, "the slowest one first")
			t.Logf("%s %s %s: %d Mfuel/s", profile, speed.Name, speed.Shape, speed.FuelPerSecond/1e6)
		}
		at := slices.IndexFunc(speeds.Speeds, func(s Speed) bool { return !s.Apart })
		require.InDelta(t, 1, speeds.Speeds[at].Times, 0, "the slowest one that counts")
		require.LessOrEqual(t, speeds.FuelPerBlock(time.Second), speeds.Slowest()*3/4)
		require.Greater(t, speeds.FuelPerBlock(time.Second), speeds.Slowest()*6/10)
	}
}

func TestAPromiseHasTwoDigits(t *testing.T) {
	of := func(fuel uint64) *Speeds {
		return &Speeds{Speeds: []Speed{{FuelPerSecond: 1, Apart: true}, {FuelPerSecond: fuel}, {FuelPerSecond: 1 << 40}}}
	}
	require.EqualValues(t, 1_300_000_000, of(1_234_567_890).FuelPerBlock(1500*time.Millisecond))
	require.EqualValues(t, 75, of(100).FuelPerBlock(time.Second))
	require.Zero(t, of(1).FuelPerBlock(time.Millisecond))
}

// The fuel of further turns is that of the operations, so that nothing else is measured.
func TestAReplayBurnsTheFuelOfItsOperations(t *testing.T) {
	e := open(t, tensors.Profile, 1)
	for _, making := range tensortest.Loads() {
		dir := t.TempDir()
		ready, err := prepareTensors(dir, making)
		require.NoError(t, err, making.Name)
		m := meter{Config: Config{Executor: e, Places: 1, Dir: filepath.Join(dir, "runs")}}
		one, err := m.run(t.Context(), ready, 1)
		require.NoError(t, err, "%s, %s", making.Name, making.Shape)
		three, err := m.run(t.Context(), ready, 3)
		require.NoError(t, err)
		work := making.Make()
		want := 2 * work.Fuel()
		if work.Reads {
			want += 2 * tensor.FuelForBytes(4)
		}
		require.InDelta(t, want, three.fuel-one.fuel, 200, "%s, %s: and that of some instructions", making.Name, making.Shape)
	}
}

func TestAMeasurementThatIsGivenUpEndsItsPrograms(t *testing.T) {
	e := open(t, tensors.Profile, 1)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := Measure(ctx, Config{Executor: e, Places: 1, Dir: t.TempDir(), Time: time.Hour})
	require.ErrorIs(t, err, context.Canceled)
	require.Zero(t, e.Fingerprint(t.Context()).Running)
}

func TestWhatCannotBeMeasuredIsRefused(t *testing.T) {
	_, err := loadsOf("container/1")
	require.ErrorContains(t, err, `found "container/1"`)
	_, err = Measure(t.Context(), Config{Executor: open(t, tensors.Profile, 1), Dir: t.TempDir()})
	require.ErrorContains(t, err, "at least one place")
}
