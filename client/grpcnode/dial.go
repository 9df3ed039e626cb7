package grpcnode

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/keepalive"
)

const (
	// maxAnswerBytes bounds one answer of a node.
	maxAnswerBytes = 16 << 20
	// callLimit bounds the time of one answer. Otherwise, a node that takes calls and never
	// answers would block a transaction, and all later ones behind it, for ever.
	callLimit = 15 * time.Second
	// pingPause is more than the five minutes below which servers refuse pings.
	pingPause = 6 * time.Minute
	// pingLimit is how long a connection may leave bytes unacknowledged: a machine that
	// has slept or changed its network notices it before its deadlines pass.
	pingLimit = 20 * time.Second
)

// Connection is the part of a gRPC connection that clients of the chain need.
// *grpc.ClientConn implements it, and so does the SDK's client.Context.
type Connection = grpc.ClientConnInterface

// Dial opens a connection to a node's gRPC endpoint: "https://host:port" with transport
// security; "host:port" or "http://host:port" without, and then only to this machine, or it
// returns ErrPlaintext. It does not wait for the node to answer.
func Dial(address string) (*grpc.ClientConn, error) {
	if err := CheckPlaintext(address); err != nil {
		return nil, err
	}
	return DialPlaintext(address)
}

// DialPlaintext is Dial for a caller who knows that no other party between this machine and
// the node can read or change what they send, for example because of a tunnel.
func DialPlaintext(address string) (*grpc.ClientConn, error) {
	return dial(address, callLimit, credentials.NewTLS(nil), nil)
}

// ErrPlaintext means that a node is not on this machine and that its address asks for no
// transport security.
var ErrPlaintext = errors.New("expected transport security to a node that is not on this machine")

// CheckPlaintext returns ErrPlaintext for the address of a node that is not on this machine
// and is contacted without transport security.
func CheckPlaintext(address string) error {
	if strings.HasPrefix(address, "https://") || OnThisMachine(address) {
		return nil
	}
	return fmt.Errorf("%w, found %q: anyone in between could read and change everything; write https://host:port for a node with TLS", ErrPlaintext, address)
}

// dial opens a connection; secure is used for https. follow changes what secures it; it may be nil.
func dial(
	address string, limit time.Duration, secure credentials.TransportCredentials,
	follow func(credentials.TransportCredentials) credentials.TransportCredentials,
) (*grpc.ClientConn, error) {
	target, https, err := parseAddress(address)
	if err != nil {
		return nil, err
	}
	creds := insecure.NewCredentials()
	if https {
		creds = secure
	}
	if follow != nil {
		creds = follow(creds)
	}
	conn, err := grpc.NewClient(target,
		grpc.WithTransportCredentials(creds),
		grpc.WithChainUnaryInterceptor(within(limit), checkUnary),
		grpc.WithKeepaliveParams(keepalive.ClientParameters{Time: pingPause, Timeout: pingLimit}),
		grpc.WithDefaultCallOptions(grpc.MaxCallRecvMsgSize(maxAnswerBytes), grpc.ForceCodecV2(newCodec())))
	if err != nil {
		return nil, fmt.Errorf("cannot open a connection to %s: %w", address, err)
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

// checkUnary is Checked for connections that this package opens.
func checkUnary(ctx context.Context, method string, req, reply any, conn *grpc.ClientConn, invoke grpc.UnaryInvoker, opts ...grpc.CallOption) error {
	return check(reply, invoke(ctx, method, req, reply, conn, opts...))
}

func parseAddress(address string) (target string, https bool, err error) {
	target = address
	switch {
	case strings.HasPrefix(address, "https://"):
		target, https = strings.TrimPrefix(address, "https://"), true
	case strings.HasPrefix(address, "http://"):
		target = strings.TrimPrefix(address, "http://")
	case strings.HasPrefix(address, "tcp://"):
		target = strings.TrimPrefix(address, "tcp://")
	}
	target = strings.TrimRight(target, "/")
	if target == "" || strings.ContainsAny(target, "/ ") {
		return "", false, fmt.Errorf("expected a gRPC endpoint like 127.0.0.1:9090 or https://grpc.example:443, found %q", address)
	}
	return target, https, nil
}
