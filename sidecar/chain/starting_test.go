package chain

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestANodeThatIsStartingIsNoMissingChainAndNoRefusal(t *testing.T) {
	n := newFakeNode(t)
	n.starting = true
	_, err := n.sender(TxConfig{}).Tip(t.Context())
	require.ErrorIs(t, err, ErrStarting)
	require.ErrorIs(t, err, ErrUnreachable, "the same call may succeed later")
	require.NotContains(t, err.Error(), "context did not contain")

	n = newFakeNode(t)
	n.restarts = true
	_, err = n.sender(TxConfig{}).Submit(t.Context(), fullBatch(), 10)
	require.ErrorIs(t, err, ErrStarting, "a good transaction was refused, because the node knows no block")
	require.NotErrorIs(t, err, ErrRejected)
}

func TestTransactionsPayWhatTheNodeItselfAsksFor(t *testing.T) {
	n := newFakeNode(t)
	n.ownPrice = "25.5atfuel"
	_, err := n.sender(TxConfig{GasAdjustment: 1}).Submit(t.Context(), fullBatch(), 100)
	require.NoError(t, err)
	require.Equal(t, "13000000atfuel", n.sent[0].fee.String(), "26 atfuel a unit: above the chain's 10")
}
