package manifest_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/thetaedge/theta/executor/manifest"
)

func sample() manifest.Manifest {
	return manifest.Manifest{
		Profile: "wasm/1",
		Reason:  manifest.ReasonExited,
		Files: []manifest.File{
			{Path: "z with space", Size: 3, SHA256: sha256.Sum256([]byte("abc"))},
			{Path: "a/b", Size: 0, SHA256: sha256.Sum256(nil)},
		},
	}
}

func TestEncodingIsFixed(t *testing.T) {
	encoded, err := sample().Encode()
	require.NoError(t, err)
	require.Equal(t, strings.Join([]string{
		"theta.result/1",
		"profile wasm/1",
		"reason exited",
		"exit 0",
		"file 0 e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855 a/b",
		"file 3 ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad z with space",
		"",
	}, "\n"), string(encoded))
	digest, err := sample().Digest()
	require.NoError(t, err)
	want := sha256.Sum256(encoded)
	require.Equal(t, hex.EncodeToString(want[:]), hex.EncodeToString(digest[:]))
}

func TestOrderOfFilesDoesNotMatter(t *testing.T) {
	m := sample()
	m.Files[0], m.Files[1] = m.Files[1], m.Files[0]
	a, err := m.Digest()
	require.NoError(t, err)
	b, err := sample().Digest()
	require.NoError(t, err)
	require.Equal(t, b, a)
}

func TestDecodeReturnsWhatWasEncoded(t *testing.T) {
	encoded, err := sample().Encode()
	require.NoError(t, err)
	m, err := manifest.Decode(encoded)
	require.NoError(t, err)
	require.Equal(t, sample().Sorted(), m)
}

func TestChainCarriesTheExitCodeWithoutASign(t *testing.T) {
	for exit, want := range map[int32]uint32{0: 0, 7: 7, -2: 4294967294, manifest.NoExitCode: 4294967295} {
		require.Equal(t, want, manifest.Manifest{ExitCode: exit}.ChainExitCode())
	}
}

func TestInvalidManifestsAreNotEncoded(t *testing.T) {
	for name, spoil := range map[string]func(*manifest.Manifest){
		"no profile":              func(m *manifest.Manifest) { m.Profile = "" },
		"profile with space":      func(m *manifest.Manifest) { m.Profile = "a b" },
		"profile with newline":    func(m *manifest.Manifest) { m.Profile = "a\nb" },
		"long profile":            func(m *manifest.Manifest) { m.Profile = strings.Repeat("a", 65) },
		"unknown reason":          func(m *manifest.Manifest) { m.Reason = "bored" },
		"no reason":               func(m *manifest.Manifest) { m.Reason = "" },
		"exit code without exit":  func(m *manifest.Manifest) { m.Reason = manifest.ReasonTrapped },
		"path twice":              func(m *manifest.Manifest) { m.Files[0].Path = m.Files[1].Path },
		"empty path":              func(m *manifest.Manifest) { m.Files[0].Path = "" },
		"rooted path":             func(m *manifest.Manifest) { m.Files[0].Path = "/etc/passwd" },
		"escaping path":           func(m *manifest.Manifest) { m.Files[0].Path = "a/../../b" },
		"path with dot":           func(m *manifest.Manifest) { m.Files[0].Path = "a/./b" },
		"path with newline":       func(m *manifest.Manifest) { m.Files[0].Path = "a\nb" },
		"path with backslash":     func(m *manifest.Manifest) { m.Files[0].Path = `..\b` },
		"path that is not UTF-8":  func(m *manifest.Manifest) { m.Files[0].Path = "a\xff" },
		"long path":               func(m *manifest.Manifest) { m.Files[0].Path = strings.Repeat("a", 1025) },
		"size over 63 bits":       func(m *manifest.Manifest) { m.Files[0].Size = 1 << 63 },
		"more files than allowed": func(m *manifest.Manifest) { m.Files = make([]manifest.File, manifest.MaxFiles+1) },
	} {
		t.Run(name, func(t *testing.T) {
			m := sample()
			spoil(&m)
			_, err := m.Encode()
			require.ErrorIs(t, err, manifest.ErrInvalid)
			_, err = m.Digest()
			require.ErrorIs(t, err, manifest.ErrInvalid)
		})
	}
}

func TestOnlyTheCanonicalFormIsDecoded(t *testing.T) {
	encoded, err := sample().Encode()
	require.NoError(t, err)
	lines := strings.Split(string(encoded), "\n")
	for name, text := range map[string]string{
		"empty":           "",
		"other version":   strings.Replace(string(encoded), "theta.result/1", "theta.result/2", 1),
		"no last newline": strings.TrimSuffix(string(encoded), "\n"),
		"blank line":      string(encoded) + "\n",
		"carriage return": strings.ReplaceAll(string(encoded), "\n", "\r\n"),
		"unsorted":        strings.Join([]string{lines[0], lines[1], lines[2], lines[3], lines[5], lines[4], ""}, "\n"),
		"leading zero":    strings.Replace(string(encoded), "file 3", "file 03", 1),
		"plus sign":       strings.Replace(string(encoded), "exit 0", "exit +0", 1),
		"minus zero":      strings.Replace(string(encoded), "exit 0", "exit -0", 1),
		"capital hex":     strings.Replace(string(encoded), "e3b0c4", "E3B0C4", 1),
		"short digest":    strings.Replace(string(encoded), "e3b0c4", "e3b0", 1),
		"big exit code":   strings.Replace(string(encoded), "exit 0", "exit 4294967296", 1),
		"header missing":  strings.Join(lines[1:], "\n"),
		"unknown line":    string(encoded) + "link a b\n",
		"far too many":    strings.Repeat("x", manifest.MaxEncodedBytes+1),
		"header in disorder": strings.Join([]string{
			lines[0], lines[2], lines[1], lines[3], "",
		}, "\n"),
	} {
		t.Run(name, func(t *testing.T) {
			_, err := manifest.Decode([]byte(text))
			require.ErrorIs(t, err, manifest.ErrInvalid)
		})
	}
}

func FuzzDecodeAcceptsOnlyWhatItWouldWrite(f *testing.F) {
	encoded, err := sample().Encode()
	if err != nil {
		f.Fatal(err)
	}
	f.Add(encoded)
	f.Add([]byte("theta.result/1\nprofile wasm/1\nreason trapped\nexit -1\n"))
	f.Fuzz(func(t *testing.T, b []byte) {
		m, err := manifest.Decode(b)
		if err != nil {
			require.ErrorIs(t, err, manifest.ErrInvalid)
			return
		}
		again, err := m.Encode()
		require.NoError(t, err)
		require.True(t, bytes.Equal(b, again), "decoded %q, encoded %q", b, again)
	})
}
