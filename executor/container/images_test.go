package container

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
)

// guest returns the compiled program of testdata/guest.
func guest(t testing.TB) []byte {
	t.Helper()
	content, err := compiled()
	require.NoError(t, err)
	return content
}

var compiled = sync.OnceValues(func() ([]byte, error) { //nolint:gochecknoglobals // compiled once for all tests
	dir, err := os.MkdirTemp("", "theta-guest-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	build := exec.Command("go", "build", "-trimpath", "-ldflags=-s -w", "-o", filepath.Join(dir, "guest"), "./testdata/guest")
	build.Env = append(os.Environ(), "CGO_ENABLED=0", "GOFLAGS=-buildvcs=false")
	build.Stderr = os.Stderr
	if err := build.Run(); err != nil {
		return nil, err
	}
	return os.ReadFile(filepath.Join(dir, "guest"))
})

// draft is an image that a test builds.
type draft struct {
	config map[string]any
	// entries are the contents of the only layer.
	entries []entry
	// pack compresses the layer, if it is not nil.
	pack func([]byte) []byte
}

type entry struct {
	header  tar.Header
	content []byte
}

// guestImage is an image that runs the guest in a mode.
func guestImage(t testing.TB, command ...string) *draft {
	t.Helper()
	program := guest(t)
	return &draft{
		config: map[string]any{"Cmd": append([]string{"/guest"}, command...), "Env": []string{"PATH=/", "FROM_IMAGE=yes"}},
		entries: []entry{
			{tar.Header{Name: "guest", Mode: 0o755}, program},
			{tar.Header{Name: "guest-setuid", Mode: 0o4755}, program},
		},
	}
}

func sumOf(content []byte) string {
	sum := sha256.Sum256(content)
	return hex.EncodeToString(sum[:])
}

func tarOf(t testing.TB, entries []entry) []byte {
	t.Helper()
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	for _, e := range entries {
		h := e.header
		h.Size = int64(len(e.content))
		require.NoError(t, w.WriteHeader(&h))
		_, err := w.Write(e.content)
		require.NoError(t, err)
	}
	require.NoError(t, w.Close())
	return b.Bytes()
}

func gzipped(content []byte) []byte {
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	_, _ = w.Write(content)
	_ = w.Close()
	return b.Bytes()
}

// parts returns the configuration of an image, its stored layer and the digest of the unpacked one.
func (d *draft) parts(t testing.TB) (config, stored []byte) {
	t.Helper()
	plain := tarOf(t, d.entries)
	stored = plain
	if d.pack != nil {
		stored = d.pack(plain)
	}
	config, err := json.Marshal(map[string]any{
		"os": "linux", "architecture": runtime.GOARCH, "config": d.config,
		"rootfs": map[string]any{"type": "layers", "diff_ids": []string{"sha256:" + sumOf(plain)}},
	})
	require.NoError(t, err)
	return config, stored
}

// saved returns the image as docker save writes it.
func (d *draft) saved(t testing.TB) []byte {
	t.Helper()
	config, stored := d.parts(t)
	return savedArchive(t, config, stored)
}

func savedArchive(t testing.TB, config, stored []byte) []byte {
	t.Helper()
	id := sumOf(config)
	list, err := json.Marshal([]map[string]any{{"Config": id + ".json", "RepoTags": []string{"owner/name:latest"}, "Layers": []string{"one/layer.tar"}}})
	require.NoError(t, err)
	return tarOf(t, []entry{
		{tar.Header{Name: id + ".json", Mode: 0o644}, config},
		{tar.Header{Name: "one/layer.tar", Mode: 0o644}, stored},
		{tar.Header{Name: "manifest.json", Mode: 0o644}, list},
	})
}

// layout returns the image in the layout of the Open Container Initiative, and the digest of its manifest.
func (d *draft) layout(t testing.TB) (archive []byte, digest string) {
	t.Helper()
	config, stored := d.parts(t)
	manifest := manifestOf(t, config, stored)
	index, err := json.Marshal(map[string]any{"schemaVersion": 2, "manifests": []any{describe("application/vnd.oci.image.manifest.v1+json", manifest)}})
	require.NoError(t, err)
	all := []entry{
		{tar.Header{Name: "oci-layout", Mode: 0o644}, []byte(`{"imageLayoutVersion":"1.0.0"}`)},
		{tar.Header{Name: "index.json", Mode: 0o644}, index},
	}
	for _, content := range [][]byte{config, stored, manifest} {
		all = append(all, entry{tar.Header{Name: "blobs/sha256/" + sumOf(content), Mode: 0o644}, content})
	}
	return tarOf(t, all), sumOf(manifest)
}

func describe(kind string, content []byte) map[string]any {
	return map[string]any{"mediaType": kind, "digest": "sha256:" + sumOf(content), "size": len(content)}
}

func manifestOf(t testing.TB, config, stored []byte) []byte {
	t.Helper()
	manifest, err := json.Marshal(map[string]any{
		"schemaVersion": 2, "mediaType": "application/vnd.oci.image.manifest.v1+json",
		"config": describe("application/vnd.oci.image.config.v1+json", config),
		"layers": []any{describe("application/vnd.oci.image.layer.v1.tar+gzip", stored)},
	})
	require.NoError(t, err)
	return manifest
}

// written returns the path of a new file with some content.
func written(t testing.TB, name string, content []byte) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	require.NoError(t, os.WriteFile(path, content, 0o600))
	return path
}

func marshal(t testing.TB, value any) []byte {
	t.Helper()
	content, err := json.Marshal(value)
	require.NoError(t, err)
	return content
}
