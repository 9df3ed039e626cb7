package ibc_test

import (
	"crypto/sha256"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/cosmos/gogoproto/proto"
	controllertypes "github.com/cosmos/ibc-go/v11/modules/apps/27-interchain-accounts/controller/types"
	icatypes "github.com/cosmos/ibc-go/v11/modules/apps/27-interchain-accounts/types"
	channeltypes "github.com/cosmos/ibc-go/v11/modules/core/04-channel/types"
	ibctesting "github.com/cosmos/ibc-go/v11/testing"
	"github.com/stretchr/testify/require"

	sdk "github.com/cosmos/cosmos-sdk/types"
	"github.com/cosmos/cosmos-sdk/x/authz"
	banktypes "github.com/cosmos/cosmos-sdk/x/bank/types"

	"github.com/thetaedge/theta/app/params"
	"github.com/thetaedge/theta/testutil/edge"
	computekeeper "github.com/thetaedge/theta/x/compute/keeper"
	computetypes "github.com/thetaedge/theta/x/compute/types"
	edgenodetypes "github.com/thetaedge/theta/x/edgenode/types"
)

// account is an interchain account: its owner lives on the first chain of a path, the account on the
// second.
type account struct {
	*network
	path    *ibctesting.Path
	owner   string
	address string
}

// register opens the account of chain A's sender on chain B, and funds it.
func (n *network) register(fund sdk.Coin) *account {
	return n.registerOrdered(fund, channeltypes.ORDERED)
}

// registerOrdered is register with a channel of the given order.
func (n *network) registerOrdered(fund sdk.Coin, order channeltypes.Order) *account {
	n.t.Helper()
	a, b := n.chains[0], n.chains[1]
	path := ibctesting.NewPath(a, b).DisableUniqueChannelIDs()
	path.SetupConnections()
	c := &account{network: n, path: path, owner: address(a)}
	c.open(order)
	at, found := appOf(b).ICAHostKeeper.GetInterchainAccountAddress(b.GetContext(), path.EndpointB.ConnectionID, path.EndpointA.ChannelConfig.PortID)
	require.True(n.t, found)
	c.address = at
	_, err := b.SendMsgs(banktypes.NewMsgSend(b.SenderAccount.GetAddress(), sdk.MustAccAddressFromBech32(at), sdk.NewCoins(fund)))
	require.NoError(n.t, err)
	return c
}

// open opens a channel of the account.
func (c *account) open(order channeltypes.Order) {
	c.t.Helper()
	c.apply(order)
	require.NoError(c.t, c.path.EndpointB.ChanOpenTry())
	require.NoError(c.t, c.path.EndpointA.ChanOpenAck())
	require.NoError(c.t, c.path.EndpointB.ChanOpenConfirm())
}

// apply begins to open a channel of the account, the first one or one that follows a closed channel.
func (c *account) apply(order channeltypes.Order) {
	c.t.Helper()
	path := c.path
	port, err := icatypes.NewControllerPortID(c.owner)
	require.NoError(c.t, err)
	version := icatypes.NewDefaultMetadataString(path.EndpointA.ConnectionID, path.EndpointB.ConnectionID)
	result, err := c.chains[0].SendMsgs(controllertypes.NewMsgRegisterInterchainAccount(path.EndpointA.ConnectionID, c.owner, version, order))
	require.NoError(c.t, err)
	path.EndpointA.ChannelID, err = ibctesting.ParseChannelIDFromEvents(result.Events)
	require.NoError(c.t, err)
	path.EndpointB.ChannelID = ""
	path.EndpointA.ChannelConfig = &ibctesting.ChannelConfig{PortID: port, Version: version, Order: order}
	path.EndpointB.ChannelConfig = &ibctesting.ChannelConfig{PortID: icatypes.HostPortID, Version: version, Order: order}
}

// run sends messages to the account, and returns its answer.
func (c *account) run(messages ...proto.Message) channeltypes.Acknowledgement {
	c.t.Helper()
	return c.relay(c.path, c.order(time.Hour, messages...))
}

// order sends messages to the account, and returns the packet. It arrives within a time or not at all.
func (c *account) order(within time.Duration, messages ...proto.Message) channeltypes.Packet {
	c.t.Helper()
	data, err := icatypes.SerializeCosmosTx(c.chains[0].Codec, messages, icatypes.EncodingProtobuf)
	require.NoError(c.t, err)
	result, err := c.chains[0].SendMsgs(controllerTx(c, within, data))
	require.NoError(c.t, err)
	packet, err := ibctesting.ParseV1PacketFromEvents(result.Events)
	require.NoError(c.t, err)
	return packet
}

func (c *account) jobs() []computetypes.Job { return jobsOf(c.chains[1], c.address) }

func jobsOf(chain *ibctesting.TestChain, requester string) []computetypes.Job {
	response, err := computekeeper.NewQueryServer(appOf(chain).ComputeKeeper).Jobs(
		chain.GetContext(), &computetypes.QueryJobsRequest{Requester: requester})
	require.NoError(chain.TB, err)
	return response.Jobs
}

func post(requester string, reward sdk.Coin) *computetypes.MsgPostJob {
	sum := sha256.Sum256([]byte("program"))
	return &computetypes.MsgPostJob{
		Requester: requester,
		Spec: computetypes.JobSpec{
			Executor: "wasm/1", Program: computetypes.Blob{Sha256: sum[:], Size_: 7, Uris: []string{"http://127.0.0.1:1/program"}},
			Class: "cpu-small", Tasks: 1,
			Resources:     computetypes.Resources{Fuel: 1_000_000, MemoryBytes: 1 << 20, OutputBytes: 1 << 20},
			Policy:        computetypes.Policy{Kind: computetypes.POLICY_KIND_QUORUM, Replicas: 3},
			Reward:        reward,
			PrepareBlocks: 10, CommitBlocks: 40, LifetimeBlocks: 300,
			Sink: "http://127.0.0.1:1/v1/drops/00",
		},
	}
}

// nodes registers nodes on the second chain, so that a job finds executors, and waits until they are
// listed.
func (n *network) nodes(count int) {
	n.t.Helper()
	b := n.chains[1]
	for i := range count {
		operator := b.SenderAccounts[i+1]
		worker := sdk.AccAddress(append(make([]byte, 19), byte(i+1)))
		at := operator.SenderAccount.GetAddress().String()
		_, err := b.SendMsgsWithSender(operator, &edgenodetypes.MsgRegister{
			Operator: at, Worker: worker.String(), Moniker: "node",
			Hardware: edgenodetypes.Hardware{CpuCores: 4, MemoryBytes: 8 << 30}, Region: "eu", Class: "cpu-small",
			Executors: []string{"wasm/1"}, Bond: params.TfuelCoin(500), Slots: 2,
		})
		require.NoError(n.t, err)
	}
	b.Coordinator.CommitNBlocks(b, 2*uint64(edge.EpochDuration/ibctesting.TimeIncrement)+1)
}

func TestAnAccountOfAnotherChainPostsAndCancelsAJob(t *testing.T) {
	n := newNetwork(t, 2)
	n.nodes(6)
	account := n.register(params.TfuelCoin(100))
	ack := account.run(post(account.address, params.TfuelCoin(1)))
	require.True(t, ack.Success(), ack.GetError())
	jobs := account.jobs()
	require.Len(t, jobs, 1)
	n.conserved()

	spent := balance(n.chains[1], account.address, params.BaseDenom)
	ack = account.run(&computetypes.MsgCancelJob{Requester: account.address, JobId: jobs[0].Id})
	require.True(t, ack.Success(), ack.GetError())
	require.True(t, balance(n.chains[1], account.address, params.BaseDenom).GT(spent), "the reserve came back")
	n.conserved()
}

// TestAPacketThatCannotBeExecutedChangesNothing: the account keeps its coins, and the channel stays
// open for the next packet.
func TestAPacketThatCannotBeExecutedChangesNothing(t *testing.T) {
	n := newNetwork(t, 2)
	n.nodes(6)
	b := n.chains[1]
	account := n.register(params.TfuelCoin(2))
	before := balance(b, account.address, params.BaseDenom)
	stranger := b.SenderAccount.GetAddress()
	exec := authz.NewMsgExec(sdk.MustAccAddressFromBech32(account.address), []sdk.Msg{
		banktypes.NewMsgSend(stranger, sdk.MustAccAddressFromBech32(account.address), sdk.NewCoins(params.TfuelCoin(1))),
	})
	for name, messages := range map[string][]proto.Message{
		"a job it cannot pay":    {post(account.address, params.TfuelCoin(100))},
		"a job of another":       {post(stranger.String(), params.TfuelCoin(1))},
		"another's coins":        {banktypes.NewMsgSend(stranger, sdk.MustAccAddressFromBech32(account.address), sdk.NewCoins(params.TfuelCoin(1)))},
		"a grant's message":      {&exec},
		"a parameter":            {&computetypes.MsgUpdateParams{Authority: account.address}},
		"a worker's duty":        {&computetypes.MsgClaim{Worker: account.address}},
		"a job, then another":    {post(account.address, sdk.NewCoin(params.BaseDenom, params.Tfuel(1).QuoRaw(10))), post(account.address, params.TfuelCoin(100))},
		"first good, second bad": {banktypes.NewMsgSend(sdk.MustAccAddressFromBech32(account.address), stranger, sdk.NewCoins(params.TfuelCoin(1))), post(account.address, params.TfuelCoin(100))},
	} {
		ack := account.run(messages...)
		require.False(t, ack.Success(), name)
		require.Equal(t, before, balance(b, account.address, params.BaseDenom), name)
		require.Empty(t, account.jobs(), name)
		n.conserved()
	}
	ack := account.run(banktypes.NewMsgSend(sdk.MustAccAddressFromBech32(account.address), stranger, sdk.NewCoins(params.TfuelCoin(1))))
	require.True(t, ack.Success(), ack.GetError())
}

// TestAVoucherPaysAJobOnceGovernanceLists: a denom of another chain is refused until it is listed, and
// returns to its chain afterwards.
func TestAVoucherPaysAJobOnceGovernanceListsIt(t *testing.T) {
	n := newNetwork(t, 2)
	n.nodes(6)
	b, path := n.chains[1], n.paths[0]
	require.True(t, n.relay(path, n.send(path.EndpointA, params.TfuelCoin(50), address(b), "")).Success())
	denom := voucher(path.EndpointB)
	reward := sdk.NewCoin(denom, params.Tfuel(1))
	_, err := b.SendMsgs(post(address(b), reward))
	require.ErrorContains(t, err, denom)

	list(b, denom, nil)
	before := balance(b, address(b), denom)
	_, err = b.SendMsgs(post(address(b), reward))
	require.NoError(t, err)
	require.True(t, balance(b, address(b), denom).LTE(before.Sub(reward.Amount.MulRaw(3))))
	n.conserved()
}

// TestTheHostListsNoMessageThatCarriesOthers: neither of grants, nor of proposals, nor of workers.
func TestTheHostListsNoMessageThatCarriesOthers(t *testing.T) {
	n := newNetwork(t, 2)
	b := n.chains[1]
	allowed := appOf(b).ICAHostKeeper.GetParams(b.GetContext()).AllowMessages
	require.NotEmpty(t, allowed)
	require.NotContains(t, allowed, "*")
	for _, url := range allowed {
		require.NotContains(t, url, "MsgExec")
		require.NotContains(t, url, "Proposal")
		_, err := appOf(b).InterfaceRegistry().Resolve(url)
		require.NoError(t, err, "%s exists", url)
	}
}

// TestTheHostListsWhatRequestersAndOperatorsDo: a message that is not for a worker, a relayer or
// governance has to be in the list, or an account of another chain can pay for a result and not challenge
// it.
func TestTheHostListsWhatRequestersAndOperatorsDo(t *testing.T) {
	n := newNetwork(t, 2)
	b := n.chains[1]
	host := appOf(b).ICAHostKeeper.GetParams(b.GetContext())
	others := []string{
		// Duties of workers, and rounds of the beacon, which are priced before a tx runs.
		"/theta.beacon.v1.MsgSubmitRound", "/theta.compute.v1.MsgClaim", "/theta.compute.v1.MsgCommit", "/theta.compute.v1.MsgReveal",
		"/theta.compute.v1.MsgOpen", "/theta.compute.v1.MsgRelease", "/theta.compute.v1.MsgYield",
		// Workers send these; an operator has MsgUpdate and MsgClaim.
		"/theta.edgenode.v1.MsgRenewLease", "/theta.rewards.v1.MsgCollect",
		// Governance sends these.
		"/theta.beacon.v1.MsgUpdateParams", "/theta.compute.v1.MsgUpdateParams", "/theta.compute.v1.MsgUpdateCarbonFactors",
		"/theta.edgenode.v1.MsgUpdateParams", "/theta.feemarket.v1.MsgUpdateParams", "/theta.rewards.v1.MsgUpdateParams",
		"/theta.rewards.v1.MsgCreateGrant", "/theta.rewards.v1.MsgRevokeGrant", "/theta.tally.v1.MsgUpdateParams",
		// An account that governance has listed sends this, and voters watch it on this chain.
		"/theta.tally.v1.MsgSubmitOptimistic",
	}
	found := 0
	for _, url := range appOf(b).InterfaceRegistry().ListImplementations(sdk.MsgInterfaceProtoName) {
		if !strings.HasPrefix(url, "/theta.") {
			continue
		}
		found++
		require.NotEqual(t, slices.Contains(others, url), slices.Contains(host.AllowMessages, url), url)
	}
	require.Greater(t, found, len(others))
}

// TestAnAccountOfAnotherChainChallenges: x/compute, not the host, answers its challenge.
func TestAnAccountOfAnotherChainChallenges(t *testing.T) {
	n := newNetwork(t, 2)
	n.nodes(6)
	account := n.register(params.TfuelCoin(100))
	ack := account.run(post(account.address, params.TfuelCoin(1)))
	require.True(t, ack.Success(), ack.GetError())
	id := account.jobs()[0].Id
	ack = account.run(&computetypes.MsgCancelJob{Requester: account.address, JobId: id})
	require.True(t, ack.Success(), ack.GetError())
	ack = account.run(&computetypes.MsgChallenge{Challenger: account.address, JobId: id})
	require.Contains(t, ack.GetError(), fmt.Sprintf("ABCI code: %d:", computetypes.ErrNotChallengeable.ABCICode()), "a task that was cancelled has no result")
	n.conserved()
}

// controllerTx is the message by which an owner sends raw data to its account.
func controllerTx(account *account, within time.Duration, data []byte) sdk.Msg {
	return controllertypes.NewMsgSendTx(account.owner, account.path.EndpointA.ConnectionID, uint64(within),
		icatypes.InterchainAccountPacketData{Type: icatypes.EXECUTE_TX, Data: data})
}
