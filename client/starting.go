package client

import (
	"context"
	"errors"
	"strings"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// ErrStarting: the node was restarted and has seen no block since, as on a chain that
// stands still. It can say nothing of the state yet, and refuses good transactions.
var ErrStarting = errors.New("the node was restarted and has seen no block since; it answers again with the chain's next block")

// startingText is in what a node of the SDK answers between its restart and its
// first block; it comes without a code of its own.
const startingText = "context did not contain latest block height"

// IsStarting tells whether an error is the answer of a node that was restarted and
// has seen no block since.
func IsStarting(err error) bool {
	return err != nil && (errors.Is(err, ErrStarting) || strings.Contains(err.Error(), startingText))
}

// startingError is ErrStarting as every caller of a node sees it: as a node that does
// not answer for now.
type startingError struct{ err error }

// Error implements error.
func (e *startingError) Error() string { return ErrStarting.Error() }

// Unwrap returns both what it is and what the node has said.
func (e *startingError) Unwrap() []error { return []error{ErrStarting, e.err} }

// GRPCStatus makes it a node that is not available.
func (e *startingError) GRPCStatus() *status.Status {
	return status.New(codes.Unavailable, ErrStarting.Error())
}

// telling is a connection that tells a node that is starting from one that has no
// such record or refuses.
type telling struct{ Connection }

// Invoke implements Connection.
func (t telling) Invoke(ctx context.Context, method string, request, reply any, opts ...grpc.CallOption) error {
	err := t.Connection.Invoke(ctx, method, request, reply, opts...)
	if IsStarting(err) {
		return &startingError{err: err}
	}
	return err
}
