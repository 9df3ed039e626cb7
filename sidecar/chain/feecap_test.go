package chain

import (
	"fmt"
	"math/big"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/thetaedge/theta/client/grpcnode"
	"github.com/thetaedge/theta/sidecar/store"
)

// claimsOnly returns a batch without duties.
func claimsOnly() Batch { return Batch{Claims: fullBatch().Claims} }

// TestANodeNamesNoFeeThatTheOwnerDoesNotAllow: the daemon does not trust its node with the
// owner's money.
func TestANodeNamesNoFeeThatTheOwnerDoesNotAllow(t *testing.T) {
	atfuel := func(amount int64) sdk.Coin { return sdk.NewInt64Coin("atfuel", amount) }
	for name, c := range map[string]struct {
		price    int64
		ownPrice string
		caps     FeeCaps
		factor   float64
		want     string
	}{
		"a price 50,000 times the minimum, by default": {price: 50_000_000_000_000, want: "fees.max-gas-price"},
		"a price that can hardly be written":           {ownPrice: strings.Repeat("9", 75) + "atfuel", want: "fees.max-gas-price"},
		"a price that the owner's factor lifts":        {price: 60, factor: 2, caps: FeeCaps{GasPrice: atfuel(100)}, want: "fees.max-gas-price"},
		"more gas than one transaction may cost":       {caps: FeeCaps{GasPrice: atfuel(100), Tx: atfuel(1_000_000)}, want: "fees.max-tx"},
		"another denom":                                {caps: FeeCaps{GasPrice: sdk.NewInt64Coin("other", 100)}, want: "in atfuel"},
	} {
		t.Run(name, func(t *testing.T) {
			n := newFakeNode(t)
			n.ownPrice = c.ownPrice
			if c.price > 0 {
				n.price = c.price
			}
			_, err := n.sender(TxConfig{Caps: c.caps, GasPriceFactor: c.factor}).Submit(t.Context(), fullBatch(), 100)
			require.ErrorIs(t, err, ErrFeeCap)
			require.ErrorContains(t, err, c.want)
			require.Empty(t, n.sent)
		})
	}
}

// TestWhatANodeAsksForItselfIsNotPaidWhereTheLaneTakesLess: in the lane, a node cannot demand
// more than the chain does.
func TestWhatANodeAsksForItselfIsNotPaidWhereTheLaneTakesLess(t *testing.T) {
	n := newFakeNode(t)
	n.ownPrice = "50000000000000atfuel"
	batch := fullBatch()
	batch.Renew = true
	_, err := n.sender(TxConfig{}).Submit(t.Context(), batch, 100)
	require.ErrorIs(t, err, ErrFeeCap)
	require.ErrorContains(t, err, "fees.max-gas-price")
	require.Len(t, n.sent, 2, "duties, and claims; the renewal is too dear")
	require.Equal(t, "5500000atfuel", n.sent[0].fee.String())
	require.Equal(t, "1500000atfuel", n.sent[1].fee.String())
}

func TestADayCostsNoMoreThanTheOwnerAllows(t *testing.T) {
	n := newFakeNode(t)
	home, now := t.TempDir(), time.Now()
	send := func(batch Batch) error {
		journal, err := store.Open(home, nil)
		require.NoError(t, err)
		defer func() { require.NoError(t, journal.Close()) }()
		s := n.sender(TxConfig{
			Spending: journal, Now: func() time.Time { return now },
			Caps: FeeCaps{GasPrice: sdk.NewInt64Coin("atfuel", 100), Day: sdk.NewInt64Coin("atfuel", 12_000_000)},
		})
		_, err = s.Submit(t.Context(), batch, 100)
		return err
	}
	require.NoError(t, send(fullBatch()), "5.5 of 12 million")
	require.NoError(t, send(fullBatch()), "11 of 12, over a restart of the daemon")
	err := send(fullBatch())
	require.ErrorIs(t, err, ErrFeeCap)
	require.ErrorContains(t, err, "fees.max-day is 12000000atfuel")
	require.ErrorContains(t, err, "11000000atfuel were signed for today")
	require.Len(t, n.sent, 2)
	now = now.Add(24 * time.Hour)
	require.NoError(t, send(fullBatch()), "a new day")
}

func TestDutiesGoBeforeClaimsWhenTheBudgetIsShort(t *testing.T) {
	n := newFakeNode(t)
	n.winning = true
	ledger := &shortLedger{most: 1}
	s := n.sender(TxConfig{Spending: ledger, Caps: FeeCaps{GasPrice: sdk.NewInt64Coin("atfuel", 100), Day: sdk.NewInt64Coin("atfuel", 1)}})
	done, err := s.Submit(t.Context(), fullBatch(), 100)
	require.NoError(t, err)
	require.Len(t, n.sent, 1)
	require.Len(t, n.sent[0].messages, 4, "all but the claims")
	refused := 0
	for _, item := range done.Items {
		if item.Action == Claim {
			require.NotZero(t, item.Code)
			require.Contains(t, item.Log, "fees.max-day")
			refused++
		}
	}
	require.Equal(t, 2, refused)

	ledger.most = 100
	_, err = s.Submit(t.Context(), claimsOnly(), 100)
	require.ErrorIs(t, err, ErrFeeCap, "claims alone are not sent")
}

// shortLedger refuses the first charges.
type shortLedger struct{ refused, most int }

func (l *shortLedger) Charge(_ int64, _ uint64, _, _ *big.Int) (*big.Int, bool, error) {
	l.refused++
	return big.NewInt(0), l.refused > l.most, nil
}

func (l *shortLedger) Charged(int64) (*big.Int, error) { return nil, fmt.Errorf("not asked") }

func TestTheOwnerIsToldHowToAllowPlaintext(t *testing.T) {
	require.NoError(t, CheckPlaintext("127.0.0.1:9090"))
	require.NoError(t, CheckPlaintext("https://node.example:443"))
	err := CheckPlaintext("node.example:9090")
	require.ErrorIs(t, err, grpcnode.ErrPlaintext)
	require.ErrorContains(t, err, "insecure-plaintext")
}
