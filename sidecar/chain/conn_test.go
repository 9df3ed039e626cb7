package chain

import (
	"net"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// A node that takes connections and says nothing must not hold a call for ever: one
// transaction is sent at a time, and all later ones would wait behind it.
func TestANodeThatNeverAnswersIsGivenUp(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer listener.Close()
	conn, err := dial(listener.Addr().String(), 50*time.Millisecond)
	require.NoError(t, err)
	defer conn.Close()
	n := newFakeNode(t)
	done := make(chan error, 1)
	go func() {
		_, err := NewReader(conn, n.cdc).Tip(t.Context())
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
	err := explain(t.Context(), "results", status.Error(codes.ResourceExhausted, "grpc: received message larger than max (17 vs. 16)"))
	require.ErrorIs(t, err, ErrTooLarge)
	require.NotErrorIs(t, err, ErrUnreachable)
	require.ErrorIs(t, explain(t.Context(), "results", status.Error(codes.ResourceExhausted, "slow down")), ErrUnreachable)
}

func TestANodeThatHasSeenNoBlockSinceItsRestartIsToldAsSuch(t *testing.T) {
	said := status.Error(codes.Unknown, "codespace sdk code 26: invalid height: context did not contain latest block height in either check state or finalize block state (41)")
	err := explain(t.Context(), "height", said)
	require.ErrorIs(t, err, ErrStarting)
	require.ErrorIs(t, err, ErrUnreachable, "asking later may help")
	require.ErrorContains(t, err, "has not seen a block since")
	require.NotErrorIs(t, explain(t.Context(), "height", status.Error(codes.NotFound, "no such job")), ErrStarting)
}
