// The race detector would have to compile the whole app for these tests.
//go:build !race

package drand

import (
	"context"
	"encoding/json"
	"math"
	"testing"
	"time"

	abci "github.com/cometbft/cometbft/abci/types"
	"github.com/stretchr/testify/require"
	"google.golang.org/grpc"

	"github.com/cosmos/cosmos-sdk/client"
	nodeservice "github.com/cosmos/cosmos-sdk/client/grpc/node"
	"github.com/cosmos/cosmos-sdk/codec"
	cryptotypes "github.com/cosmos/cosmos-sdk/crypto/types"
	sdk "github.com/cosmos/cosmos-sdk/types"
	"github.com/cosmos/cosmos-sdk/types/query"
	txtypes "github.com/cosmos/cosmos-sdk/types/tx"
	banktypes "github.com/cosmos/cosmos-sdk/x/bank/types"

	"github.com/thetaedge/theta/app/params"
	"github.com/thetaedge/theta/client/grpcnode"
	"github.com/thetaedge/theta/client/tx"
	"github.com/thetaedge/theta/testutil/apptest"
	"github.com/thetaedge/theta/testutil/rpcnode"
	"github.com/thetaedge/theta/x/beacon/bls"
	"github.com/thetaedge/theta/x/beacon/types"
)

// wire is a connection to a node of a real chain. The chain makes a block each time it is
// asked for its height.
type wire struct {
	grpcnode.Connection
	chain *apptest.Chain
	// forgets is the number of transactions that the node accepts and then forgets.
	forgets int
	// next are the transactions of others in the next blocks.
	next [][][]byte
	// sent contains all transactions that the relay has submitted.
	sent []tx.Signed
}

// Invoke answers a question.
func (w *wire) Invoke(ctx context.Context, method string, request, reply any, opts ...grpc.CallOption) error {
	switch asked := request.(type) {
	case *txtypes.BroadcastTxRequest:
		signed, err := tx.ReadSigned(asked.TxBytes)
		if err != nil {
			return err
		}
		w.sent = append(w.sent, signed)
		if w.forgets > 0 {
			w.forgets--
			reply.(*txtypes.BroadcastTxResponse).TxResponse = &sdk.TxResponse{TxHash: signed.Hash()}
			return nil
		}
	case *nodeservice.StatusRequest:
		var txs [][]byte
		if len(w.next) > 0 {
			txs, w.next = w.next[0], w.next[1:]
		}
		w.chain.NextBlock(txs...)
	}
	return w.Connection.Invoke(ctx, method, request, reply, opts...)
}

// relaySigner signs with the key of a relay.
type relaySigner struct{ account apptest.Account }

func (s relaySigner) Address() sdk.AccAddress         { return s.account.Address }
func (s relaySigner) PubKey() cryptotypes.PubKey      { return s.account.Key.PubKey() }
func (s relaySigner) Sign(doc []byte) ([]byte, error) { return s.account.Key.Sign(doc) }

// relayed is a relay's way to a real chain that follows a beacon of the test's own.
type relayed struct {
	t     *testing.T
	chain *apptest.Chain
	relay apptest.Account
	key   bls.SecretKey
	wire  *wire
	node  *Node
}

// newRelayed makes a chain on which some heights wait for rounds. A relay without gas
// simulates its transactions.
func newRelayed(t *testing.T, gas uint64) *relayed {
	t.Helper()
	params.SetSDKDefaults()
	r := &relayed{t: t, key: bls.GenerateKey(), relay: apptest.Named(0)}
	r.chain = apptest.New(t, apptest.WithAccounts(1, params.TfuelCoin(1_000_000)), apptest.WithGenesis(
		func(cdc codec.Codec, genesis map[string]json.RawMessage) {
			var beacon types.GenesisState
			cdc.MustUnmarshalJSON(genesis[types.ModuleName], &beacon)
			beacon.Params.PublicKey = r.key.Public().String()
			beacon.Params.GenesisTime = apptest.GenesisTime().Unix() - 60
			genesis[types.ModuleName] = cdc.MustMarshalJSON(&beacon)
		}))
	r.chain.Blocks(8)
	server := rpcnode.Start(t, r.chain, "validators", time.Now().Add(-time.Hour))
	server.TakeTxs(func(raw []byte) *abci.ResponseFinalizeBlock { return r.chain.NextBlock(raw) })
	comet, err := client.NewClientFromNode(server.Address)
	require.NoError(t, err)
	r.wire = &wire{chain: r.chain, Connection: client.Context{}.WithClient(comet).WithChainID(apptest.ChainID).
		WithCodec(r.chain.App.AppCodec()).WithInterfaceRegistry(r.chain.App.InterfaceRegistry()).WithTxConfig(r.chain.App.TxConfig())}
	r.node = NewNode(r.wire, apptest.ChainID, relaySigner{r.relay}, Terms{
		GasPrices: sdk.NewDecCoins(sdk.NewInt64DecCoin(params.BaseDenom, params.DefaultMinGasPrice)),
		Gas:       gas, GasAdjustment: 1.2, Memo: "relay",
	})
	r.node.poll = time.Millisecond
	return r
}

// rounds returns rounds that the chain waits for.
func (r *relayed) rounds(n int) []Beacon {
	r.t.Helper()
	missing, err := r.node.Missing(r.t.Context(), n, true)
	require.NoError(r.t, err)
	require.Len(r.t, missing, n)
	beacons := make([]Beacon, n)
	for i, round := range missing {
		signature, err := r.key.Sign(round)
		require.NoError(r.t, err)
		beacons[i] = Beacon{Round: round, Signature: signature}
	}
	return beacons
}

// arrived reports whether the chain has the rounds.
func (r *relayed) arrived(beacons []Beacon) bool {
	r.t.Helper()
	missing, err := r.node.Missing(r.t.Context(), 100, true)
	require.NoError(r.t, err)
	for _, round := range missing {
		for _, b := range beacons {
			if b.Round == round {
				return false
			}
		}
	}
	return true
}

// foreign returns a transaction that another program signs with the relay's key.
func (r *relayed) foreign() []byte {
	r.t.Helper()
	return r.chain.Sign(r.relay, []sdk.Msg{banktypes.NewMsgSend(r.relay.Address, r.relay.Address, sdk.NewCoins(params.TfuelCoin(1)))})
}

// gasSettings returns the gas limits of a relay that simulates and of one that does not.
func gasSettings() map[string]uint64 {
	return map[string]uint64{"simulated gas": 0, "gas that is named": 3_000_000}
}

func TestRoundsAreSubmittedWithATimeoutHeight(t *testing.T) {
	for name, gas := range gasSettings() {
		t.Run(name, func(t *testing.T) {
			r := newRelayed(t, gas)
			schedule, err := r.node.Schedule(t.Context())
			require.NoError(t, err)
			require.Equal(t, r.key.Public().String(), schedule.PublicKey)
			first := r.rounds(2)
			height := r.chain.Height()
			require.NoError(t, r.node.Submit(t.Context(), first))
			require.True(t, r.arrived(first))
			require.Len(t, r.wire.sent, 1)
			require.Equal(t, height+1+txLifeBlocks, r.wire.sent[0].TimeoutHeight)
			require.ErrorIs(t, r.node.Submit(t.Context(), first), ErrBeaten, "they are on the chain")
			second := r.rounds(1)
			require.NoError(t, r.node.Submit(t.Context(), second))
			require.True(t, r.arrived(second))
		})
	}
}

func TestASequenceThatAnotherProgramHasUsedIsCorrected(t *testing.T) {
	for name, gas := range gasSettings() {
		t.Run(name, func(t *testing.T) {
			r := newRelayed(t, gas)
			require.NoError(t, r.node.Submit(t.Context(), r.rounds(1)))
			r.chain.NextBlock(r.foreign())
			rounds := r.rounds(1)
			require.NoError(t, r.node.Submit(t.Context(), rounds))
			require.True(t, r.arrived(rounds))
			require.Equal(t, uint64(2), r.wire.sent[len(r.wire.sent)-1].Sequence)
		})
	}
}

func TestATransactionThatANodeForgotIsHandedOverAgain(t *testing.T) {
	r := newRelayed(t, 0)
	r.wire.forgets = 2
	rounds := r.rounds(1)
	require.NoError(t, r.node.Submit(t.Context(), rounds))
	require.True(t, r.arrived(rounds))
	require.Len(t, r.wire.sent, 3)
	require.Equal(t, r.wire.sent[0], r.wire.sent[2], "the same bytes")
}

func TestATransactionIsSignedAgainIfItsSequenceWasUsedWhileANodeHadForgottenIt(t *testing.T) {
	r := newRelayed(t, 0)
	r.wire.forgets = 1
	rounds := r.rounds(1)
	r.wire.next = [][][]byte{nil, {r.foreign()}}
	require.NoError(t, r.node.Submit(t.Context(), rounds))
	require.True(t, r.arrived(rounds))
	require.Len(t, r.wire.sent, 3)
	require.Equal(t, r.wire.sent[0], r.wire.sent[1])
	require.Equal(t, r.wire.sent[0].Sequence+1, r.wire.sent[2].Sequence)
}

func TestATransactionThatNoBlockTakesIsGivenUpAfterItsTimeoutHeight(t *testing.T) {
	r := newRelayed(t, 0)
	r.wire.forgets = 100
	rounds := r.rounds(1)
	require.ErrorIs(t, r.node.Submit(t.Context(), rounds), tx.ErrNotIncluded)
	require.False(t, r.arrived(rounds))
	for _, again := range r.wire.sent {
		require.Equal(t, r.wire.sent[0], again)
	}
	r.wire.forgets = 0
	require.NoError(t, r.node.Submit(t.Context(), rounds))
	require.True(t, r.arrived(rounds))
	require.Equal(t, r.wire.sent[0].Sequence, r.wire.sent[len(r.wire.sent)-1].Sequence)
}

// inventingWire changes the answers of a node.
type inventingWire struct {
	grpcnode.Connection
	lie func(reply any) error
}

func (l inventingWire) Invoke(ctx context.Context, method string, request, reply any, opts ...grpc.CallOption) error {
	if err := l.Connection.Invoke(ctx, method, request, reply, opts...); err != nil {
		return err
	}
	return l.lie(reply)
}

// lying returns the relay's node with changed answers.
func (r *relayed) lying(lie func(reply any) error) *Node {
	node := NewNode(inventingWire{r.wire, lie}, apptest.ChainID, relaySigner{r.relay}, r.node.terms)
	node.poll = time.Millisecond
	return node
}

func TestARelayDoesNotPayForGasThatANodeInvents(t *testing.T) {
	r := newRelayed(t, 0)
	rounds := r.rounds(1)
	for _, gas := range []uint64{DefaultMaxGas, 20_000_000, 1 << 40, math.MaxUint64} {
		node := r.lying(func(reply any) error {
			if res, ok := reply.(*txtypes.SimulateResponse); ok {
				res.GasInfo.GasUsed = gas
			}
			return nil
		})
		err := node.Submit(t.Context(), rounds)
		require.ErrorContains(t, err, "use another node", "%d gas", gas)
		if gas <= 1<<40 {
			require.ErrorIs(t, err, ErrGas)
		}
	}
	require.Empty(t, r.wire.sent, "nothing was signed")
	r.node.terms.MaxGas = 100_000
	require.ErrorIs(t, r.node.Submit(t.Context(), rounds), ErrGas)
	r.node.terms.MaxGas = 0
	require.NoError(t, r.node.Submit(t.Context(), rounds))
}

func TestASearchForMissingRoundsEnds(t *testing.T) {
	r := newRelayed(t, 0)
	for name, next := range map[string]func(page int) byte{
		"one page for ever": func(int) byte { return 1 },
		"a circle":          func(page int) byte { return byte(page % 3) },
	} {
		page := 0
		node := r.lying(func(reply any) error {
			if res, ok := reply.(*types.QueryMissingResponse); ok {
				page++
				res.Rounds, res.Pagination = nil, &query.PageResponse{NextKey: []byte{0, 0, 0, 0, 0, 0, 0, next(page) + 1}}
			}
			return nil
		})
		_, err := node.Missing(t.Context(), 8, true)
		require.ErrorIs(t, err, grpcnode.ErrPages, name)
		require.LessOrEqual(t, page, 4, name)
	}
}

// emptyPages answers with pages that show nothing and do not end.
type emptyPages struct {
	grpcnode.Connection
	pages int
}

func (e *emptyPages) Invoke(_ context.Context, _ string, _, reply any, _ ...grpc.CallOption) error {
	e.pages++
	reply.(*types.QueryMissingResponse).Pagination = &query.PageResponse{NextKey: []byte{0, 0, 0, 0, 0, 0, byte(e.pages >> 8), byte(e.pages)}}
	return nil
}

func TestADeepSearchForMissingRoundsStopsSomewhere(t *testing.T) {
	wire := &emptyPages{}
	node := NewNode(wire, apptest.ChainID, relaySigner{apptest.Named(0)}, Terms{})
	rounds, err := node.Missing(t.Context(), 8, true)
	require.NoError(t, err)
	require.Empty(t, rounds)
	require.Equal(t, deepPages, wire.pages)
	_, err = node.Missing(t.Context(), 8, false)
	require.NoError(t, err)
	require.Equal(t, deepPages+1, wire.pages, "a shallow one looks at one page")
}
