package chain

import (
	"bytes"
	"math/big"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	sdkmath "cosmossdk.io/math"

	codectypes "github.com/cosmos/cosmos-sdk/codec/types"
	sdk "github.com/cosmos/cosmos-sdk/types"

	rewardstypes "github.com/thetaedge/theta/x/rewards/types"
)

// collectGasFee is what a collection costs on the fake node: 100,000 gas and half as much again, at its price.
const collectGasFee = 1_500_000

func TestEarningsAreCollectedWithTheOperatorsGrant(t *testing.T) {
	n := newFakeNode(t)
	operator := sdk.AccAddress(bytes.Repeat([]byte{1}, 20))
	s := n.sender(TxConfig{Granter: operator})
	fee, err := s.CollectFee(t.Context(), operator.String())
	require.NoError(t, err)
	require.Equal(t, sdk.NewInt64Coin("atfuel", collectGasFee), fee)
	require.Empty(t, n.sent, "asking sends nothing")

	paid, err := s.Collect(t.Context(), operator.String(), fee.Amount)
	require.NoError(t, err)
	require.Equal(t, "7atfuel", paid.Amount.String())
	require.Equal(t, operator.String(), paid.Recipient)
	require.Equal(t, "the validator is jailed", paid.Undelegated)
	require.NotEmpty(t, paid.Hash)
	require.Len(t, n.sent, 1)
	require.Equal(t, []sdk.Msg{&rewardstypes.MsgCollect{Sender: s.Address().String(), Operator: operator.String()}}, n.sent[0].messages)
	require.Equal(t, operator.String(), n.sent[0].granter)
}

func TestACollectionThatIsNotWorthItsFeeIsNotSigned(t *testing.T) {
	n := newFakeNode(t)
	s := n.sender(TxConfig{})
	_, err := s.Collect(t.Context(), s.Address().String(), sdkmath.NewInt(collectGasFee-1))
	require.ErrorIs(t, err, ErrFeeCap)
	require.ErrorContains(t, err, "is worth at most")
	require.Empty(t, n.sent)
}

// day counts the fees of a day.
type day struct{ spent *big.Int }

func (d *day) Charge(_ int64, _ uint64, fee, limit *big.Int) (*big.Int, bool, error) {
	after := new(big.Int).Add(d.spent, fee)
	if limit != nil && after.Cmp(limit) > 0 {
		return d.spent, false, nil
	}
	d.spent = after
	return after, true, nil
}

func (d *day) Charged(int64) (*big.Int, error) { return d.spent, nil }

func TestACollectionCountsTowardsTheFeesOfTheDay(t *testing.T) {
	n, spent := newFakeNode(t), &day{spent: new(big.Int)}
	caps := DefaultFeeCaps()
	caps.Day = sdk.NewInt64Coin("atfuel", 2*collectGasFee-1)
	s := n.sender(TxConfig{Spending: spent, Caps: caps, Now: func() time.Time { return time.Unix(1_800_000_000, 0) }})
	most := sdkmath.NewInt(1 << 50)
	_, err := s.Collect(t.Context(), s.Address().String(), most)
	require.NoError(t, err)
	require.Equal(t, int64(collectGasFee), spent.spent.Int64())
	_, err = s.Collect(t.Context(), s.Address().String(), most)
	require.ErrorIs(t, err, ErrFeeCap)
	require.ErrorContains(t, err, "fees.max-day")
	require.Len(t, n.sent, 1)
}

func TestARefusedCollectionPaysNothing(t *testing.T) {
	n := newFakeNode(t)
	n.badType = collectMessage()
	s := n.sender(TxConfig{})
	_, err := s.CollectFee(t.Context(), s.Address().String())
	require.ErrorIs(t, err, ErrRejected)
	_, err = s.Collect(t.Context(), s.Address().String(), sdkmath.NewInt(1<<50))
	require.ErrorIs(t, err, ErrRejected)
	require.Empty(t, n.sent)
}

// A node chooses the response that it shows: one without amounts must not end the daemon.
func TestACollectionOfWhichTheNodeShowsNoAmountIsAnError(t *testing.T) {
	_, err := readCollected(TxResult{Hash: "AB", Responses: []*codectypes.Any{{TypeUrl: sdk.MsgTypeURL(&rewardstypes.MsgCollectResponse{})}}})
	require.ErrorContains(t, err, "expected an amount")
}

func TestTheGranterIsSetWhileATransactionIsOnItsWay(t *testing.T) {
	n := newFakeNode(t)
	s := n.sender(TxConfig{})
	s.mu.Lock()
	defer s.mu.Unlock()
	operator := sdk.AccAddress(bytes.Repeat([]byte{1}, 20))
	s.SetGranter(operator)
	require.Equal(t, operator, s.Granter())
}
