package container

import (
	"archive/tar"
	"bytes"
	"context"
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/klauspost/compress/zstd"
	"github.com/stretchr/testify/require"

	"github.com/thetaedge/theta/executor"
)

// plainImage is an image that is never run.
func plainImage() *draft {
	return &draft{
		config:  map[string]any{"Cmd": []string{"/guest"}},
		entries: []entry{{tar.Header{Name: "guest", Mode: 0o755}, []byte("content")}},
	}
}

// read reads an image archive, verifies its layers and writes it as the engine gets it.
func read(t *testing.T, content []byte, maxBytes uint64) (*image, []byte, error) {
	t.Helper()
	a, err := openArchive(written(t, "image.tar", content))
	if err != nil {
		return nil, nil, err
	}
	defer a.close()
	i, err := a.image("amd64")
	if err != nil {
		return nil, nil, err
	}
	if err := i.verify(context.Background(), maxBytes); err != nil {
		return nil, nil, err
	}
	var b bytes.Buffer
	require.NoError(t, i.writeTo(&b, "name:tag"))
	return i, b.Bytes(), nil
}

func zstandard(content []byte) []byte {
	w, _ := zstd.NewWriter(nil)
	return w.EncodeAll(content, nil)
}

func TestAnImageIsTheSameInEveryFormat(t *testing.T) {
	want, sent, err := read(t, plainImage().saved(t), 1<<20)
	require.NoError(t, err)
	for name, pack := range map[string]func([]byte) []byte{"plain": nil, "gzip": gzipped, "zstd": zstandard} {
		d := plainImage()
		d.pack = pack
		layout, manifest := d.layout(t)
		for kind, archive := range map[string][]byte{"saved": d.saved(t), "layout": layout} {
			found, again, err := read(t, archive, 1<<20)
			require.NoError(t, err, "%s %s", name, kind)
			require.Equal(t, want.id, found.id)
			require.Equal(t, sent, again, "%s %s: the engine gets the same", name, kind)
			if kind == "layout" {
				require.Equal(t, manifest, found.manifest)
			}
		}
	}
	_, again, err := read(t, sent, 1<<20)
	require.NoError(t, err, "what the engine gets is an archive itself")
	require.Equal(t, sent, again)
}

// TestImagesThatAreNotWhatTheirDigestsSayAreRefused also covers archives that lead out of themselves.
func TestImagesThatAreNotWhatTheirDigestsSayAreRefused(t *testing.T) {
	config, stored := plainImage().parts(t)
	layer := func(entries ...entry) []byte {
		d := plainImage()
		d.entries = entries
		return d.saved(t)
	}
	outer := func(h tar.Header, content string) []byte { return tarOf(t, []entry{{h, []byte(content)}}) }
	layout, _ := plainImage().layout(t)
	for name, test := range map[string]struct {
		archive []byte
		says    string
	}{
		"other layer":              {savedArchive(t, config, tarOf(t, []entry{{tar.Header{Name: "x"}, []byte("y")}})), "expected a layer with content"},
		"layer with a byte more":   {savedArchive(t, config, append(bytes.Clone(stored), 0)), "expected a layer with content"},
		"layer that ends early":    {savedArchive(t, config, stored[:700]), "layer"},
		"other configuration":      {bytes.Replace(layout, []byte(`"Cmd"`), []byte(`"Cmt"`), 1), "expected a document with digest"},
		"two layers for one":       {bytes.Replace(plainImage().saved(t), []byte(`["one/layer.tar"]`), []byte(`["one/layer.ta"] `), 1), "does not contain it"},
		"no archive":               {[]byte(strings.Repeat("no archive", 200)), "not a tar file"},
		"no image":                 {outer(tar.Header{Name: "file"}, "x"), "expected an archive with index.json or manifest.json"},
		"absolute path":            {outer(tar.Header{Name: "/etc/passwd"}, "x"), "expected a path within the archive"},
		"path that leads out":      {outer(tar.Header{Name: "a/../../x"}, "x"), "expected a path within the archive"},
		"link that leads out":      {outer(tar.Header{Name: "a", Typeflag: tar.TypeSymlink, Linkname: "../x"}, ""), "within the archive"},
		"absolute link":            {outer(tar.Header{Name: "a", Typeflag: tar.TypeSymlink, Linkname: "/x"}, ""), "within the archive"},
		"device in the archive":    {outer(tar.Header{Name: "a", Typeflag: tar.TypeChar}, ""), "expected files only"},
		"layer: absolute path":     {layer(entry{tar.Header{Name: "/etc/passwd"}, []byte("x")}), "expected a path within the archive"},
		"layer: leads out":         {layer(entry{tar.Header{Name: "../x"}, []byte("x")}), "expected a path within the archive"},
		"layer: hard link out":     {layer(entry{tar.Header{Name: "x", Typeflag: tar.TypeLink, Linkname: "../../x"}, nil}), "expected a path within the archive"},
		"layer: device":            {layer(entry{tar.Header{Name: "sda", Typeflag: tar.TypeBlock, Devmajor: 8}, nil}), "build the image without devices"},
		"gzip that is not":         {savedArchive(t, config, []byte("\x1f\x8b not")), "looks like gzip"},
		"another operating system": {savedArchive(t, bytes.Replace(config, []byte("linux"), []byte("plan9"), 1), stored), "expected an image for linux"},
	} {
		t.Run(name, func(t *testing.T) {
			_, _, err := read(t, test.archive, 1<<20)
			require.ErrorIs(t, err, errImage)
			require.ErrorContains(t, err, test.says)
		})
	}
}

func TestAnIndexIsReadForThisArchitecture(t *testing.T) {
	config, stored := plainImage().parts(t)
	manifest := manifestOf(t, config, stored)
	of := func(architecture string, d map[string]any) map[string]any {
		d["platform"] = map[string]any{"os": "linux", "architecture": architecture}
		return d
	}
	blobs := func(digest string) (func() (io.ReadCloser, error), error) {
		for _, content := range [][]byte{config, stored, manifest} {
			if sumOf(content) == digest {
				return func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(content)), nil }, nil
			}
		}
		return nil, badImage("it names %s", digest)
	}
	index := func(list ...any) []byte { return marshal(t, map[string]any{"manifests": list}) }
	mine, other := of("amd64", describe("m", manifest)), of("arm64", describe("m", []byte("other")))
	i, err := imageOf(index(other, mine), "", "amd64", blobs)
	require.NoError(t, err)
	require.Equal(t, sumOf(config), i.id)
	for _, wrong := range [][]byte{index(), index(mine, mine), []byte("{"), index(of("amd64", describe("m", []byte("missing"))))} {
		_, err := imageOf(wrong, "", "amd64", blobs)
		require.ErrorIs(t, err, errImage)
	}
}

func TestProgramsNameTheirImageWithADigest(t *testing.T) {
	digest := strings.Repeat("ab", 32)
	p, err := ParseProgram([]byte(`{"profile":"container/1","image":"ghcr.io/owner/name@sha256:` + digest + `","entrypoint":["/run"],"env":{"A":"b"}}`))
	require.NoError(t, err)
	require.Equal(t, &Program{Profile: Profile, Image: "ghcr.io/owner/name@sha256:" + digest, Entrypoint: []string{"/run"}, Env: map[string]string{"A": "b"}}, p)
	_, err = ParseProgram([]byte(`{"profile":"container/1","image":"sha256:` + digest + `","archive":"images/one.tar"}`))
	require.NoError(t, err)
	for name, text := range map[string]string{
		"other profile":    `{"profile":"wasm/1","image":"a.b/c@sha256:` + digest + `"}`,
		"unknown field":    `{"profile":"container/1","image":"a.b/c@sha256:` + digest + `","privileged":true}`,
		"tag":              `{"profile":"container/1","image":"a.b/c:latest"}`,
		"tag and digest":   `{"profile":"container/1","image":"a.b/c:latest@sha256:` + digest + `"}`,
		"no registry":      `{"profile":"container/1","image":"ubuntu@sha256:` + digest + `"}`,
		"no host":          `{"profile":"container/1","image":"owner/ubuntu@sha256:` + digest + `"}`,
		"path that climbs": `{"profile":"container/1","image":"a.b/../c@sha256:` + digest + `"}`,
		"short digest":     `{"profile":"container/1","image":"a.b/c@sha256:abc"}`,
		"archive outside":  `{"profile":"container/1","image":"sha256:` + digest + `","archive":"../x"}`,
		"variable":         `{"profile":"container/1","image":"a.b/c@sha256:` + digest + `","env":{"A=B":"x"}}`,
		"something behind": `{"profile":"container/1","image":"a.b/c@sha256:` + digest + `"} x`,
	} {
		t.Run(name, func(t *testing.T) {
			_, err := ParseProgram([]byte(text))
			require.ErrorIs(t, err, errImage)
		})
	}
}

// FuzzImagesAreRefusedOrComplete holds that an archive of any content is either refused or gives an archive with the same
// image.
func FuzzImagesAreRefusedOrComplete(f *testing.F) {
	t := &testing.T{}
	f.Add(plainImage().saved(t))
	layout, _ := plainImage().layout(t)
	f.Add(layout)
	f.Fuzz(func(t *testing.T, content []byte) {
		i, sent, err := read(t, content, 1<<20)
		if err != nil {
			require.True(t, errors.Is(err, errImage) || errors.Is(err, executor.ErrUnavailable), err)
			return
		}
		again, _, err := read(t, sent, 1<<20)
		require.NoError(t, err)
		require.Equal(t, i.id, again.id)
	})
}
