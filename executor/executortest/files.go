package executortest

import (
	"crypto/sha256"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"sort"

	"github.com/thetaedge/theta/executor/manifest"
)

// FilesIn lists the regular files below dir with their sizes and digests in canonical
// order, for comparison with a manifest. It fails on links and other special files.
func FilesIn(dir string) ([]manifest.File, error) {
	var files []manifest.File
	err := filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		if !entry.Type().IsRegular() {
			return fmt.Errorf("expected regular files only, found %s of mode %s", path, entry.Type())
		}
		name, err := filepath.Rel(dir, path)
		if err != nil {
			return err
		}
		file, err := digestFile(path)
		file.Path = filepath.ToSlash(name)
		files = append(files, file)
		return err
	})
	sort.Slice(files, func(i, j int) bool { return files[i].Path < files[j].Path })
	return files, err
}

func digestFile(path string) (manifest.File, error) {
	in, err := os.Open(path)
	if err != nil {
		return manifest.File{}, err
	}
	defer in.Close() //nolint:errcheck // read only
	hash := sha256.New()
	size, err := io.Copy(hash, in)
	if err != nil {
		return manifest.File{}, err
	}
	file := manifest.File{Size: uint64(size)}
	hash.Sum(file.SHA256[:0])
	return file, nil
}
