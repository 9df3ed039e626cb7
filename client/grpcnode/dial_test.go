package grpcnode

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"net"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/status"

	nodeservice "github.com/cosmos/cosmos-sdk/client/grpc/node"
)

// statusService is a node that only knows its height.
type statusService struct {
	nodeservice.UnimplementedServiceServer
}

func (*statusService) Status(context.Context, *nodeservice.StatusRequest) (*nodeservice.StatusResponse, error) {
	return &nodeservice.StatusResponse{Height: 7}, nil
}

// serve starts a node and returns its host:port.
func serve(t *testing.T, options ...grpc.ServerOption) string {
	t.Helper()
	server := grpc.NewServer(options...)
	nodeservice.RegisterServiceServer(server, &statusService{})
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	go func() { _ = server.Serve(listener) }()
	t.Cleanup(server.Stop)
	return listener.Addr().String()
}

// certificate returns a certificate for this machine, and the pool that trusts it.
func certificate(t *testing.T) (tls.Certificate, *x509.CertPool) {
	t.Helper()
	web := httptest.NewTLSServer(http.NotFoundHandler())
	t.Cleanup(web.Close)
	pool := x509.NewCertPool()
	pool.AddCert(web.Certificate())
	return web.TLS.Certificates[0], pool
}

func TestAnAddressDecidesWhetherTLSIsSpoken(t *testing.T) {
	cert, pool := certificate(t)
	trusting := credentials.NewTLS(&tls.Config{RootCAs: pool, MinVersion: tls.VersionTLS12})
	plain := serve(t)
	secure := serve(t, grpc.Creds(credentials.NewServerTLSFromCert(&cert)))
	for name, c := range map[string]struct {
		address string
		creds   credentials.TransportCredentials
		fails   bool
	}{
		"a plain node by host and port":          {address: plain, creds: trusting},
		"a plain node by http":                   {address: "http://" + plain, creds: trusting},
		"a plain node by tcp":                    {address: "tcp://" + plain + "/", creds: trusting},
		"a node with TLS by https":               {address: "https://" + secure, creds: trusting},
		"a node with TLS by https and a slash":   {address: "https://" + secure + "/", creds: trusting},
		"a node with TLS that is not trusted":    {address: "https://" + secure, creds: credentials.NewTLS(nil), fails: true},
		"a node with TLS that is spoken plainly": {address: secure, creds: trusting, fails: true},
		"a plain node by https":                  {address: "https://" + plain, creds: trusting, fails: true},
	} {
		t.Run(name, func(t *testing.T) {
			conn, err := dial(c.address, 5*time.Second, c.creds, nil)
			require.NoError(t, err)
			defer conn.Close()
			tip, err := ReadTip(t.Context(), conn)
			if c.fails {
				require.ErrorIs(t, err, ErrUnreachable)
				return
			}
			require.NoError(t, err)
			require.Equal(t, int64(7), tip.Height)
		})
	}
}

func TestAddressesAreReadAsPeopleWriteThem(t *testing.T) {
	for address, want := range map[string]struct {
		target string
		https  bool
	}{
		"127.0.0.1:9090":             {"127.0.0.1:9090", false},
		"http://127.0.0.1:9090":      {"127.0.0.1:9090", false},
		"tcp://127.0.0.1:9090":       {"127.0.0.1:9090", false},
		"https://grpc.example:443/":  {"grpc.example:443", true},
		"":                           {"", false},
		"http://grpc.example/v1/api": {"", false},
	} {
		target, https, err := parseAddress(address)
		if want.target == "" {
			require.ErrorContains(t, err, "expected a gRPC endpoint", address)
			continue
		}
		require.NoError(t, err)
		require.Equal(t, want.target, target)
		require.Equal(t, want.https, https)
	}
}

func TestPlaintextLeavesThisMachineOnlyIfTheCallerSaysSo(t *testing.T) {
	for address, refused := range map[string]bool{
		"127.0.0.1:9090": false, "localhost:9090": false, "[::1]:9090": false, "http://127.0.0.1:9090": false,
		"https://node.example:443": false, "tcp://127.0.0.1:26657": false,
		"node.example:9090": true, "http://node.example:9090": true, "tcp://10.0.0.7:26657": true, "192.168.1.2:9090": true,
		"localhost.example:9090": true, "[2001:db8::1]:9090": true,
	} {
		err := CheckPlaintext(address)
		if !refused {
			require.NoError(t, err, address)
			continue
		}
		require.ErrorIs(t, err, ErrPlaintext, address)
	}
	_, err := Dial("node.example:9090")
	require.ErrorIs(t, err, ErrPlaintext)
	conn, err := DialPlaintext("node.example:9090")
	require.NoError(t, err)
	require.NoError(t, conn.Close())
}

// A node that takes connections and says nothing must not hold a call for ever: one
// transaction is sent at a time, and all later ones would wait behind it.
func TestANodeThatNeverAnswersIsGivenUp(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer listener.Close()
	conn, err := dial(listener.Addr().String(), 50*time.Millisecond, nil, nil)
	require.NoError(t, err)
	defer conn.Close()
	done := make(chan error, 1)
	go func() {
		_, err := ReadTip(t.Context(), conn)
		done <- err
	}()
	select {
	case err := <-done:
		require.ErrorIs(t, err, ErrUnreachable)
	case <-time.After(20 * time.Second):
		t.Fatal("the call is still waiting")
	}
}

func TestAnAnswerThatIsTooLargeIsNotAskedForAgain(t *testing.T) {
	large := status.Error(codes.ResourceExhausted, "grpc: received message larger than max (17 vs. 16)")
	err := Explain(t.Context(), "results", large)
	require.ErrorIs(t, err, ErrTooLarge)
	require.NotErrorIs(t, err, ErrUnreachable)
	require.False(t, IsUnreachable(large))
	require.ErrorIs(t, Explain(t.Context(), "results", status.Error(codes.ResourceExhausted, "slow down")), ErrUnreachable)
}

func TestANodeThatHasSeenNoBlockSinceItsRestartIsToldAsSuch(t *testing.T) {
	said := status.Error(codes.Unknown, "codespace sdk code 26: invalid height: context did not contain latest block height in either check state or finalize block state (41)")
	for _, err := range []error{said, check(nil, said)} {
		err = Explain(t.Context(), "height", err)
		require.ErrorIs(t, err, ErrStarting)
		require.ErrorIs(t, err, ErrUnreachable, "asking later may help")
		require.ErrorContains(t, err, "has not seen a block since")
		require.NotContains(t, err.Error(), startingText)
	}
	require.True(t, IsUnreachable(check(nil, said)))
	require.NotErrorIs(t, Explain(t.Context(), "height", status.Error(codes.NotFound, "no such job")), ErrStarting)
}

func TestAnErrorSaysWhatItMeansAndKeepsTheNodesError(t *testing.T) {
	refused := &net.OpError{Op: "dial", Err: context.Canceled}
	for _, c := range []struct{ err, means error }{
		{status.Error(codes.NotFound, "no such job"), ErrNotFound},
		{status.Error(codes.Unavailable, "connection refused"), ErrUnreachable},
		{status.Error(codes.Unknown, catchingUpText), ErrUnreachable},
		{refused, ErrUnreachable},
	} {
		err := Explain(t.Context(), "job 1-0-0", c.err)
		require.ErrorIs(t, err, c.means)
		require.ErrorIs(t, err, c.err)
		require.Equal(t, status.Code(c.err), status.Code(err))
		require.ErrorContains(t, err, "job 1-0-0: "+c.means.Error())
	}
	require.NoError(t, Explain(t.Context(), "job", nil))
}
