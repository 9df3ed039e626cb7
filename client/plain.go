package client

import (
	"fmt"
	"strings"

	"github.com/thetaedge/theta/client/grpcnode"
)

// plain removes gRPC's framing from an error that a person reads.
func plain(err error) error { return grpcnode.Plain(err) }

// within adds what was being done to an error of the chain, which would show its place in
// the source if it was formatted.
func within(what string, err error) error {
	return &plainError{text: fmt.Sprintf("%s: %s", what, grpcnode.PlainText(err.Error())), err: err}
}

// plainError reads as the text and still unwraps to the whole.
type plainError struct {
	text string
	err  error
}

func (e *plainError) Error() string { return strings.TrimSpace(e.text) }

func (e *plainError) Unwrap() error { return e.err }
