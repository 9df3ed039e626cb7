// Package edge plays the participants of the chain in a test: nodes, a beacon relay and a
// requester. They act on the results of the chain's queries, and communicate with the chain
// only by signed transactions, as sidecars and clients do.
package edge

import (
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"cosmossdk.io/math"

	"github.com/cosmos/cosmos-sdk/codec"
	sdk "github.com/cosmos/cosmos-sdk/types"
	banktypes "github.com/cosmos/cosmos-sdk/x/bank/types"
	epochstypes "github.com/cosmos/cosmos-sdk/x/epochs/types"

	"github.com/thetaedge/theta/app"
	"github.com/thetaedge/theta/app/params"
	"github.com/thetaedge/theta/testutil/apptest"
	"github.com/thetaedge/theta/x/beacon/bls"
	beaconkeeper "github.com/thetaedge/theta/x/beacon/keeper"
	beacontypes "github.com/thetaedge/theta/x/beacon/types"
	computekeeper "github.com/thetaedge/theta/x/compute/keeper"
	computetypes "github.com/thetaedge/theta/x/compute/types"
	edgenodetypes "github.com/thetaedge/theta/x/edgenode/types"
)

const (
	// Class is the hardware class of every node.
	Class = "cpu-small"
	// EpochDuration is the length of an edge epoch: ten blocks of 1.5 s.
	EpochDuration = 15 * time.Second
	// NodeBond is the bond of each node, in whole tfuel.
	NodeBond = 500
	// roundsPerTx bounds the pairings of one tx of the relay.
	roundsPerTx = 4
	// beaconSecret is the scalar 42; a devnet's beacon has a key of its own.
	beaconSecret = "000000000000000000000000000000000000000000000000000000000000002a"
)

// Node is one operator with its worker key.
type Node struct {
	Operator, Worker apptest.Account
	// Lies reports whether the node commits to a wrong result of its own.
	Lies bool
	// Result, if set, is the digest to which the node commits in every job.
	Result []byte
}

// Network contains all participants except the validator.
type Network struct {
	Requester, Relay apptest.Account
	Nodes            []Node
	// Lane makes nodes and relay pay the floor price, whatever others pay, and ask for no
	// more gas than the lane allows.
	Lane bool

	t   testing.TB
	key bls.SecretKey
}

// New returns a network of honest nodes followed by lying ones. Its chain is built with its
// Options.
func New(t testing.TB, honest, liars int) *Network {
	t.Helper()
	key, err := bls.ParseSecretKey(beaconSecret)
	require.NoError(t, err)
	n := &Network{t: t, key: key, Requester: apptest.Named(0), Relay: apptest.Named(1)}
	for i := range honest + liars {
		n.Nodes = append(n.Nodes, Node{
			Operator: apptest.Named(i + 2),
			Worker:   apptest.NewAccount(fmt.Sprintf("worker-%d", i)),
			Lies:     i >= honest,
		})
	}
	return n
}

// Options returns options for a chain with an account for every participant, the network's
// own beacon and short epochs.
func (n *Network) Options() []apptest.Option {
	return []apptest.Option{
		apptest.WithAccounts(len(n.Nodes)+2, params.TfuelCoin(1_000_000)),
		apptest.WithGenesis(func(cdc codec.Codec, genesis map[string]json.RawMessage) {
			n.Adjust(cdc, genesis, apptest.GenesisTime())
		}),
	}
}

// Adjust gives a genesis of a chain that begins at start the network's beacon and short epochs.
func (n *Network) Adjust(cdc codec.Codec, genesis map[string]json.RawMessage, start time.Time) {
	var beacon beacontypes.GenesisState
	cdc.MustUnmarshalJSON(genesis[beacontypes.ModuleName], &beacon)
	beacon.Params.PublicKey = n.key.Public().String()
	beacon.Params.GenesisTime = start.Unix() - 60
	genesis[beacontypes.ModuleName] = cdc.MustMarshalJSON(&beacon)

	var epochs epochstypes.GenesisState
	cdc.MustUnmarshalJSON(genesis[epochstypes.ModuleName], &epochs)
	for i := range epochs.Epochs {
		if epochs.Epochs[i].Identifier == app.EdgeEpoch {
			epochs.Epochs[i].Duration = EpochDuration
		}
	}
	genesis[epochstypes.ModuleName] = cdc.MustMarshalJSON(&epochs)
}

// Register returns one tx per node, which funds its worker and bonds NodeBond.
func (n *Network) Register(c *apptest.Chain) [][]byte {
	n.t.Helper()
	var txs [][]byte
	for i, node := range n.Nodes {
		txs = append(txs, c.Sign(node.Operator, []sdk.Msg{
			banktypes.NewMsgSend(node.Operator.Address, node.Worker.Address, sdk.NewCoins(params.TfuelCoin(10))),
			&edgenodetypes.MsgRegister{
				Operator:  node.Operator.String(),
				Worker:    node.Worker.String(),
				Moniker:   fmt.Sprintf("node %d", i),
				Hardware:  edgenodetypes.Hardware{CpuCores: 4, MemoryBytes: 8 << 30},
				Region:    "eu",
				Class:     Class,
				Executors: []string{"wasm/1"},
				Bond:      params.TfuelCoin(NodeBond),
				Slots:     2,
			},
		}))
	}
	return txs
}

// Post returns a tx that posts a job under QUORUM(3) with reward per replica.
func (n *Network) Post(c *apptest.Chain, reward sdk.Coin) []byte { return n.PostArray(c, reward, 1) }

// PostArray is Post for a job of several tasks.
func (n *Network) PostArray(c *apptest.Chain, reward sdk.Coin, tasks uint64) []byte {
	n.t.Helper()
	sum := sha256.Sum256([]byte("program"))
	blob := computetypes.Blob{Sha256: sum[:], Size_: 7, Uris: []string{"http://127.0.0.1:1/program"}}
	return c.Sign(n.Requester, []sdk.Msg{&computetypes.MsgPostJob{
		Requester: n.Requester.String(),
		Spec: computetypes.JobSpec{
			Executor: "wasm/1", Program: blob, Class: Class, Tasks: tasks,
			Resources:     computetypes.Resources{Fuel: 1_000_000, MemoryBytes: 1 << 20, OutputBytes: 1 << 20},
			Policy:        computetypes.Policy{Kind: computetypes.POLICY_KIND_QUORUM, Replicas: 3},
			Reward:        reward,
			PrepareBlocks: 10, CommitBlocks: 40, LifetimeBlocks: 300,
			Sink: "http://127.0.0.1:1/v1/drops/00",
		},
	}})
}

// Bond returns the bond of a node, in atfuel.
func (n *Network) Bond(c *apptest.Chain, node Node) math.Int {
	n.t.Helper()
	found, err := c.App.EdgenodeKeeper.Node(c.Ctx(), node.Operator.Address)
	require.NoError(n.t, err)
	return found.State.Bond
}

// Act returns the txs that all participants send in the next block: the rounds for which the
// chain waits, claims, commitments, reveals and openings.
func (n *Network) Act(c *apptest.Chain) [][]byte {
	n.t.Helper()
	txs := n.relay(c)
	for _, node := range n.Nodes {
		if c.App.AccountKeeper.GetAccount(c.Ctx(), node.Worker.Address) == nil {
			continue // not registered yet
		}
		// One tx per message, so that blocks mix as many as there are.
		for _, msg := range n.Work(c.App, c.Ctx(), c.Height(), node) {
			txs = append(txs, n.sign(c, node.Worker, []sdk.Msg{msg}))
		}
	}
	return txs
}

// relay submits the oldest rounds that the chain lacks.
func (n *Network) relay(c *apptest.Chain) [][]byte {
	n.t.Helper()
	msgs := n.Rounds(c.App, c.Ctx(), n.Relay.String())
	if len(msgs) == 0 {
		return nil
	}
	return [][]byte{n.sign(c, n.Relay, msgs)}
}

// Rounds returns the messages by which submitter submits the oldest rounds that a chain lacks. ctx
// reads its committed state.
func (n *Network) Rounds(a *app.App, ctx sdk.Context, submitter string) []sdk.Msg {
	n.t.Helper()
	missing, err := beaconkeeper.NewQueryServer(a.BeaconKeeper).Missing(ctx, &beacontypes.QueryMissingRequest{})
	require.NoError(n.t, err)
	rounds := missing.Rounds
	if len(rounds) > roundsPerTx {
		rounds = rounds[:roundsPerTx]
	}
	var msgs []sdk.Msg
	for _, round := range rounds {
		signature, err := n.key.Sign(round)
		require.NoError(n.t, err)
		msgs = append(msgs, &beacontypes.MsgSubmitRound{
			Submitter: submitter, Round: round, Signature: signature,
		})
	}
	return msgs
}

// sign is Sign, with the price and gas limit of the lane if Lane is set.
func (n *Network) sign(c *apptest.Chain, from apptest.Account, msgs []sdk.Msg) []byte {
	if !n.Lane {
		return c.Sign(from, msgs)
	}
	market, err := c.App.FeemarketKeeper.Params(c.Ctx())
	require.NoError(n.t, err)
	gas := market.LaneTx(itemsOf(msgs))
	return c.Sign(from, msgs, apptest.WithGas(gas), apptest.WithFee(apptest.MinFee(gas)...))
}

func itemsOf(msgs []sdk.Msg) uint64 {
	items := 0
	for _, msg := range msgs {
		switch m := msg.(type) {
		case *computetypes.MsgClaim:
			items += len(m.Items)
		case *computetypes.MsgCommit:
			items += len(m.Items)
		case *computetypes.MsgReveal:
			items += len(m.Items)
		case *computetypes.MsgOpen:
			items += len(m.Items)
		default:
			items++
		}
	}
	return uint64(items)
}

// Jobs returns the requester's jobs.
func (n *Network) Jobs(c *apptest.Chain) []computetypes.Job {
	n.t.Helper()
	response, err := computekeeper.NewQueryServer(c.App.ComputeKeeper).Jobs(
		c.Ctx(), &computetypes.QueryJobsRequest{Requester: n.Requester.String()})
	require.NoError(n.t, err)
	return response.Jobs
}

// RequireInvariants checks the money of every module.
func RequireInvariants(t testing.TB, c *apptest.Chain) {
	t.Helper()
	RequireInvariantsOf(t, c.App, c.Ctx())
}

// RequireInvariantsOf is RequireInvariants for an app whose state ctx reads.
func RequireInvariantsOf(t testing.TB, a *app.App, ctx sdk.Context) {
	t.Helper()
	for _, result := range a.ComputeKeeper.CheckInvariants(ctx) {
		require.NoError(t, result.Err, "compute: %s", result.Name)
	}
	for _, result := range a.EdgenodeKeeper.CheckInvariants(ctx) {
		require.NoError(t, result.Err, "edgenode: %s", result.Name)
	}
	for _, result := range a.RewardsKeeper.CheckInvariants(ctx) {
		require.NoError(t, result.Err, "rewards: %s", result.Name)
	}
	for _, result := range a.FeemarketKeeper.CheckInvariants(ctx) {
		require.NoError(t, result.Err, "feemarket: %s", result.Name)
	}
	for _, result := range a.TallyKeeper.CheckInvariants(ctx) {
		require.NoError(t, result.Err, "tally: %s", result.Name)
	}
}
