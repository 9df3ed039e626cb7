package relay

import (
	"errors"
	"fmt"
	"os"

	"github.com/thetaedge/theta/internal/osfault"
)

// ErrLocked: another process serves the folder.
var ErrLocked = errors.New("the relay's folder is in use")

// errTaken says that another process holds a lock.
var errTaken = errors.New("taken")

// lockFolder takes the folder for this process until it is closed. A second relay in it
// would delete the uploads that the first receives, and both would count the quota
// without the other's content. The folder itself is locked: a full disk takes no file.
func lockFolder(root string) (*os.File, error) {
	if err := os.MkdirAll(root, 0o700); err != nil {
		return nil, fmt.Errorf("cannot create the relay's folder: %w", osfault.Explain(root, err))
	}
	folder, err := lockAt(root)
	switch {
	case errors.Is(err, errTaken):
		holder := osfault.Holder(root)
		if holder == "" {
			holder = "another process"
		}
		err = fmt.Errorf("%w: %s serves %s; stop it, or choose another --dir", ErrLocked, holder, root)
	case err != nil:
		err = fmt.Errorf("cannot lock the relay's folder: %w", osfault.Explain(root, err))
	}
	return folder, err
}
