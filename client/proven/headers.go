package proven

import (
	"context"
	"errors"
	"fmt"

	"github.com/cometbft/cometbft/types"
)

// ErrHeader: a header is not to be believed.
var ErrHeader = errors.New("header is not to be trusted")

// Headers gives headers that are believed for a reason.
type Headers interface {
	// Header returns the header at a height, 0 for the newest there is. It returns
	// ErrHeader for one that is not to be believed, and the node's error where none
	// is to be had.
	Header(ctx context.Context, height int64) (*types.Header, error)
	// Grounds says why, in a clause for a person.
	Grounds() string
}

// refused wraps an error as ErrHeader.
func refused(height int64, err error) error {
	return fmt.Errorf("%w: height %d: %w", ErrHeader, height, err)
}
