package grpcnode

import (
	"errors"
	"regexp"
	"strings"

	"google.golang.org/grpc/status"
)

var (
	// framing is what nodes and libraries add to an error text: gRPC codes, the place in
	// the source, the gas of a simulation.
	framing = regexp.MustCompile(`rpc error: code = \w+ desc = |failed to execute message; message index: 0: | \[[^\s\]]+\.go:\d+\]| with gas used: '\d+'`)
	// trailing are the codes of the query path, which say less than the text before them.
	trailing = regexp.MustCompile(`(: (unknown request|invalid request|key not found))+$`)
)

// PlainText removes from a node's error the parts that do not help a person.
func PlainText(text string) string {
	if short := framing.ReplaceAllString(text, ""); short != text {
		return trailing.ReplaceAllString(short, "")
	}
	return text
}

// Plain removes gRPC's framing from an error that a person reads.
func Plain(err error) error {
	var framed interface{ GRPCStatus() *status.Status }
	if errors.As(err, &framed) {
		text := trailing.ReplaceAllString(framing.ReplaceAllString(framed.GRPCStatus().Message(), ""), "")
		return &plainError{text: text, err: err}
	}
	return err
}

// plainError reads as the message and still unwraps to the whole.
type plainError struct {
	text string
	err  error
}

func (e *plainError) Error() string { return strings.TrimSpace(e.text) }

func (e *plainError) Unwrap() error { return e.err }
