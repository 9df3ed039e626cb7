package cmd

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"cosmossdk.io/math"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/thetaedge/theta/app/params"
	"github.com/thetaedge/theta/sidecar/chain"
	edgenodetypes "github.com/thetaedge/theta/x/edgenode/types"
	rewardstypes "github.com/thetaedge/theta/x/rewards/types"
)

const someOperator = "theta1qyqszqgpqyqszqgpqyqszqgpqyqszqgp8yzz5w"

// fakeLedger is a chain with one node, or with none.
type fakeLedger struct {
	node    *edgenodetypes.Node
	height  int64
	balance math.Int
	earned  sdk.Coins
}

func (f fakeLedger) NodeOf(_ context.Context, operator string) (edgenodetypes.Node, error) {
	if f.node == nil {
		return edgenodetypes.Node{}, fmt.Errorf("node of operator %s: %w", operator, chain.ErrNotFound)
	}
	return *f.node, nil
}

func (f fakeLedger) Tip(context.Context) (chain.Tip, error) { return chain.Tip{Height: f.height}, nil }

func (f fakeLedger) EdgenodeParams(context.Context) (edgenodetypes.Params, error) {
	return edgenodetypes.DefaultParams(), nil
}

func (f fakeLedger) Balance(_ context.Context, _, denom string) (sdk.Coin, error) {
	return sdk.NewCoin(denom, f.balance), nil
}

func (f fakeLedger) Earnings(context.Context, string) (sdk.Coins, error) { return f.earned, nil }

func (f fakeLedger) Payout(_ context.Context, operator string) (chain.Payout, error) {
	return chain.Payout{Address: operator}, nil
}

func nodeThatIs(status edgenodetypes.NodeStatus, bond, locked int64) *edgenodetypes.Node {
	return &edgenodetypes.Node{
		Profile: edgenodetypes.NodeProfile{Operator: someOperator, Moniker: "attic"},
		State:   edgenodetypes.NodeState{Status: status, Bond: params.Tfuel(bond), Locked: params.Tfuel(locked), Jail: edgenodetypes.JailRecord{Until: 100}},
	}
}

// TestOrdersThatTheChainWouldRefuseSayWhatToDo: before anything is signed.
func TestOrdersThatTheChainWouldRefuseSayWhatToDo(t *testing.T) {
	active := edgenodetypes.NODE_STATUS_ACTIVE
	type build = func(context.Context, ledger, string, sdk.Coin) (sdk.Msg, string, error)
	for name, c := range map[string]struct {
		build  build
		ledger fakeLedger
		coin   sdk.Coin
		says   string
	}{
		"unjail without a node":    {buildUnjail, fakeLedger{}, sdk.Coin{}, "expected a node that " + someOperator + " has registered, found none"},
		"unjail an active node":    {buildUnjail, fakeLedger{node: nodeThatIs(active, 100, 0)}, sdk.Coin{}, `expected node "attic" to be jailed, found it active`},
		"unjail too early":         {buildUnjail, fakeLedger{node: nodeThatIs(edgenodetypes.NODE_STATUS_JAILED, 100, 0), height: 90}, sdk.Coin{}, "until block 100, 10 blocks from now"},
		"resume without a node":    {buildResume, fakeLedger{}, sdk.Coin{}, "thetaedge register"},
		"resume an active node":    {buildResume, fakeLedger{node: nodeThatIs(active, 100, 0)}, sdk.Coin{}, "to be paused, found it active"},
		"pause a retired node":     {buildPause, fakeLedger{node: nodeThatIs(edgenodetypes.NODE_STATUS_RETIRED, 100, 0)}, sdk.Coin{}, "found it retired"},
		"bond more than there is":  {buildBond, fakeLedger{node: nodeThatIs(active, 100, 0), balance: params.Tfuel(5)}, params.TfuelCoin(6), "expected at least 6 tfuel and fees at " + someOperator + ", found 5 tfuel"},
		"bond another coin":        {buildBond, fakeLedger{node: nodeThatIs(active, 100, 0), balance: params.Tfuel(5)}, sdk.NewInt64Coin("uatom", 1), "AMOUNT: expected coins of bonds"},
		"bond without a node":      {buildBond, fakeLedger{balance: params.Tfuel(5)}, params.TfuelCoin(1), "found none"},
		"unbond what is locked":    {buildUnbond, fakeLedger{node: nodeThatIs(active, 300, 250)}, params.TfuelCoin(60), "expected at most 50 tfuel"},
		"unbond below the lowest":  {buildUnbond, fakeLedger{node: nodeThatIs(active, 120, 0)}, params.TfuelCoin(30), "thetaedge operator retire"},
		"retire without a node":    {buildRetire, fakeLedger{}, sdk.Coin{}, "found none"},
		"claim without an earning": {buildClaim, fakeLedger{}, sdk.Coin{}, "expected earnings of " + someOperator + " that are not claimed, found none"},
	} {
		msg, _, err := c.build(t.Context(), c.ledger, someOperator, c.coin)
		require.ErrorContains(t, err, c.says, name)
		require.Nil(t, msg, name)
	}
}

func TestOrdersSayWhatTheyDo(t *testing.T) {
	active := fakeLedger{node: nodeThatIs(edgenodetypes.NODE_STATUS_ACTIVE, 300, 250), height: 99, balance: params.Tfuel(10), earned: sdk.NewCoins(params.TfuelCoin(2))}
	jailed, paused := active, active
	jailed.node = nodeThatIs(edgenodetypes.NODE_STATUS_JAILED, 300, 0)
	paused.node = nodeThatIs(edgenodetypes.NODE_STATUS_PAUSED, 300, 0)
	requireOrder := func(want sdk.Msg, says string, msg sdk.Msg, does string, err error) {
		t.Helper()
		require.NoError(t, err)
		require.Equal(t, want, msg)
		require.Contains(t, does, says)
	}
	msg, does, err := buildUnjail(t.Context(), jailed, someOperator, sdk.Coin{})
	requireOrder(&edgenodetypes.MsgUnjail{Operator: someOperator}, "works again", msg, does, err)
	msg, does, err = buildPause(t.Context(), active, someOperator, sdk.Coin{})
	requireOrder(&edgenodetypes.MsgPause{Operator: someOperator}, "thetaedge operator resume", msg, does, err)
	msg, does, err = buildResume(t.Context(), paused, someOperator, sdk.Coin{})
	requireOrder(&edgenodetypes.MsgResume{Operator: someOperator}, "gets work again", msg, does, err)
	msg, does, err = buildBond(t.Context(), active, someOperator, params.TfuelCoin(10))
	requireOrder(&edgenodetypes.MsgBond{Operator: someOperator, Amount: params.TfuelCoin(10)}, "which is 310 tfuel then", msg, does, err)
	msg, does, err = buildUnbond(t.Context(), active, someOperator, params.TfuelCoin(50))
	requireOrder(&edgenodetypes.MsgUnbond{Operator: someOperator, Amount: params.TfuelCoin(50)}, "take 50 tfuel out", msg, does, err)
	msg, does, err = buildRetire(t.Context(), active, someOperator, sdk.Coin{})
	requireOrder(&edgenodetypes.MsgRetire{Operator: someOperator}, "250 tfuel stay locked", msg, does, err)
	msg, does, err = buildClaim(t.Context(), active, someOperator, sdk.Coin{})
	requireOrder(&rewardstypes.MsgClaim{Operator: someOperator}, "pay 2 tfuel to "+someOperator, msg, does, err)
}

// TestAnOrderWithAKeyThatIsNotThereAsksNoChain: the chain of the home does not answer.
func TestAnOrderWithAKeyThatIsNotThereAsksNoChain(t *testing.T) {
	home, dir := newHome(t), t.TempDir()
	for _, command := range []string{"unjail", "pause", "resume", "retire", "claim"} {
		_, err := run(t, "operator", command, "--home", home, "--from", "nemo", "--keyring-dir", dir, "--keyring-backend", "test")
		require.ErrorContains(t, err, `--from: expected a key named "nemo"`, command)
		require.ErrorContains(t, err, "thetaedge keys list", command)
		_, err = run(t, "operator", command, "--home", home)
		require.ErrorContains(t, err, "from", command)
	}
	for _, wrong := range []string{"many", "0tfuel", "-1tfuel"} {
		_, err := run(t, "operator", "bond", "--home", home, "--from", "nemo", "--keyring-dir", dir, "--keyring-backend", "test", "--", wrong)
		require.ErrorContains(t, err, "AMOUNT: ", wrong)
	}
	_, err := run(t, "operator", "claim", "--home", home+"-none", "--from", "nemo")
	require.ErrorContains(t, err, "run thetaedge init")
	_, err = run(t, "receipt", "x", "0", "--home", home)
	require.ErrorContains(t, err, "JOB: ")
	_, err = run(t, "receipt", "1-0-0", "first", "--home", home)
	require.ErrorContains(t, err, "TASK: expected the number of a task")
}

// TestAnUnsignedOrderNeedsNoKey: the messages can be printed, which the codec has to know for it.
func TestAnUnsignedOrderNeedsNoKey(t *testing.T) {
	codec, err := chain.NewCodec()
	require.NoError(t, err)
	for _, msg := range []sdk.Msg{
		&edgenodetypes.MsgUnjail{}, &edgenodetypes.MsgPause{}, &edgenodetypes.MsgResume{}, &edgenodetypes.MsgBond{},
		&edgenodetypes.MsgUnbond{}, &edgenodetypes.MsgRetire{}, &edgenodetypes.MsgUpdate{}, &rewardstypes.MsgClaim{},
	} {
		found, err := codec.InterfaceRegistry().Resolve(sdk.MsgTypeURL(msg))
		require.NoError(t, err)
		require.IsType(t, msg, found)
		require.True(t, strings.HasPrefix(sdk.MsgTypeURL(msg), "/theta."))
	}
}
