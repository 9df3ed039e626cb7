package grpcnode

import (
	"errors"
	"testing"

	"github.com/stretchr/testify/require"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

func TestAnErrorOfANodeIsPlain(t *testing.T) {
	const framed = "rpc error: code = Unknown desc = rpc error: code = Unknown desc = failed to execute message; message index: 0: " +
		"no job 9-9-9: job not found [/home/me/errors@v1.1.0/errors.go:165] with gas used: '31446': unknown request"
	for text, want := range map[string]string{
		framed:                        "no job 9-9-9: job not found",
		"cancel job 9-9-9: " + framed: "cancel job 9-9-9: no job 9-9-9: job not found",
		"rpc error: code = NotFound desc = rpc error: code = NotFound desc = round 7: key not found": "round 7",
		"failed to execute message; message index: 1: no":                                            "failed to execute message; message index: 1: no",
		"alice.info: key not found":                                                                  "alice.info: key not found",
		"expected [a b] of main.go":                                                                  "expected [a b] of main.go",
	} {
		require.Equal(t, want, PlainText(text))
	}
	err := Plain(status.Error(codes.NotFound, "no class x: unknown hardware class: key not found"))
	require.EqualError(t, err, "no class x: unknown hardware class")
	require.Equal(t, codes.NotFound, status.Code(errors.Unwrap(err)))
}
