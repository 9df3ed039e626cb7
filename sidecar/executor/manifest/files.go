package manifest

import (
	"crypto/sha256"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"sort"
)

// FilesIn lists the regular files below dir with their sizes and digests, in
// canonical order, so that saved outputs can be held against a manifest. It
// fails with ErrInvalid on links and other special files.
func FilesIn(dir string) ([]File, error) {
	var files []File
	err := filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		if !entry.Type().IsRegular() {
			return fmt.Errorf("%w: %s is no regular file", ErrInvalid, path)
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

func digestFile(path string) (File, error) {
	in, err := os.Open(path)
	if err != nil {
		return File{}, err
	}
	defer in.Close() //nolint:errcheck // read only
	hash := sha256.New()
	size, err := io.Copy(hash, in)
	if err != nil {
		return File{}, err
	}
	file := File{Size: uint64(size)}
	hash.Sum(file.SHA256[:0])
	return file, nil
}
