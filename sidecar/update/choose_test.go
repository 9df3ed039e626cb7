//go:build !windows

package update

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/thetaedge/theta/sidecar/release"
)

const installed = "/usr/local/bin/thetaedge"

// pick returns the version that a start of the daemon runs; "" for the installed program of version own.
func (s *shop) pick(f *Folder, own string) string {
	s.t.Helper()
	program, _, err := f.Pick(installed, own, s.keys)
	require.NoError(s.t, err)
	if program == "" {
		return ""
	}
	require.Equal(s.t, f.path(f.Runs(program), "thetaedge"), program)
	return f.Runs(program)
}

func (s *shop) state(f *Folder) State {
	s.t.Helper()
	state, err := f.State()
	require.NoError(s.t, err)
	return state
}

// updater returns an updater of a version that looks often and judges soon.
func (s *shop) updater(f *Folder, own string, healthy func(context.Context) error, restarts, abandons *atomic.Int32) *Updater {
	s.t.Helper()
	running := own
	if own == "" {
		running = "1.3.0"
	}
	return New(Config{
		Folder: f, Program: Program{Version: running, Protocol: protocol}, Own: own, Source: s.source(), Keys: s.keys, Every: time.Hour, Free: plenty,
		Healthy: healthy, Logger: quiet(), LookPause: time.Millisecond, TrialLimit: 50 * time.Millisecond, SettleTime: 5 * time.Millisecond,
		Restart: func(string) { restarts.Add(1) }, Abandon: func(string) { abandons.Add(1) },
	})
}

func TestAVersionThatIsHealthyStaysAndTheOneBeforeItIsKept(t *testing.T) {
	s := newShop(t)
	f := s.folder()
	var restarts, abandons atomic.Int32
	for i, version := range []string{"1.4.0", "1.5.0", "1.6.0"} {
		s.publish(version, script(version))
		require.NoError(t, s.take(t.Context(), f, "1.3.0"))
		require.Equal(t, version, s.pick(f, "1.3.0"))
		require.NotNil(t, s.state(f).Trial)
		require.Equal(t, installed, s.state(f).Installed)
		ctx, cancel := context.WithCancel(t.Context())
		u := s.updater(f, version, healthy, &restarts, &abandons)
		done := make(chan struct{})
		go func() { defer close(done); u.Run(ctx) }()
		require.Eventually(t, func() bool { return s.state(f).Trial == nil }, patience, time.Millisecond)
		require.Eventually(t, func() bool {
			entries, err := os.ReadDir(f.path())
			return err == nil && len(entries) == min(i+1, 2)+2 // the versions, the state and the lock
		}, patience, time.Millisecond)
		cancel()
		<-done
	}
	require.Zero(t, restarts.Load()+abandons.Load())
	require.Equal(t, "1.6.0", s.state(f).Chosen)
	require.Equal(t, "1.5.0", s.state(f).Before)
	from, to, err := f.Rollback()
	require.NoError(t, err)
	require.Equal(t, []string{"1.6.0", "1.5.0"}, []string{from, to})
	require.Equal(t, "1.5.0", s.pick(f, "1.3.0"))
	_, err = s.check(f, "1.5.0")
	require.ErrorContains(t, err, "its owner took it back")
	_, to, err = f.Rollback()
	require.NoError(t, err)
	require.Empty(t, to)
	require.Empty(t, s.pick(f, "1.3.0"))
	_, _, err = f.Rollback()
	require.ErrorContains(t, err, "found none: the installed program runs")
}

func TestAVersionThatIsNotHealthyIsGivenUpAndNotTriedAgain(t *testing.T) {
	s := newShop(t)
	f := s.folder()
	s.publish("1.4.0", script("1.4.0"))
	require.NoError(t, s.take(t.Context(), f, "1.3.0"))
	require.Equal(t, "1.4.0", s.pick(f, "1.3.0"))
	var restarts, abandons atomic.Int32
	u := s.updater(f, "1.4.0", func(context.Context) error { return errors.New("executor wasm/1 is unhealthy") }, &restarts, &abandons)
	u.Run(t.Context())
	require.EqualValues(t, 1, abandons.Load())
	require.Zero(t, restarts.Load())
	require.Contains(t, u.Text(), "version 1.4.0 is given up")
	require.Empty(t, s.pick(f, "1.3.0"))
	_, err := s.check(f, "1.3.0")
	require.ErrorContains(t, err, "version 1.4.0 failed here")
	require.ErrorContains(t, err, "executor wasm/1 is unhealthy")
	s.now = s.now.AddDate(0, 1, 0)
	_, err = s.check(f, "1.3.0")
	require.ErrorContains(t, err, "not tried again", "also not later")
	s.publish("1.4.1", script("1.4.1"))
	require.NoError(t, s.take(t.Context(), f, "1.3.0"), "the next version is")
	version, err := release.ParseVersion("1.4.0")
	require.NoError(t, err)
	require.NoError(t, f.Forget(version))
	_, bad := s.state(f).BadFor(version, s.now)
	require.False(t, bad)
}

func TestAVersionThatFailedForAnOutsideReasonIsTriedAgainAfterADay(t *testing.T) {
	s := newShop(t)
	f := s.folder()
	s.publish("1.4.0", script("1.4.0"))
	require.NoError(t, s.take(t.Context(), f, "1.3.0"))
	require.Equal(t, "1.4.0", s.pick(f, "1.3.0"))
	var restarts, abandons atomic.Int32
	s.updater(f, "1.4.0", func(context.Context) error { return fmt.Errorf("%w: it waits for the chain", ErrOutside) }, &restarts, &abandons).Run(t.Context())
	require.EqualValues(t, 1, abandons.Load())
	require.Empty(t, s.pick(f, "1.3.0"))
	_, err := s.check(f, "1.3.0")
	require.ErrorContains(t, err, "waits for the chain")
	s.now = s.now.Add(25 * time.Hour)
	_, err = s.check(f, "1.3.0")
	require.NoError(t, err)
}

// TestAVersionThatCrashesAtItsStartIsGivenUp: the installed program counts the starts, so that this also holds for a
// version that does not come as far as its first line.
func TestAVersionThatCrashesAtItsStartIsGivenUp(t *testing.T) {
	s := newShop(t)
	f := s.folder()
	s.publish("1.4.0", script("1.4.0"))
	require.NoError(t, s.take(t.Context(), f, "1.3.0"))
	for range maxStarts {
		require.Equal(t, "1.4.0", s.pick(f, "1.3.0"))
	}
	program, notes, err := f.Pick(installed, "1.3.0", s.keys)
	require.NoError(t, err)
	require.Empty(t, program)
	require.Contains(t, notes[0], "it was started 3 times")
	_, err = s.check(f, "1.3.0")
	require.ErrorContains(t, err, "not tried again")
}

func TestACrashOfASecondUpdateGoesBackToTheFirst(t *testing.T) {
	s := newShop(t)
	f := s.folder()
	for _, version := range []string{"1.4.0", "1.5.0"} {
		s.publish(version, script(version))
		require.NoError(t, s.take(t.Context(), f, "1.3.0"))
		if version == "1.4.0" {
			require.NoError(t, f.confirm(version))
		}
	}
	for range maxStarts {
		require.Equal(t, "1.5.0", s.pick(f, "1.3.0"))
	}
	for range 10 {
		require.Equal(t, "1.4.0", s.pick(f, "1.3.0"), "a version that has worked is not counted")
	}
}

func TestAStartThatItsOwnerEndsDoesNotCount(t *testing.T) {
	s := newShop(t)
	f := s.folder()
	s.publish("1.4.0", script("1.4.0"))
	require.NoError(t, s.take(t.Context(), f, "1.3.0"))
	var restarts, abandons atomic.Int32
	for range 3 * maxStarts {
		require.Equal(t, "1.4.0", s.pick(f, "1.3.0"))
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		s.updater(f, "1.4.0", func(ctx context.Context) error { return ctx.Err() }, &restarts, &abandons).Run(ctx)
	}
	require.Zero(t, abandons.Load())
}

// TestANodeThatWasNotHealthyBeforeDoesNotGiveUpAnUpdate: the update may be its cure.
func TestANodeThatWasNotHealthyBeforeDoesNotGiveUpAnUpdate(t *testing.T) {
	s := newShop(t)
	f := s.folder()
	s.publish("1.4.0", script("1.4.0"))
	offer, err := s.check(f, "1.3.0")
	require.NoError(t, err)
	require.NoError(t, f.Stage(t.Context(), s.source(), s.keys, offer, plenty))
	require.NoError(t, f.Choose(offer, s.keys, false))
	require.Equal(t, "1.4.0", s.pick(f, "1.3.0"))
	var restarts, abandons atomic.Int32
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	u := s.updater(f, "1.4.0", func(context.Context) error { return errors.New("no node is registered") }, &restarts, &abandons)
	go func() { defer close(done); u.Run(ctx) }()
	require.Eventually(t, func() bool { return s.state(f).Trial == nil }, patience, time.Millisecond)
	cancel()
	<-done
	require.Zero(t, abandons.Load())
	require.Equal(t, "1.4.0", s.state(f).Chosen)
}

func TestAnInstalledProgramThatIsNewerTakesThePlaceOfAnUpdate(t *testing.T) {
	for _, own := range []string{"1.4.0", "1.5.0", "dev"} {
		s := newShop(t)
		f := s.folder()
		s.publish("1.4.0", script("1.4.0"))
		require.NoError(t, s.take(t.Context(), f, "1.3.0"))
		require.Empty(t, s.pick(f, own), own)
		require.Empty(t, s.state(f).Chosen)
	}
}

func TestADaemonTakesWhatIsOfferedAndAsksForARestartOnce(t *testing.T) {
	s := newShop(t)
	f := s.folder()
	f.Now = time.Now
	s.now = time.Now()
	s.publish("1.4.0", script("1.4.0"))
	var restarts, abandons atomic.Int32
	u := s.updater(f, "", healthy, &restarts, &abandons)
	u.cfg.Every = time.Millisecond
	u.Run(t.Context())
	require.EqualValues(t, 1, restarts.Load())
	require.Contains(t, u.Text(), "version 1.4.0 is ready and begins when the node holds nothing")
	require.Equal(t, "1.4.0", s.pick(f, "1.3.0"))
	require.True(t, s.state(f).Trial.Healthy)
}

// TestAChoiceByHandReachesTheDaemonThatRuns, also where nothing is looked for.
func TestAChoiceByHandReachesTheDaemonThatRuns(t *testing.T) {
	s := newShop(t)
	f := s.folder()
	s.publish("1.4.0", script("1.4.0"))
	var restarts, abandons atomic.Int32
	u := s.updater(f, "", healthy, &restarts, &abandons)
	u.cfg.Source = nil
	done := make(chan struct{})
	go func() { defer close(done); u.Run(t.Context()) }()
	require.NoError(t, s.take(t.Context(), f, "1.3.0"))
	<-done
	require.EqualValues(t, 1, restarts.Load())
}

func TestARollbackDuringATrialReachesTheDaemonThatRuns(t *testing.T) {
	s := newShop(t)
	f := s.folder()
	s.publish("1.4.0", script("1.4.0"))
	require.NoError(t, s.take(t.Context(), f, "1.3.0"))
	require.Equal(t, "1.4.0", s.pick(f, "1.3.0"))
	var restarts, abandons atomic.Int32
	u := s.updater(f, "1.4.0", func(context.Context) error { return errors.New("not yet") }, &restarts, &abandons)
	u.cfg.TrialLimit = time.Hour
	done := make(chan struct{})
	go func() { defer close(done); u.Run(t.Context()) }()
	require.Eventually(t, func() bool { return u.Text() != "" }, patience, time.Millisecond)
	_, _, err := f.Rollback()
	require.NoError(t, err)
	<-done
	require.EqualValues(t, 1, restarts.Load())
	require.Zero(t, abandons.Load())
	require.Empty(t, s.pick(f, "1.3.0"))
}

func TestNodesThatStartTogetherDoNotAskTogether(t *testing.T) {
	s := newShop(t)
	f := s.folder()
	var restarts, abandons atomic.Int32
	u := s.updater(f, "", healthy, &restarts, &abandons)
	u.cfg.Every = 6 * time.Hour
	seen := map[time.Duration]bool{}
	for range 100 {
		wait := u.first().Sub(s.now)
		require.GreaterOrEqual(t, wait, time.Duration(0))
		require.Less(t, wait, 10*time.Minute)
		seen[wait] = true
	}
	require.Greater(t, len(seen), 90)
	require.NoError(t, f.note(""))
	require.Equal(t, s.now.Add(6*time.Hour), u.first(), "a restart does not ask again")
}

func TestOnlyProgramsOfTheFolderRunFromIt(t *testing.T) {
	f := &Folder{Home: "/home/x", Now: time.Now}
	require.Equal(t, "1.4.0", f.Runs("/home/x/versions/1.4.0/thetaedge"))
	for _, exe := range []string{"", "/usr/local/bin/thetaedge", "/home/x/thetaedge", "/home/x/versions/thetaedge", "/home/x/versions/1.4.0/other", "/home/x/versions/dev/thetaedge", "/home/x/versions/a/1.4.0/thetaedge"} {
		require.Empty(t, f.Runs(exe), exe)
	}
	home := t.TempDir()
	link := filepath.Join(t.TempDir(), "link")
	require.NoError(t, os.Symlink(home, link))
	require.NoError(t, os.MkdirAll(filepath.Join(home, folderName, "1.4.0"), 0o700))
	actual, err := filepath.EvalSymlinks(home)
	require.NoError(t, err)
	require.Equal(t, "1.4.0", (&Folder{Home: link}).Runs(filepath.Join(actual, folderName, "1.4.0", "thetaedge")), "the home is reached through a link")
}

func TestADamagedStateIsNamedAndTheInstalledProgramRuns(t *testing.T) {
	s := newShop(t)
	f := s.folder()
	require.NoError(t, os.MkdirAll(f.path(), 0o700))
	require.NoError(t, os.WriteFile(f.path(stateName), []byte("{"), 0o600))
	program, _, err := f.Pick(installed, "1.3.0", s.keys)
	require.ErrorContains(t, err, "remove the folder")
	require.Empty(t, program)
	require.NoError(t, f.Remove())
	require.NoDirExists(t, f.path())
}
