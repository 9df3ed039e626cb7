package chain

import (
	"context"
	"fmt"
	"strings"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/status"
)

// maxAnswerBytes bounds one answer of a node.
const maxAnswerBytes = 16 << 20

// Dial opens a connection to a node's gRPC endpoint: "host:port" or
// "http://host:port" without, "https://host:port" with transport security. It
// does not wait for the node to answer.
func Dial(endpoint string) (*grpc.ClientConn, error) {
	target, secure, err := parseEndpoint(endpoint)
	if err != nil {
		return nil, err
	}
	creds := insecure.NewCredentials()
	if secure {
		creds = credentials.NewTLS(nil)
	}
	conn, err := grpc.NewClient(target,
		grpc.WithTransportCredentials(creds),
		grpc.WithDefaultCallOptions(grpc.MaxCallRecvMsgSize(maxAnswerBytes)))
	if err != nil {
		return nil, fmt.Errorf("cannot open a connection to %s: %w", endpoint, err)
	}
	return conn, nil
}

func parseEndpoint(endpoint string) (target string, secure bool, err error) {
	target = endpoint
	switch {
	case strings.HasPrefix(endpoint, "https://"):
		target, secure = strings.TrimPrefix(endpoint, "https://"), true
	case strings.HasPrefix(endpoint, "http://"):
		target = strings.TrimPrefix(endpoint, "http://")
	case strings.HasPrefix(endpoint, "tcp://"):
		target = strings.TrimPrefix(endpoint, "tcp://")
	}
	target = strings.TrimRight(target, "/")
	if target == "" || strings.ContainsAny(target, "/ ") {
		return "", false, fmt.Errorf("expected a gRPC endpoint like 127.0.0.1:9090 or https://grpc.example:443, found %q", endpoint)
	}
	return target, secure, nil
}

// explain turns a gRPC status into one of this package's errors. what names the
// thing that was asked for.
func explain(ctx context.Context, what string, err error) error {
	if err == nil {
		return nil
	}
	if ctx.Err() != nil {
		return fmt.Errorf("%s: %w", what, ctx.Err())
	}
	s, _ := status.FromError(err)
	switch s.Code() {
	case codes.NotFound:
		return fmt.Errorf("%s: %w (%s)", what, ErrNotFound, s.Message())
	case codes.Unavailable, codes.DeadlineExceeded, codes.ResourceExhausted, codes.Aborted:
		return fmt.Errorf("%s: %w (%s); check that the node is up and its gRPC endpoint is right", what, ErrUnreachable, s.Message())
	default:
		return fmt.Errorf("%s: %w", what, err)
	}
}
