package agent

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/thetaedge/theta/internal/osfault"
	"github.com/thetaedge/theta/sidecar/store"
)

// clearWork deletes the folders that do not belong to any record. Such a folder is left if the
// daemon is killed after it has removed an assignment from the journal and before it has
// deleted the outputs. If the journal is empty, nothing is deleted. It may have replaced a
// journal that was moved away and to which these outputs belong.
func clearWork(dir string, records []store.Assignment) error {
	entries, err := os.ReadDir(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("cannot read the work folder: %w", osfault.Explain(dir, err))
	}
	if len(records) == 0 {
		return nil
	}
	named := make(map[string]bool, len(records))
	for i := range records {
		named[filepath.Base(records[i].Folder)] = true
	}
	for _, entry := range entries {
		if !named[entry.Name()] {
			err = errors.Join(err, os.RemoveAll(filepath.Join(dir, entry.Name())))
		}
	}
	return err
}
