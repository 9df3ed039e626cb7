package client

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/thetaedge/theta/blob"
	"github.com/thetaedge/theta/blob/transfer"
	computetypes "github.com/thetaedge/theta/x/compute/types"
)

// ArrayInput gives each task of an array a file of its own.
type ArrayInput struct {
	// Path below /in at which a task finds its file.
	Path string `yaml:"path"`
	// Folder holds one file per task, in the order of their names, and nothing else.
	Folder string `yaml:"folder"`
}

func (a *ArrayInput) validate() error {
	if a.Path == "" || a.Folder == "" {
		return errors.New("array_input: expected path, at which a task finds its file, and folder, which holds one file per task; add what is missing")
	}
	return nil
}

// files returns the paths of the folder's files, in order of name.
func (a *ArrayInput) files() ([]string, error) {
	entries, err := os.ReadDir(a.Folder)
	if err != nil {
		return nil, fmt.Errorf("array_input: %w", err)
	}
	if len(entries) == 0 || len(entries) > computetypes.MaxTasks {
		return nil, fmt.Errorf("array_input: expected 1 to %d files in %s, found %d", computetypes.MaxTasks, a.Folder, len(entries))
	}
	paths := make([]string, len(entries))
	for i, entry := range entries {
		paths[i] = filepath.Join(a.Folder, entry.Name())
		if !entry.Type().IsRegular() {
			return nil, fmt.Errorf("array_input: expected regular files only, found %s", paths[i])
		}
	}
	return paths, nil
}

// arrayInput returns the root of a Merkle tree over the tasks' files. The tree is uploaded
// to the relay with them.
func (p *Packed) arrayInput(input *ArrayInput, relay *transfer.Client) (*computetypes.ArrayInput, error) {
	paths, err := input.files()
	if err != nil {
		return nil, err
	}
	items := make([]blob.ArrayItem, len(paths))
	var largest uint64
	seen := make(map[blob.Digest]bool, len(paths))
	for i, path := range paths {
		u, err := readUpload(path)
		if err != nil {
			return nil, fmt.Errorf("array_input: %w", err)
		}
		items[i] = blob.ArrayItem{Digest: u.digest, Size: uint64(u.size)} //nolint:gosec // sizes are positive
		largest = max(largest, items[i].Size)
		if !seen[u.digest] {
			seen[u.digest] = true
			p.uploads = append(p.uploads, u)
		}
	}
	file, root, err := blob.EncodeArray(items)
	if err != nil {
		return nil, fmt.Errorf("array_input: %w", err)
	}
	tree := upload{path: "the tree of " + input.Folder, content: file, digest: blob.DigestOf(file), size: int64(len(file))}
	p.uploads = append(p.uploads, tree)
	return &computetypes.ArrayInput{
		Path: input.Path, Root: bytes.Clone(root[:]), Count: uint64(len(items)),
		MaxBytes: max(largest, 1), Uris: []string{relay.ArrayURL(tree.digest)},
	}, nil
}
