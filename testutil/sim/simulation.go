// Package sim runs a simulated chain: accounts send random messages, drawn by weight from the
// factories of each module, in signed transactions and whole blocks. The SDK's own driver
// runs messages after EndBlock. Here they run before it, as on a real chain, because bank's
// virtual transfers and the folding of a block's settlements complete in EndBlock.
package sim

import (
	"math/rand"
	"slices"
	"testing"
	"time"

	abci "github.com/cometbft/cometbft/abci/types"
	"github.com/stretchr/testify/require"

	"github.com/cosmos/cosmos-sdk/testutil/simsx"
	sdk "github.com/cosmos/cosmos-sdk/types"
	simtypes "github.com/cosmos/cosmos-sdk/types/simulation"
	"github.com/cosmos/cosmos-sdk/x/authz"

	"github.com/thetaedge/theta/app/params"
	"github.com/thetaedge/theta/testutil/apptest"
	"github.com/thetaedge/theta/testutil/edge"
	"github.com/thetaedge/theta/testutil/twin"
)

const (
	// txGas is enough for every batch that a simulated node sends.
	txGas = 10_000_000
	// leastOperations and moreOperations bound the number of operations per block.
	leastOperations, moreOperations = 20, 25
	// sdkShare is the percentage of operations that are the SDK's own.
	sdkShare = 15
	// deputyShare is the percentage of this chain's operations that are sent through x/authz.
	deputyShare = 15
	// maxSkip bounds the number of seconds by which a block is later than usual.
	maxSkip = 3
)

// Simulation is a chain and its driver. Everything random comes from its seed.
type Simulation struct {
	Chain *apptest.Chain
	Tally *Tally

	t       testing.TB
	rand    *rand.Rand
	signers map[string]apptest.Account
	// own contains operations of this chain's modules, and sdk those of the SDK's modules.
	own, sdk pool
	// later contains operations that were put off to a certain time.
	later []delayed
	// fork, if there is one, and the followers receive every block too.
	fork      *apptest.Chain
	followers *twin.Followers
	seed      int64
	network   network
}

type delayed struct {
	at time.Time
	op operation
}

// New starts a chain with parameters and people that the seed draws.
func New(t testing.TB, seed int64) *Simulation {
	t.Helper()
	network := newNetwork(t)
	s := &Simulation{
		Chain: apptest.New(t, network.options(seed)...), Tally: newTally(),
		t: t, rand: rand.New(rand.NewSource(seed)), signers: map[string]apptest.Account{},
		seed: seed, network: network,
	}
	everybody := append(slices.Clone(s.Chain.Accounts), s.Chain.Validator)
	accounts := make([]simtypes.Account, len(everybody))
	for i, account := range everybody {
		accounts[i] = simulated(account)
		s.signers[account.String()] = account
	}
	// People bond, delegate and spend as the SDK's modules draw it. The others keep the coins
	// that they need for nodes and jobs, and the validator keeps its majority.
	s.own, s.sdk = pool{accounts: accounts[:len(accounts)-1]}, pool{accounts: accounts[:people]}
	register(s, network, accounts[len(accounts)-1:])
	return s
}

// FollowedBy makes variants receive every block too, and requires that they reach the same app
// hash. It must be called before the first block.
func (s *Simulation) FollowedBy(variants []twin.Variant) {
	s.t.Helper()
	s.followers = twin.Follow(s.t, s.Chain, variants, func() []apptest.Option { return s.network.options(s.seed) })
}

func simulated(a apptest.Account) simtypes.Account {
	return simtypes.Account{
		PrivKey: a.Key, PubKey: a.Key.PubKey(), Address: a.Address, AddressBech32: a.String(),
		ConsKey: consensusKey(a),
	}
}

// Run runs a number of blocks.
func (s *Simulation) Run(blocks int) {
	s.t.Helper()
	for range blocks {
		s.Step()
	}
}

// Step draws the transactions of a block, runs it and checks the invariants.
func (s *Simulation) Step() {
	s.t.Helper()
	ctx := s.Chain.Ctx()
	var drawn []drawnTx
	for _, op := range s.due(ctx.BlockTime()) {
		drawn = s.draw(ctx, op, drawn)
	}
	for range leastOperations + s.rand.Intn(moreOperations) {
		from := &s.own
		if s.rand.Intn(100) < sdkShare {
			from = &s.sdk
		}
		op := from.pick(s.rand)
		op.deputised = from == &s.own && s.rand.Intn(100) < deputyShare
		drawn = s.draw(ctx, op, drawn)
	}
	txs := make([][]byte, len(drawn))
	for i, d := range drawn {
		txs[i] = d.tx
	}
	skip := time.Duration(s.rand.Intn(maxSkip)) * time.Second
	s.Chain.Skip(skip)
	response := s.Chain.NextBlock(txs...)
	for i, d := range drawn {
		s.Tally.result(d, response.TxResults[i])
	}
	require.Empty(s.t, s.Tally.Panics)
	s.Tally.events(response)
	s.Tally.proposals(s.Chain)
	edge.RequireInvariants(s.t, s.Chain)
	if s.followers != nil {
		s.followers.Next(skip, txs, response)
	}
	s.followFork(txs, skip, response)
}

// drawnTx is a message with the tx that contains it.
type drawnTx struct {
	msg sdk.Msg
	tx  []byte
	// deputised reports whether another account sent it on behalf of the signer.
	deputised bool
}

// draw adds the message that an operation draws, if it draws one.
func (s *Simulation) draw(ctx sdk.Context, op operation, drawn []drawnTx) []drawnTx {
	r := rand.New(rand.NewSource(s.rand.Int63()))
	world := simsx.NewChainDataSource(ctx, r, s.Chain.App.AccountKeeper, s.Chain.App.BankKeeper,
		s.Chain.App.AccountKeeper.AddressCodec(), op.accounts...)
	signers, msg, skipped := op.create(ctx, world, s)
	if skipped != "" {
		s.Tally.skip(op.factory.MsgType(), skipped)
		return drawn
	}
	signer := s.signers[signers[0].AddressBech32]
	fee := apptest.MinFee(txGas)
	if balance := s.Chain.Balance(signer.Address, params.BaseDenom); balance.LT(fee.AmountOf(params.BaseDenom).MulRaw(2)) {
		s.Tally.skip(msg, "the signer cannot pay the fee")
		return drawn
	}
	if op.deputised && !signer.Address.Equals(s.deputy().Address) {
		return append(drawn, s.deputise(ctx, signer, msg))
	}
	return append(drawn, s.sign(signer, msg))
}

func (s *Simulation) sign(signer apptest.Account, msg sdk.Msg) drawnTx {
	return drawnTx{msg: msg, tx: s.Chain.Sign(signer, []sdk.Msg{msg}, apptest.WithGas(txGas))}
}

// deputy returns the account that sends messages on behalf of others.
func (s *Simulation) deputy() apptest.Account { return s.Chain.Accounts[accounts-1] }

// deputise returns a tx in which the deputy sends a message. If the signer has not authorised
// the deputy yet, the tx does that instead.
func (s *Simulation) deputise(ctx sdk.Context, signer apptest.Account, msg sdk.Msg) drawnTx {
	deputy, url := s.deputy(), sdk.MsgTypeURL(msg)
	if allowed, _ := s.Chain.App.AuthzKeeper.GetAuthorization(ctx, deputy.Address, signer.Address, url); allowed == nil {
		grant, err := authz.NewMsgGrant(signer.Address, deputy.Address, authz.NewGenericAuthorization(url), nil)
		require.NoError(s.t, err)
		return s.sign(signer, grant)
	}
	exec := authz.NewMsgExec(deputy.Address, []sdk.Msg{msg})
	tx := s.sign(deputy, &exec)
	return drawnTx{msg: msg, tx: tx.tx, deputised: true}
}

// due removes and returns the operations that are due.
func (s *Simulation) due(now time.Time) []operation {
	var ready []operation
	var rest []delayed
	for _, d := range s.later {
		if d.at.After(now) {
			rest = append(rest, d)
			continue
		}
		ready = append(ready, d.op)
	}
	s.later = rest
	return ready
}

// Fork exports the state and imports it into a second chain, which receives every further
// block. It returns that chain before its first block.
func (s *Simulation) Fork() *apptest.Chain {
	s.t.Helper()
	s.fork = s.Chain.Fork()
	return s.fork
}

// followFork gives the fork the block, and compares the result of each tx.
func (s *Simulation) followFork(txs [][]byte, skip time.Duration, expected *abci.ResponseFinalizeBlock) {
	s.t.Helper()
	if s.fork == nil {
		return
	}
	s.fork.Skip(skip)
	found := s.fork.NextBlock(txs...)
	for i, result := range found.TxResults {
		want := expected.TxResults[i]
		require.Equal(s.t, want.Code, result.Code, "tx %d of block %d: %s, before: %s",
			i, s.fork.Height(), result.Log, want.Log)
		require.Equal(s.t, want.Data, result.Data, "tx %d of block %d", i, s.fork.Height())
	}
	edge.RequireInvariants(s.t, s.fork)
}
