//go:build !windows

package update

import (
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/thetaedge/theta/sidecar/release"
)

const manifestPath, signaturePath = "stable/" + release.ManifestName, "stable/" + release.ManifestName + release.SignatureSuffix

// TestWhatANetworkOrAServerCanDoChangesNothing: each attack is refused in words, and the installed program
// runs as before.
func TestWhatANetworkOrAServerCanDoChangesNothing(t *testing.T) {
	platform := runtime.GOOS + "/" + runtime.GOARCH
	archive := func(s *shop) string {
		version, err := release.ParseVersion("1.4.0")
		require.NoError(s.t, err)
		return release.ArchiveName(version, runtime.GOOS, runtime.GOARCH)
	}
	for name, c := range map[string]struct {
		attack func(*shop)
		says   string
	}{
		"no server":       {func(s *shop) { s.server.Close() }, "cannot fetch"},
		"no release":      {func(s *shop) { s.put(manifestPath, nil); s.answers(release.ManifestName, http.NotFound) }, "expected status 200, found 404"},
		"a bad signature": {func(s *shop) { s.put(signaturePath, []byte("nonsense")) }, "expected a signature by a known release key"},
		"the signature of another key": {func(s *shop) {
			other, _ := newKey(s.t)
			s.put(signaturePath, other.Sign(release.ManifestName, s.get(manifestPath)))
		}, "expected a signature by a known release key"},
		"a manifest that was changed": {func(s *shop) {
			s.put(manifestPath, []byte(strings.ReplaceAll(string(s.get(manifestPath)), "1.4.0", "1.4.1")))
		}, "expected a signature by a known release key"},
		"an older version":           {func(s *shop) { s.publish("1.2.0", script("1.2.0")) }, ErrNothingNew.Error()},
		"the version that runs":      {func(s *shop) { s.publish("1.3.0", script("1.3.0")) }, ErrNothingNew.Error()},
		"another channel":            {func(s *shop) { s.publish("1.4.0", script("1.4.0"), func(m *release.Manifest) { m.Channel = "next" }) }, `expected a release of the channel "stable"`},
		"a manifest that is expired": {func(s *shop) { s.now = s.now.AddDate(0, 6, 0) }, "expired at 2026-09-04"},
		"another platform": {func(s *shop) {
			s.publish("1.4.0", script("1.4.0"), func(m *release.Manifest) {
				m.Files = map[string]release.File{"plan9/mips": m.Files[platform]}
			})
		}, "expected an archive for " + platform},
		"an archive that was cut off": {func(s *shop) {
			content := s.get("stable/" + archive(s))
			s.put("stable/"+archive(s), content[:len(content)/2])
		}, "cut off"},
		"an archive that was changed": {func(s *shop) {
			content := append([]byte(nil), s.get("stable/"+archive(s))...)
			content[len(content)/2] ^= 1
			s.put("stable/"+archive(s), content)
		}, "SHA-256"},
		"an endless archive":   {func(s *shop) { s.answers(archive(s), endless) }, "found more"},
		"an endless manifest":  {func(s *shop) { s.answers(release.ManifestName, endless) }, "expected at most"},
		"an endless signature": {func(s *shop) { s.answers(release.ManifestName+release.SignatureSuffix, endless) }, "expected at most"},
		"a connection that breaks off": {func(s *shop) {
			s.answers(archive(s), func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Content-Length", "100000")
				_, _ = w.Write([]byte("begin"))
			})
		}, "cannot read"},
		"a redirection to http":   {func(s *shop) { s.answers(release.ManifestName, redirect("http://releases.example/manifest.json")) }, "expected an address that begins with https://"},
		"a redirection to a file": {func(s *shop) { s.answers(archive(s), redirect("file:///etc/passwd")) }, "expected redirections to http only"},
		"a redirection without end": {func(s *shop) {
			s.answers(release.ManifestName, func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, r.URL.Path, http.StatusFound) })
		}, "expected at most 5 redirections"},
		"a program of another version": {func(s *shop) { s.publish("1.4.0", script("1.5.0")) }, "expected a program that says it is version 1.4.0"},
		"a program that does not run":  {func(s *shop) { s.publish("1.4.0", []byte("#!/bin/sh\nexit 3\n")) }, "does not run on this machine"},
		"a program of another machine": {func(s *shop) { s.publish("1.4.0", []byte("\x7fELF\x02\x01\x01nonsense")) }, "does not run on this machine"},
		"a journal without a way back": {func(s *shop) {
			s.publish("1.4.0", script("1.4.0"), func(m *release.Manifest) { m.MinimumProtocol = protocol + 1 })
		}, "could not take over again"},
	} {
		t.Run(name, func(t *testing.T) {
			s := newShop(t)
			s.publish("1.4.0", script("1.4.0"))
			f := s.folder()
			c.attack(s)
			u := New(Config{
				Folder: f, Program: Program{Version: "1.3.0", Protocol: protocol}, Source: s.source(), Keys: s.keys, Free: plenty,
				Healthy: healthy, Logger: quiet(),
			})
			_, err := u.take(t.Context())
			require.ErrorContains(t, err, c.says)
			requireInstalled(t, f, s.keys)
		})
	}
}

func redirect(to string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, to, http.StatusFound) }
}

// endless sends until the other side has had enough.
func endless(w http.ResponseWriter, _ *http.Request) {
	chunk := make([]byte, 32<<10)
	for {
		if _, err := w.Write(chunk); err != nil {
			return
		}
	}
}

func TestAHigherVersionSeenBeforeMakesAnOlderManifestUseless(t *testing.T) {
	s := newShop(t)
	f := s.folder()
	s.publish("1.4.0", script("1.4.0"))
	oldManifest, oldSignature := s.get(manifestPath), s.get(signaturePath)
	s.publish("1.5.0", script("1.5.0"))
	_, err := s.check(f, "1.3.0")
	require.NoError(t, err)
	s.put(manifestPath, oldManifest)
	s.put(signaturePath, oldSignature)
	_, err = s.check(f, "1.3.0")
	require.ErrorContains(t, err, "expected version 1.5.0 or newer, which this machine has seen before, found 1.4.0")
	requireInstalled(t, f, s.keys)
}

func TestAVersionNeverChangesItsBytes(t *testing.T) {
	s := newShop(t)
	f := s.folder()
	s.publish("1.4.0", script("1.4.0"))
	_, err := s.check(f, "1.3.0")
	require.NoError(t, err)
	s.publish("1.4.0", append(script("1.4.0"), "# evil\n"...))
	_, err = s.check(f, "1.3.0")
	require.ErrorContains(t, err, "a version never changes")
	s.publish("1.4.0", script("1.4.0"), func(m *release.Manifest) { m.Expires = m.Expires.AddDate(1, 0, 0) })
	_, err = s.check(f, "1.3.0")
	require.NoError(t, err, "the same bytes may be signed anew")
}

func TestOnlyAddressesThatNobodyOnTheWayCanChangeAreAccepted(t *testing.T) {
	for _, good := range []string{"https://releases.example", "https://releases.example:8443/a/b", "http://127.0.0.1:1234", "http://localhost/x", "http://[::1]:80"} {
		require.NoError(t, CheckAddress(good), good)
	}
	for _, bad := range []string{
		"", "releases.example", "http://releases.example", "http://127.0.0.1.example", "ftp://releases.example", "file:///tmp", "https://", "https://user:pass@releases.example",
		"https://releases.example?x", "https://releases.example#x", "://",
	} {
		require.Error(t, CheckAddress(bad), bad)
	}
	_, err := NewSource("https://releases.example", "../x")
	require.Error(t, err)
}

func TestARedirectionFromHTTPSToHTTPIsRefused(t *testing.T) {
	plain := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("x")) }))
	defer plain.Close()
	secure := httptest.NewTLSServer(redirect(plain.URL))
	defer secure.Close()
	source, err := NewSource(secure.URL, "stable")
	require.NoError(t, err)
	transport, is := secure.Client().Transport.(*http.Transport)
	require.True(t, is)
	source.client.Transport = transport
	_, _, err = source.manifest(t.Context())
	require.ErrorContains(t, err, "expected redirections to https only, found one to")
}

func TestABuildThatIsNoReleaseIsNotUpdated(t *testing.T) {
	s := newShop(t)
	s.publish("1.4.0", script("1.4.0"))
	for _, own := range []string{"", "dev", "4af2cf7", "1.3.0-4-gabcdef0"} {
		_, err := s.check(s.folder(), own)
		require.ErrorContains(t, err, "cannot be compared with a release", own)
	}
	require.Empty(t, s.asked, "nobody is asked")
}

func TestWithoutAKeyNobodyIsAsked(t *testing.T) {
	s := newShop(t)
	s.publish("1.4.0", script("1.4.0"))
	s.keys = nil
	_, err := s.check(s.folder(), "1.3.0")
	require.ErrorIs(t, err, release.ErrNoKey)
	require.Empty(t, s.asked)
}

// TestAProgramThatWasChangedOnTheDiskIsNotStarted: its bytes and the signature are compared at each start.
func TestAProgramThatWasChangedOnTheDiskIsNotStarted(t *testing.T) {
	for name, change := range map[string]func(t *testing.T, f *Folder){
		"other bytes": func(t *testing.T, f *Folder) {
			require.NoError(t, os.WriteFile(f.path("1.4.0", "thetaedge"), script("6.6.6"), 0o700))
		},
		"a link": func(t *testing.T, f *Folder) {
			other := filepath.Join(t.TempDir(), "other")
			require.NoError(t, os.Rename(f.path("1.4.0", "thetaedge"), other))
			require.NoError(t, os.Symlink(other, f.path("1.4.0", "thetaedge")))
		},
		"others may write it": func(t *testing.T, f *Folder) { require.NoError(t, os.Chmod(f.path("1.4.0", "thetaedge"), 0o777)) },
		"no program":          func(t *testing.T, f *Folder) { require.NoError(t, os.Remove(f.path("1.4.0", "thetaedge"))) },
		"no signature": func(t *testing.T, f *Folder) {
			require.NoError(t, os.Remove(f.path("1.4.0", release.ManifestName+release.SignatureSuffix)))
		},
		"another manifest": func(t *testing.T, f *Folder) {
			require.NoError(t, os.WriteFile(f.path("1.4.0", release.ManifestName), []byte("{}"), 0o600))
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := newShop(t)
			f := s.folder()
			s.publish("1.4.0", script("1.4.0"))
			require.NoError(t, s.take(t.Context(), f, "1.3.0"))
			change(t, f)
			program, notes, err := f.Pick("/usr/local/bin/thetaedge", "1.3.0", s.keys)
			require.NoError(t, err)
			require.Empty(t, program)
			require.Len(t, notes, 1)
			require.Contains(t, notes[0], "version 1.4.0 is given up")
		})
	}
}

// TestAnotherKeyEndsTheUpdatesOfTheKeyBefore: its owner does not trust that one any more.
func TestAnotherKeyEndsTheUpdatesOfTheKeyBefore(t *testing.T) {
	s := newShop(t)
	f := s.folder()
	s.publish("1.4.0", script("1.4.0"))
	require.NoError(t, s.take(t.Context(), f, "1.3.0"))
	_, others := newKey(t)
	program, notes, err := f.Pick("/usr/local/bin/thetaedge", "1.3.0", others)
	require.NoError(t, err)
	require.Empty(t, program)
	require.Contains(t, notes[0], "signature")
}

func TestTheDiskNeedsRoomForAnUpdate(t *testing.T) {
	s := newShop(t)
	f := s.folder()
	s.publish("1.4.0", script("1.4.0"))
	offer, err := s.check(f, "1.3.0")
	require.NoError(t, err)
	err = f.Stage(t.Context(), s.source(), s.keys, offer, func(string) (uint64, error) { return 1 << 20, nil })
	require.ErrorContains(t, err, "free space for version 1.4.0")
	require.Zero(t, s.asked[offer.File.Name], "nothing is fetched")
	requireInstalled(t, f, s.keys)
}

func TestAHomeThatCannotBeWrittenKeepsTheInstalledProgram(t *testing.T) {
	s := newShop(t)
	s.publish("1.4.0", script("1.4.0"))
	f := s.folder()
	// A file in the place of the folder is refused for every user, also for root.
	require.NoError(t, os.WriteFile(f.path(), []byte("x"), 0o600))
	err := s.take(t.Context(), f, "1.3.0")
	require.ErrorContains(t, err, "cannot create the folder of versions")
	_, _, err = f.Pick("/usr/local/bin/thetaedge", "1.3.0", s.keys)
	require.Error(t, err)
}

func TestAnExpiredManifestDoesNotEndAVersionThatRuns(t *testing.T) {
	s := newShop(t)
	f := s.folder()
	s.publish("1.4.0", script("1.4.0"))
	require.NoError(t, s.take(t.Context(), f, "1.3.0"))
	s.now = s.now.Add(10 * 365 * 24 * time.Hour)
	program, _, err := f.Pick("/usr/local/bin/thetaedge", "1.3.0", s.keys)
	require.NoError(t, err)
	require.Equal(t, f.path("1.4.0", "thetaedge"), program)
}
