package chain

import (
	"bytes"
	"testing"

	"github.com/stretchr/testify/require"

	sdk "github.com/cosmos/cosmos-sdk/types"
	"github.com/cosmos/cosmos-sdk/x/feegrant"
)

// ungranted returns a sender whose fee grant does not pay any more.
func ungranted(n *fakeNode, why error) *Sender {
	n.grantRefusal = why.Error()
	s := n.sender(TxConfig{})
	s.SetGranter(sdk.AccAddress(bytes.Repeat([]byte{9}, 20)))
	return s
}

// TestAFeeGrantThatEndsInTheMiddleOfATaskCostsNoBond: the worker's own coins pay for what the node has to do,
// and for nothing else.
func TestAFeeGrantThatEndsInTheMiddleOfATaskCostsNoBond(t *testing.T) {
	for _, why := range []error{feegrant.ErrFeeLimitExceeded, feegrant.ErrFeeLimitExpired, feegrant.ErrNoAllowance} {
		n := newFakeNode(t)
		n.winning = true
		s := ungranted(n, why)
		done, err := s.Submit(t.Context(), fullBatch(), 100)
		require.ErrorContains(t, err, why.Error())
		outcomes := map[Action]bool{}
		for _, item := range done.Items {
			outcomes[item.Action] = item.Code == 0
		}
		require.Equal(t, map[Action]bool{Reveal: true, Open: true, Commit: true, Release: true, Claim: false}, outcomes)
		for _, sent := range n.sent {
			require.Empty(t, sent.granter)
		}
	}
}

func TestWithoutGrantAndCoinsTheOperatorIsToldWhatToDo(t *testing.T) {
	n := newFakeNode(t)
	n.poor = true
	s := ungranted(n, feegrant.ErrFeeLimitExpired)
	batch := Batch{Reveals: fullBatch().Reveals}
	done, err := s.Submit(t.Context(), batch, 100)
	require.ErrorIs(t, err, ErrNoFees)
	require.ErrorContains(t, err, "fee allowance expired")
	require.ErrorContains(t, err, "insufficient funds")
	require.ErrorContains(t, err, "thetaedge register, or send coins to "+s.Address().String())
	require.True(t, done.Items[0].Unsent, "it is sent again with the next block")
	require.Empty(t, n.sent)

	n.mu.Lock()
	n.poor = false
	n.mu.Unlock()
	_, err = s.Submit(t.Context(), batch, 100)
	require.NoError(t, err)

	n.mu.Lock()
	n.grantRefusal = ""
	n.mu.Unlock()
	_, err = s.Submit(t.Context(), batch, 100)
	require.NoError(t, err)
	require.NotEmpty(t, n.sent[len(n.sent)-1].granter, "a grant that was renewed pays again")
}

func TestAWorkerDoesNotPayForNewWork(t *testing.T) {
	n := newFakeNode(t)
	n.winning = true
	s := ungranted(n, feegrant.ErrFeeLimitExceeded)
	_, err := s.Submit(t.Context(), Batch{Claims: fullBatch().Claims, Renew: true}, 100)
	require.ErrorContains(t, err, "fee limit exceeded")
	require.Empty(t, n.sent)
}
