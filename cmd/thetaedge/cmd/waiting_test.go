package cmd

import (
	"bytes"
	"context"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	sidecarv1 "github.com/thetaedge/theta/sidecar/api/v1"
	"github.com/thetaedge/theta/sidecar/chain"
	"github.com/thetaedge/theta/sidecar/web"
)

// restarted is a node that answers every query as one of the SDK does between its
// restart and its first block.
func restarted(t *testing.T) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	server := grpc.NewServer(grpc.UnknownServiceHandler(func(any, grpc.ServerStream) error {
		return status.Error(codes.Unknown, "codespace sdk code 26: invalid height: context did not contain latest block height in either check state or finalize block state (41)")
	}))
	go func() { _ = server.Serve(listener) }()
	t.Cleanup(server.Stop)
	return listener.Addr().String()
}

func TestANodeThatWasRestartedOnAHaltedChainIsNoMissingChain(t *testing.T) {
	home := newHome(t)
	out, err := run(t, "doctor", "--home", home, "--chain.grpc", restarted(t))
	require.Error(t, err)
	line := lineOf(t, out, "chain")
	require.Contains(t, line, chain.ErrStarting.Error())
	require.NotContains(t, line, "check that the node is up")
}

func TestANodeOfSeveralThatIsInTroubleIsNamed(t *testing.T) {
	home := newHome(t)
	out, err := run(t, "doctor", "--home", home, "--chain.grpc", "127.0.0.1:1", "--chain.others", restarted(t))
	require.Error(t, err, "none of them answers")
	require.Contains(t, lineOf(t, out, "chain"), "127.0.0.1:1: chain id: chain is unreachable")

	status := &sidecarv1.StatusResponse{Endpoints: []*sidecarv1.EndpointStatus{
		{Address: "https://one.example", Height: 5, Trouble: "it hides\nsomething"}, {Address: "https://two.example", Height: 7, Used: true},
	}}
	var told bytes.Buffer
	require.NoError(t, printStatus(&told, status))
	require.Regexp(t, `endpoint +https://one.example at height 5 is not asked: it hides something`, told.String())
	require.Regexp(t, `endpoint +https://two.example at height 7 is asked`, told.String())
	status.Endpoints = status.Endpoints[1:]
	told.Reset()
	require.NoError(t, printStatus(&told, status))
	require.NotContains(t, told.String(), "endpoint ")
}

func TestADaemonThatWaitsForTheChainSaysSoWhenAsked(t *testing.T) {
	home := newHome(t)
	root, err := Root()
	require.NoError(t, err)
	start, _, err := root.Find([]string{"start"})
	require.NoError(t, err)
	start.InheritedFlags() // the root's
	require.NoError(t, start.ParseFlags([]string{"--home", home}))
	require.NoError(t, start.Flags().Set("chain.grpc", restarted(t)))
	n, err := openNode(start)
	require.NoError(t, err)
	defer n.close()

	signals := make(chan os.Signal, 1)
	ended := make(chan error, 1)
	var log bytes.Buffer
	go func() {
		_, err := awaitChain(context.Background(), n, slog.New(slog.NewTextHandler(&log, nil)), signals)
		ended <- err
	}()
	require.Eventually(t, func() bool {
		_, err := os.Stat(filepath.Join(home, daemonFile))
		return err == nil
	}, 20*time.Second, 20*time.Millisecond)
	_, err = run(t, "status", "--home", home)
	require.ErrorContains(t, err, "waits for the chain")
	require.ErrorContains(t, err, chain.ErrStarting.Error())
	out, err := run(t, "doctor", "--home", home)
	require.Error(t, err)
	require.Contains(t, lineOf(t, out, "chain"), "MISSING")

	signals <- syscall.SIGTERM
	require.NoError(t, <-ended)
	require.Contains(t, log.String(), "has not seen a block since")
	require.NoFileExists(t, filepath.Join(home, daemonFile))
}

// TestADaemonWhoseNodeIsSilentIsSoonFound: its dashboard is served meanwhile, and thetaedge dashboard has to find it.
func TestADaemonWhoseNodeIsSilentIsSoonFound(t *testing.T) {
	silent, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer silent.Close()
	home := newHome(t)
	root, err := Root()
	require.NoError(t, err)
	start, _, err := root.Find([]string{"start"})
	require.NoError(t, err)
	start.InheritedFlags() // the root's
	require.NoError(t, start.ParseFlags([]string{"--home", home, "--chain.grpc", silent.Addr().String()}))
	n, err := openNode(start)
	require.NoError(t, err)
	defer n.close()
	n.dashboard = "127.0.0.1:1"
	_, err = web.OpenKey(home)
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	began := time.Now()
	go func() {
		_, err := awaitChain(ctx, n, slog.New(slog.DiscardHandler), make(chan os.Signal))
		ended <- err
	}()
	var address string
	require.Eventually(t, func() bool {
		printed, err := run(t, "dashboard", "--home", home)
		address = printed
		return err == nil
	}, 20*time.Second, 20*time.Millisecond)
	require.Less(t, time.Since(began), nextAnswer, "it is not asked for long before anybody can see the pages")
	require.Contains(t, address, "http://127.0.0.1:1/open?token=")
	_, err = run(t, "status", "--home", home)
	require.ErrorContains(t, err, "waits for the chain: ")
	require.ErrorContains(t, err, "the node gave no answer in time")
	cancel()
	require.NoError(t, <-ended)
}

func TestAmountsAreShownInTfuelAndToldInBaseUnits(t *testing.T) {
	jobs := &sidecarv1.JobsResponse{Assignments: []*sidecarv1.Assignment{{
		JobId: "j", Phase: "settled", Paid: "1500000000000000000", Slashed: "250000000000000000",
	}}}
	var people, programs bytes.Buffer
	require.NoError(t, printJobs(&people, jobs))
	require.Contains(t, people.String(), "1.5 tfuel")
	require.Contains(t, people.String(), "0.25 tfuel")
	require.NotContains(t, people.String(), "0000")
	require.NoError(t, printJSON(&programs, jobs))
	require.Contains(t, programs.String(), `"1500000000000000000"`)
}
