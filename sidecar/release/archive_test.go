package release_test

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/thetaedge/theta/sidecar/release"
)

func sum(content []byte) string {
	digest := sha256.Sum256(content)
	return hex.EncodeToString(digest[:])
}

// fileOf returns what a manifest says about an archive with a program.
func fileOf(name string, archive, program []byte) release.File {
	return release.File{Name: name, Size: int64(len(archive)), SHA256: sum(archive), ProgramSize: int64(len(program)), ProgramSHA256: sum(program)}
}

// unpack unpacks an archive into a folder whose other content must not change.
func unpack(t *testing.T, file release.File, archive []byte) (string, error) {
	t.Helper()
	dir := t.TempDir()
	path, to := filepath.Join(dir, "archive"), filepath.Join(dir, "out", "thetaedge")
	require.NoError(t, os.WriteFile(path, archive, 0o600))
	require.NoError(t, os.Mkdir(filepath.Dir(to), 0o700))
	err := file.Unpack(path, "thetaedge", to)
	entries, readErr := os.ReadDir(dir)
	require.NoError(t, readErr)
	require.Len(t, entries, 2, "nothing was written elsewhere")
	entries, readErr = os.ReadDir(filepath.Dir(to))
	require.NoError(t, readErr)
	if err != nil {
		require.Empty(t, entries, "nothing is left of a refused archive")
	} else {
		require.Len(t, entries, 1)
	}
	return to, err
}

func TestTheSameEntriesAndTimeGiveTheSameBytesAndComeOutAgain(t *testing.T) {
	program := bytes.Repeat([]byte("program "), 1000)
	entries := []release.Entry{{Name: "thetaedge", Executable: true, Content: program}, {Name: "LICENSE", Content: []byte("free")}}
	at := time.Date(2026, 3, 4, 12, 0, 1, 7, time.FixedZone("x", 3600))
	for _, name := range []string{"a.tar.gz", "a.zip"} {
		var first, second bytes.Buffer
		require.NoError(t, release.Pack(&first, name, at, entries))
		require.NoError(t, release.Pack(&second, name, at.UTC(), entries))
		require.Equal(t, first.Bytes(), second.Bytes())
		to, err := unpack(t, fileOf(name, first.Bytes(), program), first.Bytes())
		require.NoError(t, err)
		found, err := os.ReadFile(to)
		require.NoError(t, err)
		require.Equal(t, program, found)
		info, err := os.Stat(to)
		require.NoError(t, err)
		if runtime.GOOS != "windows" { // where no file has such a right
			require.Equal(t, os.FileMode(0o700), info.Mode().Perm())
		}
	}
}

// tarOf returns a tar.gz of headers, whose contents have the size that the header says.
func tarOf(t *testing.T, headers ...tar.Header) []byte {
	t.Helper()
	var out bytes.Buffer
	zipped := gzip.NewWriter(&out)
	w := tar.NewWriter(zipped)
	for _, h := range headers {
		require.NoError(t, w.WriteHeader(&h))
		_, err := io.CopyN(w, zeros{}, h.Size)
		require.NoError(t, err)
	}
	require.NoError(t, w.Close())
	require.NoError(t, zipped.Close())
	return out.Bytes()
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) { clear(p); return len(p), nil }

func TestAnArchiveWithAnythingButPlainFilesAtItsTopIsRefused(t *testing.T) {
	program := make([]byte, 64)
	good := tar.Header{Typeflag: tar.TypeReg, Name: "thetaedge", Size: 64, Mode: 0o755}
	at := func(name string) tar.Header { h := good; h.Name = name; return h }
	many := []tar.Header{good}
	for range 20 {
		many = append(many, at("x"))
	}
	for name, headers := range map[string][]tar.Header{
		"a path upwards":         {good, at("../evil")},
		"an absolute path":       {good, at("/tmp/evil")},
		"a folder":               {{Typeflag: tar.TypeDir, Name: "dir/", Mode: 0o755}, good},
		"a file in a folder":     {at("dir/thetaedge")},
		"a path of Windows":      {good, at(`..\evil`)},
		"a drive of Windows":     {good, at(`C:evil`)},
		"a symbolic link":        {{Typeflag: tar.TypeSymlink, Name: "thetaedge", Linkname: "/bin/sh"}},
		"a link beside it":       {good, {Typeflag: tar.TypeSymlink, Name: "x", Linkname: "/etc"}},
		"a hard link":            {good, {Typeflag: tar.TypeLink, Name: "x", Linkname: "thetaedge"}},
		"a device":               {good, {Typeflag: tar.TypeChar, Name: "x"}},
		"two programs":           {good, good},
		"no program":             {at("README.txt")},
		"another size":           {{Typeflag: tar.TypeReg, Name: "thetaedge", Size: 65, Mode: 0o755}},
		"many files":             many,
		"a bomb beside it":       {{Typeflag: tar.TypeReg, Name: "bomb", Size: 64 << 20}, good},
		"a bomb as the program":  {{Typeflag: tar.TypeReg, Name: "thetaedge", Size: 64 << 20}},
		"the name of the folder": {{Typeflag: tar.TypeReg, Name: ".", Size: 64}},
	} {
		archive := tarOf(t, headers...)
		_, err := unpack(t, fileOf("a.tar.gz", archive, program), archive)
		require.Error(t, err, name)
	}
	_, err := unpack(t, fileOf("a.tar.gz", nil, program), tarOf(t, good))
	require.NoError(t, err, "the file that the others differ from")
}

func TestAZipWithAnythingButPlainFilesAtItsTopIsRefused(t *testing.T) {
	program := make([]byte, 64)
	for name, write := range map[string]func(*zip.Writer) error{
		"a path upwards": func(w *zip.Writer) error { _, err := w.Create("../thetaedge"); return err },
		"a folder":       func(w *zip.Writer) error { _, err := w.Create("dir/"); return err },
		"a link": func(w *zip.Writer) error {
			header := &zip.FileHeader{Name: "thetaedge"}
			header.SetMode(os.ModeSymlink | 0o777)
			out, err := w.CreateHeader(header)
			if err == nil {
				_, err = out.Write(program)
			}
			return err
		},
		"another size": func(w *zip.Writer) error {
			out, err := w.Create("thetaedge")
			if err == nil {
				_, err = out.Write(make([]byte, 1<<20))
			}
			return err
		},
	} {
		var archive bytes.Buffer
		w := zip.NewWriter(&archive)
		require.NoError(t, write(w), name)
		require.NoError(t, w.Close(), name)
		_, err := unpack(t, fileOf("a.zip", archive.Bytes(), program), archive.Bytes())
		require.Error(t, err, name)
	}
}

func TestADamagedArchiveIsRefused(t *testing.T) {
	program := bytes.Repeat([]byte{7}, 5000)
	entries := []release.Entry{{Name: "thetaedge", Executable: true, Content: program}}
	for _, name := range []string{"a.tar.gz", "a.zip"} {
		var archive bytes.Buffer
		require.NoError(t, release.Pack(&archive, name, time.Unix(1, 0), entries))
		raw := archive.Bytes()
		file := fileOf(name, raw, program)
		require.NoError(t, file.Check(bytes.NewReader(raw)))
		require.ErrorContains(t, file.Check(bytes.NewReader(raw[:len(raw)-1])), "cut off")
		require.ErrorContains(t, file.Check(io.MultiReader(bytes.NewReader(raw), zeros{})), "found more")
		changed := append([]byte(nil), raw...)
		changed[len(changed)/2] ^= 1
		require.ErrorContains(t, file.Check(bytes.NewReader(changed)), "SHA-256")

		_, err := unpack(t, file, raw[:len(raw)/2])
		require.Error(t, err, name)
		_, err = unpack(t, file, []byte("nonsense"))
		require.Error(t, err, name)
		other := file
		other.ProgramSHA256 = sum([]byte("other"))
		_, err = unpack(t, other, raw)
		require.ErrorContains(t, err, "SHA-256", name)
	}
}
