package grpcnode

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// The decisions that a caller makes about a failed call.
var (
	// ErrNotFound means that the chain has no such record.
	ErrNotFound = errors.New("not found on chain")
	// ErrUnreachable means that the node gave no usable answer; the same call can succeed
	// later.
	ErrUnreachable = errors.New("chain is unreachable")
	// ErrStarting means that the node was restarted and has seen no block since, for example
	// because the chain has stopped. It cannot read the state yet, and refuses valid
	// transactions. Every such error is also an ErrUnreachable.
	ErrStarting = errors.New("the node has been restarted and has not seen a block since: the chain has halted, or the node waits for peers; it answers with its next block")
	// ErrTooLarge means that the answer is larger than this client reads. The same call fails
	// again.
	ErrTooLarge = errors.New("answer is too large")
)

const (
	// startingText is part of the answer of an SDK node between its restart and its first
	// block; it has no error code of its own.
	startingText = "context did not contain latest block height"
	// catchingUpText is part of the answer of a node that cannot take transactions yet.
	catchingUpText = "endpoint is closed while node is catching up"
	// largerText is part of gRPC's error about an answer above the limit.
	largerText = "larger than max"
)

// IsStarting reports whether an error is the answer of a node that was restarted and has
// seen no block since.
func IsStarting(err error) bool {
	return err != nil && (errors.Is(err, ErrStarting) || strings.Contains(err.Error(), startingText))
}

// IsUnreachable reports whether the node gave no usable answer, so that the same call can
// succeed later. Over CometBFT's RPC, which the SDK's client.Context uses, a refused
// connection has no gRPC status.
func IsUnreachable(err error) bool {
	switch status.Code(err) {
	case codes.Unavailable, codes.DeadlineExceeded, codes.Aborted:
		return true
	case codes.ResourceExhausted:
		return !strings.Contains(err.Error(), largerText)
	case codes.Unknown:
		return isNetwork(err) || strings.Contains(err.Error(), catchingUpText)
	default:
		return false
	}
}

// Explain turns the error of a call into one of this package's errors, which wraps it. what
// names the thing that was asked for.
func Explain(ctx context.Context, what string, err error) error {
	if err == nil {
		return nil
	}
	if errors.Is(ctx.Err(), context.DeadlineExceeded) {
		return fmt.Errorf("%s: the node gave no answer in time: %w", what, ctx.Err())
	}
	if ctx.Err() != nil {
		return fmt.Errorf("%s: %w", what, ctx.Err())
	}
	s, _ := status.FromError(err)
	said := s.Message()
	switch {
	case IsStarting(err):
		return &callError{text: fmt.Sprintf("%s: %s", what, ErrStarting), causes: []error{ErrStarting, ErrUnreachable, err}}
	case s.Code() == codes.NotFound:
		return &callError{text: fmt.Sprintf("%s: %s (%s)", what, ErrNotFound, said), causes: []error{ErrNotFound, err}}
	case s.Code() == codes.ResourceExhausted && strings.Contains(said, largerText):
		return &callError{text: fmt.Sprintf("%s: %s: expected at most %d bytes (%s)", what, ErrTooLarge, maxAnswerBytes, said), causes: []error{ErrTooLarge, err}}
	case s.Code() == codes.ResourceExhausted:
		return &callError{text: fmt.Sprintf("%s: %s (%s); the node limits calls: wait, or use another one", what, ErrUnreachable, said), causes: []error{ErrUnreachable, err}}
	case IsUnreachable(err):
		return &callError{text: fmt.Sprintf("%s: %s (%s); check that the node is up and its address is right", what, ErrUnreachable, said), causes: []error{ErrUnreachable, err}}
	default:
		return fmt.Errorf("%s: %w", what, err)
	}
}

// callError is the error of a call and what it means to the caller.
type callError struct {
	text   string
	causes []error
}

// Error implements error.
func (e *callError) Error() string { return e.text }

// Unwrap returns the meaning of the error, and the error itself.
func (e *callError) Unwrap() []error { return e.causes }

// startingError is ErrStarting in the form of a node that does not answer now.
type startingError struct{ err error }

// Error implements error.
func (e *startingError) Error() string { return ErrStarting.Error() }

// Unwrap returns ErrStarting and the node's error.
func (e *startingError) Unwrap() []error { return []error{ErrStarting, ErrUnreachable, e.err} }

// GRPCStatus returns the status of a node that is not available.
func (e *startingError) GRPCStatus() *status.Status {
	return status.New(codes.Unavailable, ErrStarting.Error())
}
