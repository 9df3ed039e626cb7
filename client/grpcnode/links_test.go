package grpcnode

import (
	"context"
	"crypto/tls"
	"io"
	"net"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials"

	"github.com/cosmos/cosmos-sdk/client/grpc/node"
)

// countingListener counts the connections that it has accepted.
type countingListener struct {
	net.Listener
	accepted atomic.Int64
}

func (l *countingListener) Accept() (net.Conn, error) {
	conn, err := l.Listener.Accept()
	if err == nil {
		l.accepted.Add(1)
	}
	return conn, err
}

// silentNode answers when it is told to.
type silentNode struct {
	node.UnimplementedServiceServer
	silent  atomic.Bool
	waiting chan struct{}
}

func (n *silentNode) Status(ctx context.Context, _ *node.StatusRequest) (*node.StatusResponse, error) {
	if n.silent.Load() {
		n.waiting <- struct{}{}
		<-ctx.Done()
		return nil, ctx.Err()
	}
	return &node.StatusResponse{Height: 7}, nil
}

// TestConnectionsThatAreDroppedAreMadeAgainAtOnce: after a sleep, calls do not wait for a connection that
// the other side has forgotten.
func TestConnectionsThatAreDroppedAreMadeAgainAtOnce(t *testing.T) {
	inner, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	listener := &countingListener{Listener: inner}
	silent := &silentNode{waiting: make(chan struct{}, 1)}
	server := grpc.NewServer()
	node.RegisterServiceServer(server, silent)
	go func() { _ = server.Serve(listener) }()
	defer server.Stop()
	var links Links
	conn, err := links.Dial(inner.Addr().String())
	require.NoError(t, err)
	defer conn.Close()
	_, err = ReadTip(t.Context(), conn)
	require.NoError(t, err)

	silent.silent.Store(true)
	failed := make(chan error, 1)
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Minute)
	defer cancel()
	go func() {
		_, err := ReadTip(ctx, conn)
		failed <- err
	}()
	<-silent.waiting
	links.Drop()
	require.ErrorIs(t, <-failed, ErrUnreachable, "a call does not wait until its time is over")

	silent.silent.Store(false)
	require.Eventually(t, func() bool {
		tip, err := ReadTip(t.Context(), conn)
		return err == nil && tip.Height == 7
	}, 30*time.Second, 10*time.Millisecond)
	require.Equal(t, int64(2), listener.accepted.Load())
	require.NoError(t, conn.Close())
	require.Eventually(t, func() bool {
		links.mu.Lock()
		defer links.mu.Unlock()
		return len(links.open) == 0
	}, 30*time.Second, time.Millisecond, "connections that are closed are forgotten")
	_, err = links.Dial("node.example:9090")
	require.ErrorIs(t, err, ErrPlaintext)
}

func TestConnectionsThatCannotBeSecuredAreForgotten(t *testing.T) {
	here, there := net.Pipe()
	go func() { _, _ = io.Copy(io.Discard, there) }()
	var links Links
	creds := links.follow(credentials.NewTLS(&tls.Config{MinVersion: tls.VersionTLS12}))
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, _, err := creds.ClientHandshake(ctx, "node.example", here)
	require.Error(t, err)
	require.Empty(t, links.open)
	require.NoError(t, there.Close())
}
