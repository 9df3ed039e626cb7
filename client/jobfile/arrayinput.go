package jobfile

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"

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

// Files returns the paths of the folder's files, in order of name.
func (a *ArrayInput) Files() ([]string, error) {
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
