package update

import (
	"fmt"
	"io/fs"
)

// owned refuses what is not a plain file. On Windows the rights of the home decide who may change it.
func owned(path string, info fs.FileInfo) error {
	if !info.Mode().IsRegular() {
		return fmt.Errorf("expected a plain file at %s, found %s", path, info.Mode().Type())
	}
	return nil
}
