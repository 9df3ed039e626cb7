package client

import (
	"context"
	"errors"
	"strings"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// ErrStarting means that the node was restarted and has seen no block since, for example
// because the chain has stopped. It cannot read the state yet, and refuses valid
// transactions.
var ErrStarting = errors.New("the node was restarted and has seen no block since; it answers again with the chain's next block")

// startingText is part of the answer of an SDK node between its restart and its first
// block; it has no error code of its own.
const startingText = "context did not contain latest block height"

// IsStarting reports whether an error is the answer of a node that was restarted and has
// seen no block since.
func IsStarting(err error) bool {
	return err != nil && (errors.Is(err, ErrStarting) || strings.Contains(err.Error(), startingText))
}

// startingError is ErrStarting in the form in which callers see it: as a node that does not
// answer now.
type startingError struct{ err error }

// Error implements error.
func (e *startingError) Error() string { return ErrStarting.Error() }

// Unwrap returns ErrStarting and the node's error.
func (e *startingError) Unwrap() []error { return []error{ErrStarting, e.err} }

// GRPCStatus returns the status of a node that is not available.
func (e *startingError) GRPCStatus() *status.Status {
	return status.New(codes.Unavailable, ErrStarting.Error())
}

// telling is a connection that distinguishes a starting node from a missing record and a
// refusal.
type telling struct{ Connection }

// Invoke implements Connection.
func (t telling) Invoke(ctx context.Context, method string, request, reply any, opts ...grpc.CallOption) error {
	err := t.Connection.Invoke(ctx, method, request, reply, opts...)
	if IsStarting(err) {
		return &startingError{err: err}
	}
	return err
}
