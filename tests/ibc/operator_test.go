package ibc_test

import (
	"fmt"
	"slices"
	"testing"

	ibctesting "github.com/cosmos/ibc-go/v11/testing"
	"github.com/stretchr/testify/require"

	"cosmossdk.io/math"

	sdk "github.com/cosmos/cosmos-sdk/types"
	banktypes "github.com/cosmos/cosmos-sdk/x/bank/types"

	"github.com/thetaedge/theta/app/params"
	"github.com/thetaedge/theta/testutil/apptest"
	"github.com/thetaedge/theta/testutil/edge"
	computetypes "github.com/thetaedge/theta/x/compute/types"
	edgenodetypes "github.com/thetaedge/theta/x/edgenode/types"
	rewardskeeper "github.com/thetaedge/theta/x/rewards/keeper"
	rewardstypes "github.com/thetaedge/theta/x/rewards/types"
)

// market is a chain with a beacon and with nodes that work.
type market struct {
	*network
	chain *ibctesting.TestChain
	edge  *edge.Network
	nodes []edge.Node
	// workers sign for the nodes.
	workers []ibctesting.SenderAccount
	relay   ibctesting.SenderAccount
}

func registration(operator, worker string) *edgenodetypes.MsgRegister {
	return &edgenodetypes.MsgRegister{
		Operator: operator, Worker: worker, Moniker: "node",
		Hardware: edgenodetypes.Hardware{CpuCores: 4, MemoryBytes: 8 << 30}, Region: "eu", Class: edge.Class,
		Executors: []string{"wasm/1"}, Bond: params.TfuelCoin(edge.NodeBond), Slots: 2,
	}
}

// worker returns an account of a chain that signs for a node.
func worker(chain *ibctesting.TestChain, name string) ibctesting.SenderAccount {
	key := apptest.NewAccount(name)
	_, err := chain.SendMsgs(banktypes.NewMsgSend(chain.SenderAccount.GetAddress(), key.Address, sdk.NewCoins(params.TfuelCoin(1))))
	require.NoError(chain.TB, err)
	return ibctesting.SenderAccount{
		SenderPrivKey: key.Key, SenderAccount: appOf(chain).AccountKeeper.GetAccount(chain.GetContext(), key.Address),
	}
}

// market returns the second chain with six nodes: one of an interchain account, and five of accounts
// of the chain.
func (n *network) market(account *account) *market {
	n.t.Helper()
	b := n.chains[1]
	m := &market{network: n, chain: b, edge: edge.New(n.t, 0, 0), relay: b.SenderAccounts[9]}
	join := func(operator sdk.AccAddress) *edgenodetypes.MsgRegister {
		worker := worker(b, fmt.Sprintf("worker of %s", operator))
		m.workers = append(m.workers, worker)
		m.nodes = append(m.nodes, edge.Node{
			Operator: apptest.Account{Address: operator}, Worker: apptest.Account{Address: worker.SenderAccount.GetAddress()},
		})
		return registration(operator.String(), worker.SenderAccount.GetAddress().String())
	}
	ack := account.run(join(sdk.MustAccAddressFromBech32(account.address)))
	require.True(n.t, ack.Success(), ack.GetError())
	for _, operator := range b.SenderAccounts[1:6] {
		_, err := b.SendMsgsWithSender(operator, join(operator.SenderAccount.GetAddress()))
		require.NoError(n.t, err)
	}
	b.Coordinator.CommitNBlocks(b, 2*uint64(edge.EpochDuration/ibctesting.TimeIncrement)+1)
	return m
}

// step lets the relay of rounds and each node act once.
func (m *market) step() {
	m.t.Helper()
	a := appOf(m.chain)
	act := func(sender ibctesting.SenderAccount, messages []sdk.Msg) {
		if len(messages) > 0 {
			_, err := m.chain.SendMsgsWithSender(sender, messages...)
			require.NoError(m.t, err)
		}
	}
	act(m.relay, m.edge.Rounds(a, m.chain.GetContext(), m.relay.SenderAccount.GetAddress().String()))
	for i, node := range m.nodes {
		act(m.workers[i], m.edge.Work(a, m.chain.GetContext(), a.LastBlockHeight(), node))
	}
	m.chain.NextBlock()
}

// work lets all act until every job of a requester has ended, and returns them.
func (m *market) work(requester string) []computetypes.Job {
	m.t.Helper()
	for range 100 {
		jobs := jobsOf(m.chain, requester)
		if !slices.ContainsFunc(jobs, func(job computetypes.Job) bool { return !job.Ended() }) {
			return jobs
		}
		m.step()
	}
	require.Fail(m.t, "a job never ended")
	return nil
}

func earnings(chain *ibctesting.TestChain, operator, denom string) math.Int {
	response, err := rewardskeeper.NewQueryServer(appOf(chain).RewardsKeeper).Earnings(
		chain.GetContext(), &rewardstypes.QueryEarningsRequest{Operator: operator})
	require.NoError(chain.TB, err)
	return response.Amount.AmountOf(denom)
}

// TestAnAccountOfAnotherChainRunsANodeAndIsPaid: its address of 32 bytes works as requester and as
// operator in every store: it posts, earns, claims, bonds, unbonds, retires, and gets back every coin
// that it is owed.
func TestAnAccountOfAnotherChainRunsANodeAndIsPaid(t *testing.T) {
	n := newNetwork(t, 2)
	b := n.chains[1]
	account := n.register(params.TfuelCoin(1_000))
	require.Len(t, sdk.MustAccAddressFromBech32(account.address), 32)
	must := func(messages ...sdk.Msg) {
		t.Helper()
		for _, message := range messages {
			ack := account.run(message)
			require.True(t, ack.Success(), "%T: %s", message, ack.GetError())
		}
		n.conserved()
	}
	funds := func() math.Int { return balance(b, account.address, params.BaseDenom) }
	m := n.market(account)
	require.Equal(t, params.Tfuel(1_000-edge.NodeBond), funds())

	var before math.Int
	earned := math.ZeroInt()
	// A node is drawn for half of the jobs.
	for jobs := 1; earned.IsZero(); jobs++ {
		require.Less(t, jobs, 30, "its node was never drawn")
		before = funds()
		must(post(account.address, params.TfuelCoin(1)))
		for _, job := range m.work(account.address) {
			require.Equal(t, computetypes.JOB_STATUS_COMPLETED, job.Status)
		}
		n.conserved()
		paid := before.Sub(funds())
		require.True(t, paid.GTE(params.Tfuel(3)) && paid.LT(params.Tfuel(6)), "rewards of replicas and auditors, and fees; the rest came back: paid %s", paid)
		earned = earnings(b, account.address, params.BaseDenom)
	}

	before = funds()
	must(&rewardstypes.MsgClaim{Operator: account.address})
	require.Equal(t, before.Add(earned), funds())
	require.True(t, earnings(b, account.address, params.BaseDenom).IsZero())

	must(&edgenodetypes.MsgBond{Operator: account.address, Amount: params.TfuelCoin(7)},
		&edgenodetypes.MsgUnbond{Operator: account.address, Amount: params.TfuelCoin(3)},
		&edgenodetypes.MsgPause{Operator: account.address},
		&edgenodetypes.MsgResume{Operator: account.address})
	before = funds()
	must(&edgenodetypes.MsgRetire{Operator: account.address})
	require.Equal(t, before, funds(), "bond is returned after the unbonding time")
	b.Coordinator.CommitNBlocks(b, unbondingBlocks+1)
	require.Equal(t, before.Add(params.Tfuel(edge.NodeBond+7)), funds(), "every coin of the bond is back")
	n.conserved()
}

// TestTheRefundOfAJobThatNoNodeTookArrives: nothing of the reserve stays behind, although the
// requester cannot send a message when the job expires.
func TestTheRefundOfAJobThatNoNodeTookArrives(t *testing.T) {
	n := newNetwork(t, 2)
	n.nodes(6)
	b := n.chains[1]
	account := n.register(params.TfuelCoin(100))
	before := balance(b, account.address, params.BaseDenom)
	ack := account.run(post(account.address, params.TfuelCoin(1)))
	require.True(t, ack.Success(), ack.GetError())
	reserved := before.Sub(balance(b, account.address, params.BaseDenom))
	require.True(t, reserved.GTE(params.Tfuel(3)))
	edge := edge.New(t, 0, 0)
	for range 400 {
		if jobs := account.jobs(); jobs[0].Ended() {
			break
		}
		if rounds := edge.Rounds(appOf(b), b.GetContext(), b.SenderAccounts[9].SenderAccount.GetAddress().String()); len(rounds) > 0 {
			_, err := b.SendMsgsWithSender(b.SenderAccounts[9], rounds...)
			require.NoError(t, err)
		} else {
			b.NextBlock()
		}
	}
	require.True(t, account.jobs()[0].Ended())
	kept := before.Sub(balance(b, account.address, params.BaseDenom))
	require.True(t, kept.LT(reserved.QuoRaw(10)), "the fee stays, the reserve of %s came back, except %s", reserved, kept)
	n.conserved()
}

// TestAPayoutToALongAddressIsRefused: an operator's rule names accounts of 20 bytes. An interchain
// account that is an operator is paid itself.
func TestAPayoutToALongAddressIsRefused(t *testing.T) {
	n := newNetwork(t, 2)
	b := n.chains[1]
	account := n.register(params.TfuelCoin(1))
	operator := b.SenderAccounts[1]
	_, err := b.SendMsgsWithSender(operator, &rewardstypes.MsgSetPayout{
		Operator: operator.SenderAccount.GetAddress().String(), Address: account.address,
	})
	require.ErrorContains(t, err, "20 bytes")
	ack := account.run(&rewardstypes.MsgSetPayout{Operator: account.address, Address: address(b)})
	require.True(t, ack.Success(), ack.GetError())
	ack = account.run(banktypes.NewMsgSend(sdk.MustAccAddressFromBech32(account.address), b.SenderAccount.GetAddress(), sdk.NewCoins(params.TfuelCoin(1))))
	require.True(t, ack.Success(), ack.GetError())
	n.conserved()
}
