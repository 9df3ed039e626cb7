package chain

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/keepalive"
	"google.golang.org/grpc/status"

	"github.com/thetaedge/theta/client"
)

const (
	// maxAnswerBytes bounds one answer of a node.
	maxAnswerBytes = 16 << 20
	// callLimit bounds the time of one answer. A node that takes calls and never
	// answers would otherwise hold a transaction, and with it all later ones, for ever.
	callLimit = 15 * time.Second
	// pingPause is more than the five minutes below which servers refuse pings.
	pingPause = 6 * time.Minute
	// pingLimit is how long a connection may leave bytes unacknowledged: a machine
	// that has slept or changed its network finds out before its deadlines do.
	pingLimit = 20 * time.Second
)

// Dial opens a connection to a node's gRPC endpoint: "https://host:port" with transport
// security; "host:port" or "http://host:port" without, and then to this machine only, or
// it returns ErrPlaintext. It does not wait for the node to answer.
func Dial(endpoint string) (*grpc.ClientConn, error) {
	if err := CheckPlaintext(endpoint); err != nil {
		return nil, err
	}
	return DialPlaintext(endpoint)
}

// DialPlaintext is Dial for an owner who has said that nobody between this machine and
// the node can read or change what they say.
func DialPlaintext(endpoint string) (*grpc.ClientConn, error) { return dial(endpoint, callLimit) }

// ErrPlaintext: an endpoint is beyond this machine and has no transport security.
var ErrPlaintext = errors.New("expected transport security to a node that is not on this machine")

// CheckPlaintext returns ErrPlaintext for the endpoint of a node that is not on this
// machine and is spoken to without transport security.
func CheckPlaintext(endpoint string) error {
	if strings.HasPrefix(endpoint, "https://") || client.OnThisMachine(endpoint) {
		return nil
	}
	return fmt.Errorf("%w, found %q: whoever is between could read and change everything. Write https://host:port for a node with TLS; for a tunnel or a network of your own set chain.insecure-plaintext = true (thetaedge init --insecure-plaintext)", ErrPlaintext, endpoint)
}

func dial(endpoint string, limit time.Duration) (*grpc.ClientConn, error) {
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
		grpc.WithChainUnaryInterceptor(within(limit), countable),
		grpc.WithKeepaliveParams(keepalive.ClientParameters{Time: pingPause, Timeout: pingLimit}),
		grpc.WithDefaultCallOptions(grpc.MaxCallRecvMsgSize(maxAnswerBytes)))
	if err != nil {
		return nil, fmt.Errorf("cannot open a connection to %s: %w", endpoint, err)
	}
	return conn, nil
}

// within ends a call that has no answer after limit.
func within(limit time.Duration) grpc.UnaryClientInterceptor {
	return func(ctx context.Context, method string, req, reply any, conn *grpc.ClientConn, invoke grpc.UnaryInvoker, opts ...grpc.CallOption) error {
		ctx, cancel := context.WithTimeout(ctx, limit)
		defer cancel()
		return invoke(ctx, method, req, reply, conn, opts...)
	}
}

// countable refuses answers whose amounts end a program that reckons with them.
func countable(ctx context.Context, method string, req, reply any, conn *grpc.ClientConn, invoke grpc.UnaryInvoker, opts ...grpc.CallOption) error {
	if err := invoke(ctx, method, req, reply, conn, opts...); err != nil {
		return err
	}
	return client.CheckAnswer(reply)
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

// startingText is in what a node of the SDK answers to every query between its restart
// and its first block. It has no code of its own.
const startingText = "context did not contain latest block height"

// startingError is ErrStarting about one query.
type startingError struct{ what string }

// Error implements error.
func (e *startingError) Error() string { return e.what + ": " + ErrStarting.Error() }

// Unwrap makes it both: what it is, and that asking later may help.
func (e *startingError) Unwrap() []error { return []error{ErrStarting, ErrUnreachable} }

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
	if strings.Contains(s.Message(), startingText) {
		return &startingError{what: what}
	}
	switch s.Code() {
	case codes.NotFound:
		return fmt.Errorf("%s: %w (%s)", what, ErrNotFound, s.Message())
	case codes.ResourceExhausted:
		if strings.Contains(s.Message(), "larger than max") {
			return fmt.Errorf("%s: %w: expected at most %d bytes (%s)", what, ErrTooLarge, maxAnswerBytes, s.Message())
		}
		return fmt.Errorf("%s: %w (%s); the node limits calls: wait, or use another one", what, ErrUnreachable, s.Message())
	case codes.Unavailable, codes.DeadlineExceeded, codes.Aborted:
		return fmt.Errorf("%s: %w (%s); check that the node is up and its gRPC endpoint is right", what, ErrUnreachable, s.Message())
	default:
		return fmt.Errorf("%s: %w", what, err)
	}
}
