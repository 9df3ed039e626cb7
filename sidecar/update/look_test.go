//go:build !windows

package update

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/thetaedge/theta/internal/osfault"
	"github.com/thetaedge/theta/sidecar/release"
)

// TestAVersionThatItsOwnerTookBackIsNotChosenByALookThatWasUnderWay: making it ready takes minutes.
func TestAVersionThatItsOwnerTookBackIsNotChosenByALookThatWasUnderWay(t *testing.T) {
	s := newShop(t)
	s.publish("1.4.0", script("1.4.0"))
	f := s.folder()
	offer, err := s.check(f, "1.3.0")
	require.NoError(t, err)
	require.NoError(t, s.take(t.Context(), f, "1.3.0"))
	_, _, err = f.Rollback()
	require.NoError(t, err)
	require.NoError(t, f.Stage(t.Context(), s.source(), s.keys, offer, plenty))
	require.ErrorContains(t, f.Choose(offer, s.keys, true), "its owner took it back")
	require.Empty(t, s.state(f).Chosen)
	require.NoError(t, f.Forget(offer.Version()))
	require.NoError(t, f.Choose(offer, s.keys, true), "unless the owner says so")
}

// TestALookThatWasUnderWayDoesNotGoBackToAnOlderVersion: two looks at once, of the daemon and by hand.
func TestALookThatWasUnderWayDoesNotGoBackToAnOlderVersion(t *testing.T) {
	s := newShop(t)
	s.publish("1.4.0", script("1.4.0"))
	f := s.folder()
	slow, err := s.check(f, "1.3.0")
	require.NoError(t, err)
	require.NoError(t, f.Stage(t.Context(), s.source(), s.keys, slow, plenty))
	s.publish("1.5.0", script("1.5.0"))
	require.NoError(t, s.take(t.Context(), f, "1.3.0"))
	require.ErrorContains(t, f.Choose(slow, s.keys, true), "1.5.0")
	require.Equal(t, "1.5.0", s.state(f).Chosen)
}

// TestTwoThatMakeAVersionReadyAtOnceDoNotTakeItAwayFromEachOther: the second one would remove what runs.
func TestTwoThatMakeAVersionReadyAtOnceDoNotTakeItAwayFromEachOther(t *testing.T) {
	s := newShop(t)
	s.publish("1.4.0", script("1.4.0"))
	f := s.folder()
	offer, err := s.check(f, "1.3.0")
	require.NoError(t, err)
	archive := s.get("stable/" + offer.File.Name)
	program := filepath.Join(f.path("1.4.0"), "thetaedge")
	var asked atomic.Int32
	var ready atomic.Value
	s.answers(offer.File.Name, func(w http.ResponseWriter, _ *http.Request) {
		if asked.Add(1) == 1 { // another process is faster
			assert.NoError(t, f.Stage(t.Context(), s.source(), s.keys, offer, plenty))
			info, err := os.Stat(program)
			assert.NoError(t, err)
			ready.Store(info)
		}
		_, _ = w.Write(archive)
	})
	require.NoError(t, f.Stage(t.Context(), s.source(), s.keys, offer, plenty))
	require.EqualValues(t, 2, asked.Load())
	now, err := os.Stat(program)
	require.NoError(t, err)
	require.True(t, os.SameFile(ready.Load().(os.FileInfo), now), "the version that is ready stays")
	left, err := filepath.Glob(f.path(stagePrefix + "*"))
	require.NoError(t, err)
	require.Empty(t, left)
}

// TestAnotherChannelMayBeOlder: the owner leaves the early releases, and the server shows no old manifest.
func TestAnotherChannelMayBeOlder(t *testing.T) {
	s := newShop(t)
	s.publish("1.5.0-rc1", script("1.5.0-rc1"))
	f := s.folder()
	_, err := s.check(f, "1.3.0")
	require.NoError(t, err)
	s.publish("1.4.0", script("1.4.0"), func(m *release.Manifest) { m.Channel = "slow" })
	for _, name := range []string{release.ManifestName, release.ManifestName + release.SignatureSuffix} {
		s.put("slow/"+name, s.get("stable/"+name))
	}
	source, err := NewSource(s.server.URL, "slow")
	require.NoError(t, err)
	offer, err := f.Check(t.Context(), source, s.keys, Program{Version: "1.3.0", Protocol: protocol})
	require.NoError(t, err)
	require.Equal(t, "1.4.0", offer.Version().String())
}

// TestAVersionThatIsChosenIsNotRemovedAtTheSameTime: a version that works removes those that cannot run again.
func TestAVersionThatIsChosenIsNotRemovedAtTheSameTime(t *testing.T) {
	s := newShop(t)
	s.publish("1.4.0", script("1.4.0"))
	f := s.folder()
	require.NoError(t, s.take(t.Context(), f, "1.3.0"))
	for i := range 500 { // it takes a while
		require.NoError(t, os.Mkdir(f.path(fmt.Sprintf("0.0.%d", i)), 0o700))
	}
	s.publish("1.5.0", script("1.5.0"))
	offer, err := s.check(f, "1.4.0")
	require.NoError(t, err)
	require.NoError(t, f.Stage(t.Context(), s.source(), s.keys, offer, plenty))
	confirmed := make(chan error, 1)
	go func() { confirmed <- f.confirm("1.4.0") }()
	require.Eventually(t, func() bool { return s.state(f).Trial == nil }, patience, time.Microsecond)
	chose := f.Choose(offer, s.keys, true)
	require.NoError(t, <-confirmed)
	if chose != nil {
		require.ErrorContains(t, chose, "not whole")
		return
	}
	_, _, err = f.verified("1.5.0", s.keys)
	require.NoError(t, err, "it was chosen")
}

func TestAVersionThatIsRemovedInTheMeantimeIsNotChosen(t *testing.T) {
	s := newShop(t)
	s.publish("1.4.0", script("1.4.0"))
	f := s.folder()
	offer, err := s.check(f, "1.3.0")
	require.NoError(t, err)
	require.NoError(t, f.Stage(t.Context(), s.source(), s.keys, offer, plenty))
	unlock, err := osfault.Lock(f.path(lockName))
	require.NoError(t, err)
	chosen := make(chan error, 1)
	go func() { chosen <- f.Choose(offer, s.keys, true) }()
	time.Sleep(50 * time.Millisecond) // a choice that does not look again has looked by now
	require.NoError(t, os.RemoveAll(f.path("1.4.0")))
	require.NoError(t, unlock())
	require.ErrorContains(t, <-chosen, "not whole")
	require.Empty(t, s.state(f).Chosen)
}
