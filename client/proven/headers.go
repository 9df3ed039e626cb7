package proven

import (
	"context"
	"errors"
	"fmt"

	"github.com/cometbft/cometbft/types"
)

// ErrHeader means that a header cannot be trusted.
var ErrHeader = errors.New("header is not to be trusted")

// ErrWitness means that a header could not be compared, because no other node has shown one. It says
// nothing about the node whose header it is.
var ErrWitness = errors.New("no other node shows the header")

// Headers provides headers that can be trusted for a reason.
type Headers interface {
	// Header returns the header at a height; 0 means the newest. It returns ErrHeader for a
	// header that cannot be trusted, and the node's error if there is none.
	Header(ctx context.Context, height int64) (*types.Header, error)
	// Grounds says why the headers are trusted, in a clause for a person.
	Grounds() string
}

// refused wraps an error as ErrHeader.
func refused(height int64, err error) error {
	return fmt.Errorf("%w: height %d: %w", ErrHeader, height, err)
}
