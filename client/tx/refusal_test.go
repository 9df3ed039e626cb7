package tx

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	errorsmod "cosmossdk.io/errors"

	sdk "github.com/cosmos/cosmos-sdk/types"
	sdkerrors "github.com/cosmos/cosmos-sdk/types/errors"

	"github.com/thetaedge/theta/app/params"
	computetypes "github.com/thetaedge/theta/x/compute/types"
	feemarkettypes "github.com/thetaedge/theta/x/feemarket/types"
)

func TestARefusalSaysWhatATransactionNeeds(t *testing.T) {
	six := uint64(6)
	for _, c := range []struct {
		err  *errorsmod.Error
		log  string
		want Refusal
	}{
		{sdkerrors.ErrWrongSequence, "account sequence mismatch, expected 6, got 5: incorrect account sequence", Refusal{Reason: WrongSequence, Sequence: &six}},
		{sdkerrors.ErrWrongSequence, "account sequence mismatch", Refusal{Reason: WrongSequence}},
		{sdkerrors.ErrInsufficientFee, "insufficient fees", Refusal{Reason: FeeTooLow}},
		{sdkerrors.ErrOutOfGas, "out of gas in location: WriteFlat", Refusal{Reason: OutOfGas}},
		{sdkerrors.ErrMempoolIsFull, "", Refusal{Reason: PoolFull}},
		{sdkerrors.ErrTxTooLarge, "", Refusal{Reason: TooLarge}},
		{feemarkettypes.ErrTooMuchGas, "expected at most 500, found 900", Refusal{Reason: TooLarge, Gas: 500}},
		{sdkerrors.ErrUnauthorized, "no", Refusal{Reason: Other}},
		{computetypes.ErrReceiptNotFound, "failed to execute message; message index: 1: gone", Refusal{Reason: MessageFailed, Index: 1}},
	} {
		err := Refused(refusedWith(c.err.Codespace(), c.err.ABCICode(), c.log))
		c.want.Codespace, c.want.Code, c.want.Log = c.err.Codespace(), c.err.ABCICode(), c.log
		require.Equal(t, &c.want, err)
		require.ErrorIs(t, err, ErrRejected)
		require.ErrorIs(t, err, c.err)
		require.NotErrorIs(t, err, sdkerrors.ErrInvalidCoins)
		require.ErrorContains(t, err, fmt.Sprintf("(%s %d)", c.err.Codespace(), c.err.ABCICode()))
	}
	require.NoError(t, Refused(&sdk.TxResponse{}))
	require.ErrorContains(t, Refused(nil), "expected an answer")
}

func TestAResultHasTheResponsesOfItsMessages(t *testing.T) {
	_, err := ReadResult(&sdk.TxResponse{TxHash: "AB", Data: "no hex"})
	require.ErrorContains(t, err, "transaction AB: expected its data in hex")
	_, err = ReadResult(&sdk.TxResponse{TxHash: "AB", Data: "FF"})
	require.ErrorContains(t, err, "cannot decode")
	result, err := ReadResult(&sdk.TxResponse{TxHash: "AB", Height: 7, GasUsed: 1, GasWanted: 2})
	require.NoError(t, err)
	require.Equal(t, Result{Hash: "AB", Height: 7, GasUsed: 1, GasWanted: 2}, result)
}

func TestAnAccountIsReadOnceUntilItsSequenceIsInDoubt(t *testing.T) {
	params.SetSDKDefaults()
	n := newFakeNode()
	cache := NewAccountCache(NewSender(testChain, n), newMemorySigner().Address())
	sequence := func() uint64 {
		state, err := cache.State(t.Context())
		require.NoError(t, err)
		return state.Sequence
	}
	require.Equal(t, uint64(5), sequence())
	cache.Used()
	require.Equal(t, uint64(6), sequence())
	require.Equal(t, 1, n.accounts)
	cache.Forget()
	require.Equal(t, uint64(5), sequence())
	nine := uint64(9)
	require.NoError(t, cache.Correct(t.Context(), &Refusal{Sequence: &nine}))
	require.Equal(t, nine, sequence())
	n.sequence = 30
	require.NoError(t, cache.Correct(t.Context(), &Refusal{}))
	require.Equal(t, uint64(30), sequence())
	require.Equal(t, 4, n.accounts)
}
