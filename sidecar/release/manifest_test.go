package release_test

import (
	"strings"
	"testing"
	"time"

	"aead.dev/minisign"
	"github.com/stretchr/testify/require"

	"github.com/thetaedge/theta/sidecar/release"
)

// signer returns a new key and what verifies its signatures.
func signer(t *testing.T) (release.Signer, release.Keys) {
	t.Helper()
	public, private, err := minisign.GenerateKey(nil)
	require.NoError(t, err)
	text, err := private.MarshalText()
	require.NoError(t, err)
	s, err := release.NewSigner(text, "")
	require.NoError(t, err)
	keys, err := release.ParseKeys("# a comment\n\n" + public.String())
	require.NoError(t, err)
	require.Len(t, keys, 1)
	return s, keys
}

func manifest() release.Manifest {
	at := time.Date(2026, 3, 4, 12, 0, 0, 0, time.UTC)
	sum := strings.Repeat("ab", 32)
	return release.Manifest{
		Channel: "stable", Version: "1.4.0", MinimumProtocol: 3, Released: at, Expires: at.AddDate(0, 6, 0),
		Files: map[string]release.File{"linux/amd64": {Name: "thetaedge_1.4.0_linux_amd64.tar.gz", Size: 10, SHA256: sum, ProgramSize: 20, ProgramSHA256: sum}},
	}
}

func TestAManifestOfAKnownKeyIsReadAsItWasWritten(t *testing.T) {
	s, keys := signer(t)
	_, others := signer(t)
	raw, err := manifest().Encode()
	require.NoError(t, err)
	signature := s.Sign(release.ManifestName, raw)
	require.Equal(t, signature, s.Sign(release.ManifestName, raw), "the same file and key give the same signature")
	for _, some := range []release.Keys{keys, append(append(release.Keys{}, others...), keys...)} {
		found, err := release.OpenManifest(raw, signature, some)
		require.NoError(t, err)
		again, err := found.Encode()
		require.NoError(t, err)
		require.Equal(t, string(raw), string(again))
	}
}

func TestNothingOfAManifestIsUsedWhoseSignatureIsNotGood(t *testing.T) {
	s, keys := signer(t)
	other, _ := signer(t)
	raw, err := manifest().Encode()
	require.NoError(t, err)
	good := s.Sign(release.ManifestName, raw)
	changed := append([]byte(nil), raw...)
	changed[len(changed)/2] ^= 1
	for name, c := range map[string]struct{ raw, signature []byte }{
		"another key":           {raw, other.Sign(release.ManifestName, raw)},
		"changed bytes":         {changed, good},
		"cut off":               {raw[:len(raw)-2], good},
		"more bytes":            {append(append([]byte(nil), raw...), '\n'), good},
		"no signature":          {raw, nil},
		"nonsense":              {raw, []byte("untrusted comment: x\nAAAA\n")},
		"a signature cut off":   {raw, good[:len(good)-20]},
		"signature of checksum": {raw, s.Sign(release.SumsName, []byte("0  x\n"))},
	} {
		found, err := release.OpenManifest(c.raw, c.signature, keys)
		require.ErrorContains(t, err, "expected a signature by a known release key", name)
		require.Zero(t, found, name)
	}
	_, err = release.OpenManifest(raw, good, nil)
	require.ErrorIs(t, err, release.ErrNoKey)
}

func TestAManifestThatCannotBeMeantIsRefused(t *testing.T) {
	change := func(edit func(*release.File)) func(*release.Manifest) {
		return func(m *release.Manifest) {
			f := m.Files["linux/amd64"]
			edit(&f)
			m.Files["linux/amd64"] = f
		}
	}
	for name, breaks := range map[string]func(*release.Manifest){
		"a channel with a path":     func(m *release.Manifest) { m.Channel = "../stable" },
		"no release":                func(m *release.Manifest) { m.Version = "1.4.0-3-gabcdef0" },
		"no expiry":                 func(m *release.Manifest) { m.Expires = m.Released },
		"no time":                   func(m *release.Manifest) { m.Released = time.Time{} },
		"no files":                  func(m *release.Manifest) { m.Files = nil },
		"a platform without arch":   func(m *release.Manifest) { m.Files["linux"] = m.Files["linux/amd64"] },
		"a name with a path":        change(func(f *release.File) { f.Name = "../x.tar.gz" }),
		"a name with a question":    change(func(f *release.File) { f.Name = "x?y.tar.gz" }),
		"a name of another kind":    change(func(f *release.File) { f.Name = "x.exe" }),
		"no size":                   change(func(f *release.File) { f.Size = 0 }),
		"a size that is too large":  change(func(f *release.File) { f.Size = 1 << 40 }),
		"a program that is too big": change(func(f *release.File) { f.ProgramSize = 1 << 40 }),
		"a short sum":               change(func(f *release.File) { f.SHA256 = "abcd" }),
		"a sum in capitals":         change(func(f *release.File) { f.ProgramSHA256 = strings.ToUpper(f.ProgramSHA256) }),
	} {
		m := manifest()
		breaks(&m)
		_, err := m.Encode()
		require.Error(t, err, name)
	}
	s, keys := signer(t)
	for name, text := range map[string]string{
		"another format":  `{"format":2,"program":"thetaedge"}`,
		"another program": `{"format":1,"program":"thetad"}`,
		"no JSON":         "hello",
	} {
		_, err := release.OpenManifest([]byte(text), s.Sign(release.ManifestName, []byte(text)), keys)
		require.Error(t, err, name)
	}
	_, err := manifest().For("plan9", "amd64")
	require.ErrorContains(t, err, "expected an archive for plan9/amd64 in the release 1.4.0, found none")
}

func TestTheShippedKeysAreReadable(t *testing.T) {
	_, err := release.ShippedKeys()
	require.NoError(t, err)
	_, err = release.ParseKeys("RWQnonsense")
	require.ErrorContains(t, err, "expected a public key of minisign")
}

func TestAKeyWithAPasswordNeedsThePassword(t *testing.T) {
	_, private, err := minisign.GenerateKey(nil)
	require.NoError(t, err)
	text, err := private.MarshalText()
	require.NoError(t, err)
	_, err = release.NewSigner(text, "a password")
	require.ErrorContains(t, err, "password")
	_, err = release.NewSigner([]byte("nonsense"), "")
	require.ErrorContains(t, err, "expected a private key of minisign")
}
