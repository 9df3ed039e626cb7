package tx

import (
	"context"
	"errors"
	"math"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	nodeservice "github.com/cosmos/cosmos-sdk/client/grpc/node"
	sdk "github.com/cosmos/cosmos-sdk/types"
	sdkerrors "github.com/cosmos/cosmos-sdk/types/errors"
	txtypes "github.com/cosmos/cosmos-sdk/types/tx"

	"github.com/thetaedge/theta/app/params"
	"github.com/thetaedge/theta/client/grpcnode"
)

// poll is short, because the fake node makes a block at each look.
const poll = time.Microsecond

// sendOne signs a transaction with the sequence of the node's account and broadcasts it.
func sendOne(t *testing.T, n *fakeNode) (*Sender, Signed, error) {
	t.Helper()
	params.SetSDKDefaults()
	sender, signer := NewSender(testChain, n), newMemorySigner()
	account, err := sender.Account(t.Context(), signer.Address())
	require.NoError(t, err)
	require.Equal(t, AccountState{Number: 4, Sequence: n.sequence, Height: n.height}, account)
	signed, err := sender.Sign(t.Context(), signer, account, Draft{
		Msgs: []sdk.Msg{send(signer.Address())}, TimeoutHeight: account.Height + 20,
	})
	require.NoError(t, err)
	return sender, signed, sender.Broadcast(t.Context(), signed)
}

func TestATransactionIsAwaitedUntilABlockHoldsIt(t *testing.T) {
	n := newFakeNode()
	sender, signed, err := sendOne(t, n)
	require.NoError(t, err)
	result, decided, err := sender.Await(t.Context(), signed, poll)
	require.NoError(t, err)
	require.True(t, decided)
	require.Equal(t, Result{Hash: signed.Hash(), Height: 101}, result)
	require.Len(t, n.sent, 1)
}

func TestATransactionThatFailsInItsBlockIsDecided(t *testing.T) {
	n := newFakeNode()
	n.blockCodes = []*sdk.TxResponse{refusedWith("compute", 21, "failed to execute message; message index: 3: not due")}
	sender, signed, err := sendOne(t, n)
	require.NoError(t, err)
	_, decided, err := sender.Await(t.Context(), signed, poll)
	require.True(t, decided)
	var refused *Refusal
	require.ErrorAs(t, err, &refused)
	require.Equal(t, MessageFailed, refused.Reason)
	require.Equal(t, 3, refused.Index)
	require.True(t, refused.InBlock)
}

func TestTheSameBytesAreHandedOverAgainToANodeThatForgotThem(t *testing.T) {
	n := newFakeNode()
	n.forgets = 2
	sender, signed, err := sendOne(t, n)
	require.NoError(t, err)
	result, decided, err := sender.Await(t.Context(), signed, poll)
	require.NoError(t, err)
	require.True(t, decided)
	require.Equal(t, []Signed{n.sent[0], n.sent[0], n.sent[0]}, n.sent)
	require.Equal(t, int64(100+1+2*resendBlocks+1), result.Height, "after every few blocks")
}

func TestAResendThatDoesNotReachTheNodeIsRepeatedWithTheNextBlock(t *testing.T) {
	n := newFakeNode()
	n.forgets = 1
	n.answers = []any{nil, status.Error(codes.Unavailable, "away")}
	sender, signed, err := sendOne(t, n)
	require.NoError(t, err)
	result, decided, err := sender.Await(t.Context(), signed, poll)
	require.NoError(t, err)
	require.True(t, decided)
	require.Len(t, n.sent, 3)
	require.Equal(t, int64(100+1+resendBlocks+1+1), result.Height)
}

func TestARefusedResendEndsTheWaitUnlessABlockHoldsTheTransaction(t *testing.T) {
	n := newFakeNode()
	n.forgets, n.foreign = 1, 102
	sender, signed, err := sendOne(t, n)
	require.NoError(t, err)
	_, decided, err := sender.Await(t.Context(), signed, poll)
	require.False(t, decided)
	var refused *Refusal
	require.ErrorAs(t, err, &refused)
	require.Equal(t, WrongSequence, refused.Reason)
	require.Equal(t, uint64(6), *refused.Sequence)
	require.Len(t, n.sent, 2)

	// An index may be behind: the transaction has used the sequence itself.
	n = newFakeNode()
	n.answers = []any{nil, refusedWith("sdk", 32, "account sequence mismatch, expected 6, got 5")}
	n.full = true
	sender, signed, err = sendOne(t, n)
	require.NoError(t, err)
	looks := 0
	err = sender.Follow(t.Context(), signed, Watch{
		Poll: poll, Taken: true, Refused: func(refused *Refusal) error { return refused },
		Look: func(context.Context) (bool, int64, error) {
			looks++
			return looks == 1+resendBlocks+2, int64(100 + looks), nil
		},
	})
	require.NoError(t, err)
	require.Len(t, n.sent, 2)
}

func TestATransactionInNoBlockIsGivenUpAfterItsTimeoutHeight(t *testing.T) {
	n := newFakeNode()
	n.forgets = 100
	sender, signed, err := sendOne(t, n)
	require.NoError(t, err)
	_, decided, err := sender.Await(t.Context(), signed, poll)
	require.ErrorIs(t, err, ErrNotIncluded)
	require.False(t, decided)
	require.Equal(t, signed.TimeoutHeight+2, n.height, "two looks show that it has passed")
	require.Len(t, n.sent, 1+19/resendBlocks)
}

func TestAWaitEndsWithItsContext(t *testing.T) {
	n := newFakeNode()
	n.full = true
	sender, signed, err := sendOne(t, n)
	require.NoError(t, err)
	enough := errors.New("enough")
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(enough)
	_, decided, err := sender.Await(ctx, signed, poll)
	require.ErrorIs(t, err, enough)
	require.False(t, decided)
}

func TestATransactionThatIsNotKnownToBeTakenIsHandedOverAtOnce(t *testing.T) {
	n := newFakeNode()
	n.forgets = 1
	sender, signed, err := sendOne(t, n)
	require.NoError(t, err)
	looks := 0
	require.NoError(t, sender.Follow(t.Context(), signed, Watch{Poll: poll, Look: func(context.Context) (bool, int64, error) {
		looks++
		return len(n.sent) == 2, int64(looks), nil
	}}))
	require.Equal(t, 2, looks)
}

func TestATransactionInTheMempoolIsNotRefused(t *testing.T) {
	n := newFakeNode()
	n.answers = []any{refusedWith(sdkerrors.RootCodespace, sdkerrors.ErrTxInMempoolCache.ABCICode(), "tx already in mempool")}
	_, _, err := sendOne(t, n)
	require.NoError(t, err)
}

func TestARefusalOfAStartingNodeIsNone(t *testing.T) {
	n := newFakeNode()
	n.starting = true
	n.answers = []any{refusedWith(sdkerrors.RootCodespace, sdkerrors.ErrUnauthorized.ABCICode(), "signature verification failed; please verify account number (0)")}
	_, _, err := sendOne(t, n)
	require.ErrorIs(t, err, grpcnode.ErrStarting)
	require.NotErrorIs(t, err, ErrRejected)
}

func TestASimulationSaysWhatTheChainWouldDo(t *testing.T) {
	params.SetSDKDefaults()
	n, signer := newFakeNode(), newMemorySigner()
	simulate := func(answer any) (Simulation, error) {
		n.simulates = answer
		return NewSender(testChain, n).Simulate(t.Context(), signer, AccountState{}, Draft{Msgs: []sdk.Msg{send(signer.Address())}})
	}
	found, err := simulate(&txtypes.SimulateResponse{GasInfo: &sdk.GasInfo{GasUsed: 9}})
	require.NoError(t, err)
	require.Equal(t, Simulation{GasUsed: 9}, found)
	_, err = simulate(&txtypes.SimulateResponse{})
	require.ErrorContains(t, err, "expected gas used")
	for _, gas := range []uint64{maxGas + 1, math.MaxUint64} {
		_, err = simulate(&txtypes.SimulateResponse{GasInfo: &sdk.GasInfo{GasUsed: gas}})
		require.ErrorContains(t, err, "use another node")
	}
	for log, want := range map[string]Reason{
		"failed to execute message; message index: 2: not due [x/y.go:5] with gas used: '99'":     MessageFailed,
		"account sequence mismatch, expected 7, got 5: incorrect account sequence":                WrongSequence,
		"out of gas in location: WriteFlat; gasWanted: 5, gasUsed: 6: out of gas":                 TooLarge,
		"message is not allowed by the fee grant: unauthorized":                                   Other,
		"failed to execute message; message index: 0: out of gas in location: WriteFlat: too far": MessageFailed,
	} {
		said := status.Error(codes.Unknown, log)
		_, err := simulate(said)
		var refused *Refusal
		require.ErrorAs(t, err, &refused)
		require.Equal(t, want, refused.Reason, log)
		require.Zero(t, refused.Code)
		require.ErrorIs(t, err, ErrRejected)
		require.ErrorIs(t, err, said)
	}
	for _, away := range []error{status.Error(codes.Unavailable, "away"), status.Error(codes.DeadlineExceeded, "late"), errStarting} {
		_, err := simulate(away)
		require.ErrorIs(t, err, grpcnode.ErrUnreachable)
		require.NotErrorIs(t, err, ErrRejected)
	}
}

// TestAHeightThatNoChainHasIsRefusedWhereItIsRead: heights are added to and compared.
func TestAHeightThatNoChainHasIsRefusedWhereItIsRead(t *testing.T) {
	n, signer := newFakeNode(), newMemorySigner()
	sender := NewSender(testChain, n)
	for _, height := range []int64{grpcnode.MaxHeight + 1, math.MaxInt64 - 21, math.MaxInt64 - 1, -2, math.MinInt64} {
		n.height = height
		_, err := sender.Account(t.Context(), signer.Address())
		require.ErrorIs(t, err, grpcnode.ErrHeight)
		n.height = height
		_, err = sender.Height(t.Context())
		require.ErrorIs(t, err, grpcnode.ErrHeight)
	}
	for _, timeout := range []int64{0, -1, math.MinInt64, math.MaxInt64} {
		_, err := sender.Sign(t.Context(), signer, AccountState{}, Draft{Msgs: []sdk.Msg{send(signer.Address())}, TimeoutHeight: timeout})
		require.ErrorContains(t, err, "nothing was signed")
	}
}

// TestAWaitEndsThoughTheNodeNamedAHeightFarAheadWhenItWasSigned: while one waits, nothing else is
// sent.
func TestAWaitEndsThoughTheNodeNamedAHeightFarAheadWhenItWasSigned(t *testing.T) {
	params.SetSDKDefaults()
	for _, ahead := range []int64{40, 1 << 40} {
		n := newFakeNode()
		n.full = true // what it takes waits in its mempool
		sender, signer := NewSender(testChain, n), newMemorySigner()
		account, err := sender.Account(t.Context(), signer.Address())
		require.NoError(t, err)
		signed, err := sender.Sign(t.Context(), signer, account, Draft{
			Msgs: []sdk.Msg{send(signer.Address())}, TimeoutHeight: n.height + ahead + 20, LifeBlocks: 20,
		})
		require.NoError(t, err)
		require.NoError(t, sender.Broadcast(t.Context(), signed))
		began := n.height
		_, decided, err := sender.Await(t.Context(), signed, poll)
		require.ErrorIs(t, err, ErrNotIncluded)
		require.False(t, decided)
		require.LessOrEqual(t, n.height, began+20+3)
	}
}

// jumpy names other heights than those of its blocks, once each.
type jumpy struct {
	*fakeNode
	// tips are the heights that it names in its next answers, results those of transactions; 0 is
	// the true one.
	tips, results []int64
}

func (n *jumpy) Invoke(ctx context.Context, method string, request, reply any, opts ...grpc.CallOption) error {
	err := n.fakeNode.Invoke(ctx, method, request, reply, opts...)
	if err != nil {
		return err
	}
	switch res := reply.(type) {
	case *nodeservice.StatusResponse:
		if len(n.tips) > 0 {
			if n.tips[0] != 0 {
				res.Height = uint64(n.tips[0])
			}
			n.tips = n.tips[1:]
		}
	case *txtypes.GetTxResponse:
		if len(n.results) > 0 {
			told := *res.TxResponse
			told.Height, n.results = n.results[0], n.results[1:]
			res.TxResponse = &told
		}
	}
	return nil
}

func TestOneHeightThatANodeInventsDoesNotEndAWait(t *testing.T) {
	params.SetSDKDefaults()
	for _, lie := range []int64{500, grpcnode.MaxHeight, math.MaxInt64} {
		n := &jumpy{fakeNode: newFakeNode()}
		n.forgets = 1
		sender, signer := NewSender(testChain, n), newMemorySigner()
		account, err := sender.Account(t.Context(), signer.Address())
		require.NoError(t, err)
		signed, err := sender.Sign(t.Context(), signer, account, Draft{Msgs: []sdk.Msg{send(signer.Address())}, TimeoutHeight: account.Height + 20, LifeBlocks: 20})
		require.NoError(t, err)
		require.NoError(t, sender.Broadcast(t.Context(), signed))
		n.tips = []int64{0, lie, 0, 0, lie, 0}
		result, decided, err := sender.Await(t.Context(), signed, poll)
		require.NoError(t, err)
		require.True(t, decided)
		require.Positive(t, result.Height)
	}
}

func TestAResultAtAHeightThatCannotBeIsNone(t *testing.T) {
	params.SetSDKDefaults()
	for _, lie := range []int64{math.MinInt64, -1, 0, 121, math.MaxInt64} {
		n := &jumpy{fakeNode: newFakeNode(), results: []int64{lie}}
		sender, signer := NewSender(testChain, n), newMemorySigner()
		account, err := sender.Account(t.Context(), signer.Address())
		require.NoError(t, err)
		signed, err := sender.Sign(t.Context(), signer, account, Draft{Msgs: []sdk.Msg{send(signer.Address())}, TimeoutHeight: account.Height + 20})
		require.NoError(t, err)
		require.NoError(t, sender.Broadcast(t.Context(), signed))
		_, decided, err := sender.Await(t.Context(), signed, poll)
		require.ErrorIs(t, err, grpcnode.ErrHeight, "block %d", lie)
		require.False(t, decided)
	}
}
