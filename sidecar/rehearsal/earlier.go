package rehearsal

import (
	"errors"
	"fmt"
	"path/filepath"

	"github.com/thetaedge/theta/client"
)

// ErrPending means that a transaction of an earlier trial may still post its job.
var ErrPending = errors.New("an earlier self-test may still be posted, and another one would be paid for too")

// Earlier returns ErrPending if the folders of earlier trials below a root contain a job whose transaction
// may get into a block above a height. A trial can be interrupted or killed at any moment.
func Earlier(root string, height int64) error {
	folders, err := filepath.Glob(filepath.Join(root, "*"))
	if err != nil {
		return err
	}
	for _, folder := range folders {
		state, err := client.LoadState(folder)
		if errors.Is(err, client.ErrNoState) {
			continue // nothing was signed
		}
		if err != nil {
			return fmt.Errorf("an earlier self-test: %w; move %s away if it is over", err, folder)
		}
		if pending(state) && state.TxTimeout > height {
			return fmt.Errorf("%w: wait until block %d, now it is block %d; its files are in %s", ErrPending, state.TxTimeout, height, folder)
		}
	}
	return nil
}
