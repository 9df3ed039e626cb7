package safetensors

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
)

// Names of the files of a folder.
const (
	SingleName = "model.safetensors"
	IndexName  = "model.safetensors.index.json"
)

// maxIndex is the highest number of bytes of an index.
const maxIndex = 64 << 20

// Folder is the tensors of a model, in one file or several.
type Folder struct {
	owner map[string]*File
	open  []*os.File
}

// OpenFolder opens model.safetensors of a folder, or the files that its index names. An index is
// refused if it names a file outside of the folder, or a tensor that the file does not have. Close
// closes the files.
func OpenFolder(path string) (*Folder, error) {
	folder := &Folder{owner: map[string]*File{}}
	err := folder.load(path)
	if err != nil {
		return nil, errors.Join(err, folder.Close())
	}
	return folder, nil
}

func (f *Folder) load(path string) error {
	index, err := readIndex(filepath.Join(path, IndexName))
	if errors.Is(err, fs.ErrNotExist) {
		file, err := f.openFile(filepath.Join(path, SingleName))
		if err != nil {
			return err
		}
		for _, name := range file.Names() {
			f.owner[name] = file
		}
		return nil
	}
	if err != nil {
		return err
	}
	files := map[string]*File{}
	for _, name := range slices.Sorted(maps.Keys(index)) {
		part := index[name]
		if !filepath.IsLocal(part) || filepath.Base(part) != part {
			return fmt.Errorf("%s: tensor %q: expected the name of a file in the folder, found %q", IndexName, name, part)
		}
		if files[part] == nil {
			if files[part], err = f.openFile(filepath.Join(path, part)); err != nil {
				return err
			}
		}
		if _, found := files[part].Shape(name); !found {
			return fmt.Errorf("%s: expected the tensor %q in %s, found none", IndexName, name, part)
		}
		f.owner[name] = files[part]
	}
	return nil
}

func readIndex(path string) (map[string]string, error) {
	stat, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if stat.Size() > maxIndex {
		return nil, fmt.Errorf("%s: expected at most %d bytes, found %d", path, maxIndex, stat.Size())
	}
	content, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	var index struct {
		Weights map[string]string `json:"weight_map"`
	}
	if err := json.Unmarshal(content, &index); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	if len(index.Weights) == 0 {
		return nil, fmt.Errorf("%s: expected a weight_map, found none", path)
	}
	return index.Weights, nil
}

func (f *Folder) openFile(path string) (*File, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	f.open = append(f.open, file)
	stat, err := file.Stat()
	if err != nil {
		return nil, err
	}
	tensors, err := Read(file, stat.Size())
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return tensors, nil
}

// Close closes all files.
func (f *Folder) Close() error {
	var all error
	for _, file := range f.open {
		all = errors.Join(all, file.Close())
	}
	return all
}

// Names returns the names of all tensors in order of the alphabet.
func (f *Folder) Names() []string { return slices.Sorted(maps.Keys(f.owner)) }

// Shape returns the dimensions of a tensor, and false if there is no such tensor.
func (f *Folder) Shape(name string) (dims []int, found bool) {
	if file := f.owner[name]; file != nil {
		return file.Shape(name)
	}
	return nil, false
}

// Read reads len(out) elements of a tensor, from element number first on.
func (f *Folder) Read(name string, first int, out []float32) error {
	file := f.owner[name]
	if file == nil {
		return fmt.Errorf("expected a tensor %q, found none", name)
	}
	return file.Read(name, first, out)
}
