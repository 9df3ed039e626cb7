//go:build !windows

package update

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"log/slog"
	"math"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"runtime"
	"sync"
	"testing"
	"time"

	"aead.dev/minisign"
	"github.com/stretchr/testify/require"

	"github.com/thetaedge/theta/sidecar/release"
)

// patience bounds what a loaded machine needs.
const patience = time.Minute

// protocol is the format of the journal of the program that runs.
const protocol = 3

// shop is a server of releases. Its key signs them unless a test says otherwise.
type shop struct {
	t      *testing.T
	server *httptest.Server
	signer release.Signer
	keys   release.Keys
	now    time.Time

	mu    sync.Mutex
	files map[string][]byte
	// serve replaces the answer to requests for a file.
	serve map[string]http.HandlerFunc
	asked map[string]int
}

func newShop(t *testing.T) *shop {
	t.Helper()
	s := &shop{t: t, now: time.Date(2026, 3, 4, 12, 0, 0, 0, time.UTC), files: map[string][]byte{}, serve: map[string]http.HandlerFunc{}, asked: map[string]int{}}
	s.signer, s.keys = newKey(t)
	s.server = httptest.NewServer(http.HandlerFunc(s.answer))
	t.Cleanup(s.server.Close)
	return s
}

func newKey(t *testing.T) (release.Signer, release.Keys) {
	t.Helper()
	_, private, err := minisign.GenerateKey(nil)
	require.NoError(t, err)
	text, err := private.MarshalText()
	require.NoError(t, err)
	signer, err := release.NewSigner(text, "")
	require.NoError(t, err)
	public, err := signer.Public()
	require.NoError(t, err)
	keys, err := release.ParseKeys(public)
	require.NoError(t, err)
	return signer, keys
}

func (s *shop) answer(w http.ResponseWriter, r *http.Request) {
	name := filepath.Base(r.URL.Path)
	s.mu.Lock()
	s.asked[name]++
	content, found := s.files[r.URL.Path]
	serve := s.serve[name]
	s.mu.Unlock()
	switch {
	case serve != nil:
		serve(w, r)
	case found:
		_, _ = w.Write(content)
	default:
		http.NotFound(w, r)
	}
}

// script returns a program that says that it has a version.
func script(version string) []byte {
	return fmt.Appendf(nil, "#!/bin/sh\n# %s\necho thetaedge v%s\n", bytes.Repeat([]byte("x"), 4096), version)
}

// publish offers a version. edit changes the manifest before it is signed.
func (s *shop) publish(version string, program []byte, edit ...func(*release.Manifest)) {
	s.t.Helper()
	parsed, err := release.ParseVersion(version)
	require.NoError(s.t, err)
	name := release.ArchiveName(parsed, runtime.GOOS, runtime.GOARCH)
	var archive bytes.Buffer
	require.NoError(s.t, release.Pack(&archive, name, s.now, []release.Entry{{Name: "thetaedge", Executable: true, Content: program}, {Name: "LICENSE", Content: []byte("free")}}))
	m := release.Manifest{
		Channel: "stable", Version: version, MinimumProtocol: protocol, Released: s.now.Add(-time.Hour), Expires: s.now.AddDate(0, 6, 0),
		Files: map[string]release.File{runtime.GOOS + "/" + runtime.GOARCH: {
			Name: name, Size: int64(archive.Len()), SHA256: sumOf(archive.Bytes()), ProgramSize: int64(len(program)), ProgramSHA256: sumOf(program),
		}},
	}
	for _, change := range edit {
		change(&m)
	}
	raw, err := m.Encode()
	require.NoError(s.t, err)
	s.put("stable/"+name, archive.Bytes())
	s.put("stable/"+release.ManifestName, raw)
	s.put("stable/"+release.ManifestName+release.SignatureSuffix, s.signer.Sign(release.ManifestName, raw))
}

func (s *shop) put(path string, content []byte) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.files["/"+path] = content
}

func (s *shop) get(path string) []byte {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.files["/"+path]
}

// answers lets a function answer requests for a file.
func (s *shop) answers(name string, serve http.HandlerFunc) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.serve[name] = serve
}

func (s *shop) source() *Source {
	s.t.Helper()
	source, err := NewSource(s.server.URL, "stable")
	require.NoError(s.t, err)
	return source
}

// folder returns the versions of a new home.
func (s *shop) folder() *Folder {
	return &Folder{Home: s.t.TempDir(), Now: func() time.Time { return s.now }}
}

func (s *shop) check(f *Folder, own string) (Offer, error) {
	return f.Check(s.t.Context(), s.source(), s.keys, Program{Version: own, Protocol: protocol})
}

// take checks, stages and chooses what is offered.
func (s *shop) take(ctx context.Context, f *Folder, own string) error {
	source, err := NewSource(s.server.URL, "stable")
	if err != nil {
		return err
	}
	return takeFrom(ctx, f, source, s.keys, own)
}

func takeFrom(ctx context.Context, f *Folder, source *Source, keys release.Keys, own string) error {
	offer, err := f.Check(ctx, source, keys, Program{Version: own, Protocol: protocol})
	if err != nil {
		return err
	}
	if err := f.Stage(ctx, source, keys, offer, plenty); err != nil {
		return err
	}
	return f.Choose(offer, keys, true)
}

func plenty(string) (uint64, error) { return math.MaxInt64, nil }

func sumOf(content []byte) string {
	digest := sha256.Sum256(content)
	return hex.EncodeToString(digest[:])
}

// requireInstalled requires that the installed program of version 1.3.0 runs, and that nothing half-made is left.
func requireInstalled(t *testing.T, f *Folder, keys release.Keys) {
	t.Helper()
	program, _, err := f.Pick("/usr/local/bin/thetaedge", "1.3.0", keys)
	require.NoError(t, err)
	require.Empty(t, program)
	entries, err := os.ReadDir(f.path())
	if os.IsNotExist(err) {
		return
	}
	require.NoError(t, err)
	for _, entry := range entries {
		require.NotContains(t, entry.Name(), ".new-", "nothing half-made is left")
	}
}

func healthy(context.Context) error { return nil }

func quiet() *slog.Logger { return slog.New(slog.DiscardHandler) }
