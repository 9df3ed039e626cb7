package agent

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"

	"github.com/thetaedge/theta/internal/osfault"
)

// fewFolders is the number of folders up to which each file is synced by itself. For more of
// them, one call that writes everything of the file system takes less time, if there is one.
const fewFolders = 8

// syncFolders writes folders that lie side by side to the disk, with everything in them.
func syncFolders(folders []string) error {
	if len(folders) == 0 {
		return nil
	}
	parent := filepath.Dir(folders[0])
	if len(folders) > fewFolders {
		switch err := syncFileSystem(parent); {
		case err == nil:
			return nil
		case !errors.Is(err, errors.ErrUnsupported):
			return osfault.Explain(parent, err)
		}
	}
	for _, folder := range folders {
		if err := syncTree(folder); err != nil {
			return osfault.Explain(folder, err)
		}
	}
	return osfault.Explain(parent, syncPath(parent))
}

// syncTree syncs a folder and everything in it.
func syncTree(root string) error {
	return filepath.WalkDir(root, func(path string, _ fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		return syncPath(path)
	})
}

// syncPath syncs a file or the names in a folder. Windows has no call for the latter and does
// not need one.
func syncPath(path string) error {
	if runtime.GOOS == "windows" {
		return syncWritable(path)
	}
	file, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(file.Sync(), file.Close())
}

// syncWritable syncs a file through a handle that may write.
func syncWritable(path string) error {
	if info, err := os.Stat(path); err != nil || info.IsDir() {
		return err
	}
	file, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		return err
	}
	return errors.Join(file.Sync(), file.Close())
}
