package payout_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	sdkmath "cosmossdk.io/math"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/thetaedge/theta/app/params"
	"github.com/thetaedge/theta/client/tx"
	"github.com/thetaedge/theta/sidecar/chain"
	"github.com/thetaedge/theta/sidecar/payout"
	edgenodetypes "github.com/thetaedge/theta/x/edgenode/types"
)

func TestMain(m *testing.M) {
	params.SetSDKDefaults()
	os.Exit(m.Run())
}

// ledger is a chain that owes an operator something.
type ledger struct {
	owed, fee sdkmath.Int
	grant     chain.Grant
	// fails is what the next collection fails with; forgotten reports that it takes effect all the same.
	fails     error
	forgotten bool
	// paid counts the collections that were sent, and looks the questions.
	paid, looks int
	most        sdkmath.Int
	granter     sdk.AccAddress
	unknown     bool
	// shown is the operator that the node shows.
	shown sdk.AccAddress
}

func operator() sdk.AccAddress { return bytes.Repeat([]byte{1}, 20) }

func (l *ledger) Granter() sdk.AccAddress { return l.granter }

func (l *ledger) Address() sdk.AccAddress { return make([]byte, 20) }

func (l *ledger) Node(context.Context, string) (edgenodetypes.Node, error) {
	l.looks++
	if l.unknown {
		return edgenodetypes.Node{}, chain.ErrNotFound
	}
	return edgenodetypes.Node{Profile: edgenodetypes.NodeProfile{Operator: l.shown.String()}}, nil
}

func (l *ledger) Earnings(context.Context, string) (sdk.Coins, error) {
	return sdk.NewCoins(sdk.NewCoin(params.BaseDenom, l.owed), sdk.NewInt64Coin("token", 7)), nil
}

func (l *ledger) Grant(context.Context, string, string) (chain.Grant, error) { return l.grant, nil }

func (l *ledger) CollectFee(context.Context, string) (sdk.Coin, error) {
	return sdk.NewCoin(params.BaseDenom, l.fee), nil
}

func (l *ledger) Collect(_ context.Context, operator string, most sdkmath.Int) (chain.Collected, error) {
	l.paid, l.most = l.paid+1, most
	err := l.fails
	l.fails = nil
	if err != nil && !l.forgotten {
		return chain.Collected{}, err
	}
	amount := sdk.NewCoins(sdk.NewCoin(params.BaseDenom, l.owed))
	l.owed = sdkmath.ZeroInt()
	return chain.Collected{Amount: amount, Recipient: operator, Delegated: sdk.NewInt64Coin(params.BaseDenom, 0), Hash: "AB"}, err
}

// desk is a collector with a clock that the test moves.
type desk struct {
	*payout.Collector
	t    *testing.T
	home string
	now  time.Time
	*ledger
}

func newDesk(t *testing.T) *desk {
	d := &desk{t: t, home: t.TempDir(), now: time.Unix(1_800_000_000, 0), ledger: &ledger{owed: params.Tfuel(10), fee: sdkmath.NewInt(1000), granter: operator(), shown: operator()}}
	d.open()
	return d
}

// open opens the collector as after a restart.
func (d *desk) open() {
	d.t.Helper()
	var err error
	d.Collector, err = payout.New(payout.Config{
		Chain: d.ledger, Home: d.home, Rule: payout.Rule{Least: params.TfuelCoin(5), FeeBps: 100},
		Logger: slog.New(slog.NewTextHandler(io.Discard, nil)), Now: func() time.Time { return d.now },
	})
	require.NoError(d.t, err)
}

func (d *desk) state() payout.State {
	d.t.Helper()
	state, err := payout.Read(d.home)
	require.NoError(d.t, err)
	return state
}

func TestEarningsAreCollectedFromTheLeastAmountOn(t *testing.T) {
	d := newDesk(t)
	d.owed = params.Tfuel(5).SubRaw(1)
	require.NoError(t, d.Look(t.Context()))
	require.Zero(t, d.paid)
	require.Contains(t, d.state().Waits, "payout.collect is 5 tfuel")
	d.owed = params.Tfuel(5)
	require.NoError(t, d.Look(t.Context()))
	require.Equal(t, 1, d.paid)
	require.Equal(t, params.Tfuel(5).QuoRaw(100).String(), d.most.String(), "one percent")
	require.Equal(t, "5 tfuel", d.state().Paid)
	require.Empty(t, d.state().Waits)
}

func TestACollectionWaitsWhileItsFeeIsTooHigh(t *testing.T) {
	d := newDesk(t)
	d.fee = params.Tfuel(10).QuoRaw(100).AddRaw(1)
	require.NoError(t, d.Look(t.Context()))
	require.Zero(t, d.paid)
	require.Contains(t, d.state().Waits, "payout.most-fee-percent")
	d.fee = params.Tfuel(10).QuoRaw(100)
	require.NoError(t, d.Look(t.Context()))
	require.Equal(t, 1, d.paid)
}

func TestADayPassesBetweenCollectionsAlsoOverARestart(t *testing.T) {
	d := newDesk(t)
	require.NoError(t, d.Look(t.Context()))
	d.owed = params.Tfuel(10)
	d.open()
	d.now = d.now.Add(24*time.Hour - time.Second)
	require.NoError(t, d.Look(t.Context()))
	require.Equal(t, 1, d.paid)
	require.Equal(t, 1, d.looks, "the chain is not asked for nothing")
	d.now = d.now.Add(time.Second)
	require.NoError(t, d.Look(t.Context()))
	require.Equal(t, 2, d.paid)
}

func TestAGrantOfAnEarlierVersionIsNamedOnceAndNothingIsSent(t *testing.T) {
	d := newDesk(t)
	d.grant.CannotCollect = true
	for range 3 {
		require.NoError(t, d.Look(t.Context()))
	}
	require.Zero(t, d.paid)
	require.Contains(t, d.state().Waits, "thetaedge register")
}

func TestAFailureThatPaidNothingIsTriedAgainAfterAnHourAndOneInABlockAfterADay(t *testing.T) {
	for name, c := range map[string]struct {
		err  error
		wait time.Duration
	}{
		"not sent":   {errors.New("the node does not answer"), time.Hour},
		"refused":    {&tx.Refusal{Log: "no"}, time.Hour},
		"in a block": {&tx.Refusal{Log: "no", InBlock: true}, 24 * time.Hour},
	} {
		d := newDesk(t)
		d.fails = c.err
		require.ErrorIs(t, d.Look(t.Context()), c.err, name)
		require.NotEmpty(t, d.state().Waits)
		d.now = d.now.Add(c.wait - time.Second)
		require.NoError(t, d.Look(t.Context()))
		require.Equal(t, 1, d.paid, name)
		d.now = d.now.Add(time.Second)
		require.NoError(t, d.Look(t.Context()))
		require.Equal(t, 2, d.paid, name)
	}
}

// The daemon may be killed after the transaction was sent and before it is known: the file already says that
// nothing is sent for a day, and what was paid is not paid again.
func TestACrashAfterTheSendingPaysNothingTwice(t *testing.T) {
	d := newDesk(t)
	d.fails, d.forgotten = context.DeadlineExceeded, true
	require.Error(t, d.Look(t.Context()))
	d.open()
	d.now = d.now.Add(25 * time.Hour)
	require.NoError(t, d.Look(t.Context()))
	require.Equal(t, 1, d.paid, "nothing is left to collect")
}

func TestAClockThatWasPutBackDoesNotStopCollecting(t *testing.T) {
	d := newDesk(t)
	require.NoError(t, d.Look(t.Context()))
	d.owed = params.Tfuel(10)
	d.now = d.now.Add(-1000 * time.Hour)
	require.NoError(t, d.Look(t.Context()))
	require.Equal(t, 2, d.paid)
}

func TestAMachineWithoutANodeCollectsNothing(t *testing.T) {
	d := newDesk(t)
	d.unknown = true
	require.NoError(t, d.Look(t.Context()))
	require.Zero(t, d.paid)
}

func TestNothingIsSentIfTheStateCannotBeWritten(t *testing.T) {
	d := newDesk(t)
	require.NoError(t, os.Mkdir(filepath.Join(d.home, payout.File+".new"), 0o700))
	require.Error(t, d.Look(t.Context()))
	require.Zero(t, d.paid)
}

func TestADamagedStateIsNamed(t *testing.T) {
	home := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(home, payout.File), []byte("{"), 0o600))
	_, err := payout.Read(home)
	require.ErrorContains(t, err, "move the file away")
}

// The grant also pays for reveals: a node that lies about the operator must not change who pays.
func TestANodeThatShowsAnotherOperatorCollectsNothingAndChangesNoGrant(t *testing.T) {
	d := newDesk(t)
	d.shown = bytes.Repeat([]byte{2}, 20)
	require.ErrorContains(t, d.Look(t.Context()), "expected the node of operator "+operator().String())
	require.Zero(t, d.paid)
	require.Equal(t, operator(), d.granter)
}

func TestNothingIsCollectedBeforeItIsKnownWhoPays(t *testing.T) {
	d := newDesk(t)
	d.granter = nil
	require.NoError(t, d.Look(t.Context()))
	require.Zero(t, d.looks)
	require.Zero(t, d.paid)
	d.granter = operator()
	require.NoError(t, d.Look(t.Context()))
	require.Equal(t, 1, d.paid)
}
