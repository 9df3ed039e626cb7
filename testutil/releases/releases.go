// Package releases serves signed releases of programs that a test has made.
package releases

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"aead.dev/minisign"
	"github.com/stretchr/testify/require"

	"github.com/thetaedge/theta/sidecar/release"
)

// Serve serves a release of a program for one platform until the test ends, and returns its address and the key
// that has signed it.
func Serve(t testing.TB, os, arch, version string, program []byte) (address, key string) {
	t.Helper()
	_, private, err := minisign.GenerateKey(nil)
	require.NoError(t, err)
	text, err := private.MarshalText()
	require.NoError(t, err)
	signer, err := release.NewSigner(text, "")
	require.NoError(t, err)
	key, err = signer.Public()
	require.NoError(t, err)
	parsed, err := release.ParseVersion(version)
	require.NoError(t, err)
	name := release.ArchiveName(parsed, os, arch)
	var archive bytes.Buffer
	entry := release.Entry{Name: release.ProgramName(os), Executable: true, Content: program}
	require.NoError(t, release.Pack(&archive, name, time.Now(), []release.Entry{entry}))
	manifest, err := release.Manifest{
		Channel: "stable", Version: version, MinimumProtocol: 1, Released: time.Now().Add(-time.Hour), Expires: time.Now().Add(time.Hour),
		Files: map[string]release.File{os + "/" + arch: {
			Name: name, Size: int64(archive.Len()), SHA256: sum(archive.Bytes()), ProgramSize: int64(len(program)), ProgramSHA256: sum(program),
		}},
	}.Encode()
	require.NoError(t, err)
	return serve(t, map[string][]byte{
		"/stable/" + name: archive.Bytes(), "/stable/" + release.ManifestName: manifest,
		"/stable/" + release.ManifestName + release.SignatureSuffix: signer.Sign(release.ManifestName, manifest),
	}), key
}

func sum(content []byte) string {
	s := sha256.Sum256(content)
	return hex.EncodeToString(s[:])
}

// serve serves files by path.
func serve(t testing.TB, files map[string][]byte) (address string) {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if content, found := files[r.URL.Path]; found {
			// The client may be gone. In this case the error cannot be reported to it.
			_, _ = w.Write(content)
			return
		}
		http.NotFound(w, r)
	}))
	t.Cleanup(server.Close)
	return server.URL
}
