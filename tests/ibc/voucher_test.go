package ibc_test

import (
	"slices"
	"testing"
	"time"

	abci "github.com/cometbft/cometbft/abci/types"
	"github.com/cosmos/gogoproto/proto"
	transfertypes "github.com/cosmos/ibc-go/v11/modules/apps/transfer/types"
	clienttypes "github.com/cosmos/ibc-go/v11/modules/core/02-client/types"
	channeltypes "github.com/cosmos/ibc-go/v11/modules/core/04-channel/types"
	host "github.com/cosmos/ibc-go/v11/modules/core/24-host"
	ibctesting "github.com/cosmos/ibc-go/v11/testing"
	"github.com/stretchr/testify/require"

	"cosmossdk.io/math"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/thetaedge/theta/app"
	"github.com/thetaedge/theta/app/params"
	computekeeper "github.com/thetaedge/theta/x/compute/keeper"
	computetypes "github.com/thetaedge/theta/x/compute/types"
	rewardskeeper "github.com/thetaedge/theta/x/rewards/keeper"
	rewardstypes "github.com/thetaedge/theta/x/rewards/types"
)

// list makes governance of a chain accept a denom for jobs, or change its rule.
func list(chain *ibctesting.TestChain, denom string, change func(*computetypes.PaymentDenom)) {
	rule := computetypes.PaymentDenom{
		Denom: denom, MinReward: params.Tfuel(1).QuoRaw(1_000), BondNumerator: 1, BondDenominator: 1, HaircutBps: 1_000,
	}
	if change != nil {
		change(&rule)
	}
	setDenoms(chain, func(denoms []computetypes.PaymentDenom) []computetypes.PaymentDenom {
		return append(without(denoms, denom), rule)
	})
}

// unlist makes governance of a chain accept a denom no more.
func unlist(chain *ibctesting.TestChain, denom string) {
	setDenoms(chain, func(denoms []computetypes.PaymentDenom) []computetypes.PaymentDenom { return without(denoms, denom) })
}

func without(denoms []computetypes.PaymentDenom, denom string) []computetypes.PaymentDenom {
	return slices.DeleteFunc(slices.Clone(denoms), func(d computetypes.PaymentDenom) bool { return d.Denom == denom })
}

func setDenoms(chain *ibctesting.TestChain, change func([]computetypes.PaymentDenom) []computetypes.PaymentDenom) {
	require.NoError(chain.TB, between(chain, func(a *app.App, ctx sdk.Context) error {
		limits, err := a.ComputeKeeper.Params(ctx)
		if err != nil {
			return err
		}
		limits.Denoms = change(limits.Denoms)
		_, err = computekeeper.NewMsgServer(a.ComputeKeeper).UpdateParams(ctx, &computetypes.MsgUpdateParams{Authority: app.Authority(), Params: limits})
		return err
	}))
	chain.NextBlock()
}

// exchange is a market on the second chain in which jobs pay in a voucher of tfuel of the first chain.
// One of its nodes belongs to an interchain account.
type exchange struct {
	*market
	account *account
	path    *ibctesting.Path
	denom   string
	// inFlight is what has left the second chain and has neither arrived nor come back.
	inFlight math.Int
}

// shareBlocks is the number of blocks after which an exchange gives shares away.
const shareBlocks = 10

// newExchange returns an exchange in which the sender of the second chain has vouchers.
func newExchange(t *testing.T, vouchers int64) *exchange {
	t.Helper()
	n := newNetwork(t, 2)
	account := n.register(params.TfuelCoin(600))
	x := &exchange{market: n.market(account), account: account, path: n.paths[0], denom: voucher(n.paths[0].EndpointB), inFlight: math.ZeroInt()}
	require.True(t, n.relay(x.path, n.send(x.path.EndpointA, params.TfuelCoin(vouchers), address(x.chain), "")).Success())
	require.NoError(t, between(x.chain, func(a *app.App, ctx sdk.Context) error {
		rules, err := a.RewardsKeeper.Params(ctx)
		if err != nil {
			return err
		}
		rules.FoldBlocks = shareBlocks
		_, err = rewardskeeper.NewMsgServer(a.RewardsKeeper).UpdateParams(ctx, &rewardstypes.MsgUpdateParams{Authority: app.Authority(), Params: rules})
		return err
	}))
	list(x.chain, x.denom, nil)
	return x
}

func (x *exchange) requester() string { return address(x.chain) }

func (x *exchange) holds(account string) math.Int { return balance(x.chain, account, x.denom) }

// backed checks all money of both chains, and that each voucher is backed by a coin in the escrow of the
// first chain.
func (x *exchange) backed() {
	x.t.Helper()
	x.conserved()
	escrow := transfertypes.GetEscrowAddress(x.path.EndpointA.ChannelConfig.PortID, x.path.EndpointA.ChannelID).String()
	supply := appOf(x.chain).BankKeeper.GetSupply(x.chain.GetContext(), x.denom).Amount
	require.Equal(x.t, balance(x.chains[0], escrow, params.BaseDenom), supply.Add(x.inFlight))
}

// post posts a job that pays one voucher for each replica, and lets all act for some blocks.
func (x *exchange) post(steps int) computetypes.Job {
	x.t.Helper()
	result, err := x.chain.SendMsgs(x.job())
	require.NoError(x.t, err)
	id := posted(x.t, result)
	for range steps {
		x.step()
	}
	x.backed()
	return x.find(id)
}

// posted reads the id of the job that a transaction has posted.
func posted(t *testing.T, result *abci.ExecTxResult) string {
	t.Helper()
	var data sdk.TxMsgData
	require.NoError(t, proto.Unmarshal(result.Data, &data))
	var response computetypes.MsgPostJobResponse
	require.NoError(t, response.Unmarshal(data.MsgResponses[0].Value))
	return response.JobId
}

func (x *exchange) job() sdk.Msg {
	return post(x.requester(), sdk.NewCoin(x.denom, params.Tfuel(1)))
}

// finish lets all act until all jobs have ended, and requires that none of them failed.
func (x *exchange) finish() {
	x.t.Helper()
	for _, job := range x.work(x.requester()) {
		require.Contains(x.t, []computetypes.JobStatus{computetypes.JOB_STATUS_COMPLETED, computetypes.JOB_STATUS_CANCELLED}, job.Status, job.Id)
		require.True(x.t, job.Reserved.IsZero(), "%+v", job)
	}
	x.backed()
}

// claim pays all operators, the interchain account by the worker of its node, and returns the sum.
func (x *exchange) claim() math.Int {
	x.t.Helper()
	sum := math.ZeroInt()
	for i, node := range x.nodes {
		operator := node.Operator.String()
		earned, before := earnings(x.chain, operator, x.denom), x.holds(operator)
		if earned.IsZero() {
			continue
		}
		var err error
		if i == 0 {
			_, err = x.chain.SendMsgsWithSender(x.workers[0], &rewardstypes.MsgCollect{Sender: node.Worker.String(), Operator: operator})
		} else {
			_, err = x.chain.SendMsgsWithSender(x.chain.SenderAccounts[i], &rewardstypes.MsgClaim{Operator: operator})
		}
		require.NoError(x.t, err)
		require.Equal(x.t, before.Add(earned), x.holds(operator))
		sum = sum.Add(earned)
		x.backed()
	}
	return sum
}

// pool returns the vouchers of the community pool.
func (x *exchange) pool() math.Int {
	found, err := appOf(x.chain).DistrKeeper.FeePool.Get(x.chain.GetContext())
	require.NoError(x.t, err)
	return found.CommunityPool.AmountOf(x.denom).TruncateInt()
}

// home is the message that sends vouchers of an account of the second chain to the first one.
func (x *exchange) home(sender string, amount math.Int, within time.Duration) *transfertypes.MsgTransfer {
	end := x.path.EndpointB
	deadline := uint64(x.chain.ProposedHeader.Time.Add(within).UnixNano())
	return transfertypes.NewMsgTransfer(end.ChannelConfig.PortID, end.ChannelID, sdk.NewCoin(x.denom, amount),
		sender, address(x.chains[0]), clienttypes.ZeroHeight(), deadline, "")
}

// leave sends messages of which one is home, and returns its packet.
func (x *exchange) leave(sender ibctesting.SenderAccount, amount math.Int, messages ...sdk.Msg) channeltypes.Packet {
	x.t.Helper()
	result, err := x.chain.SendMsgsWithSender(sender, messages...)
	require.NoError(x.t, err)
	packet, err := ibctesting.ParseV1PacketFromEvents(result.Events)
	require.NoError(x.t, err)
	x.inFlight = x.inFlight.Add(amount)
	x.backed()
	return packet
}

// timeout is the message by which an account of the second chain proves that a packet has not arrived.
func (x *exchange) timeout(packet channeltypes.Packet, signer string) sdk.Msg {
	x.t.Helper()
	require.NoError(x.t, x.path.EndpointB.UpdateClient())
	proof, height := x.path.EndpointA.QueryProof(host.PacketReceiptKey(packet.DestinationPort, packet.DestinationChannel, packet.Sequence))
	return channeltypes.NewMsgTimeout(packet, 1, proof, height, signer)
}

// delivery is the message by which a relayer delivers a packet of the second chain, with a proof of now.
func (x *exchange) delivery(packet channeltypes.Packet) sdk.Msg {
	x.t.Helper()
	require.NoError(x.t, x.path.EndpointA.UpdateClient())
	proof, height := x.path.EndpointB.QueryProof(host.PacketCommitmentKey(packet.SourcePort, packet.SourceChannel, packet.Sequence))
	return channeltypes.NewMsgRecvPacket(packet, proof, height, address(x.chains[0]))
}

// lost requires that a packet whose coins were refunded neither arrives nor is refunded again.
func (x *exchange) lost(delivery, timeout sdk.Msg) {
	x.t.Helper()
	before := x.holds(x.requester())
	_, err := x.chains[0].SendMsgs(delivery)
	require.ErrorContains(x.t, err, "packet timeout elapsed")
	_, err = x.chain.SendMsgs(timeout)
	require.NoError(x.t, err, "a timeout that another relayer has proven is no error")
	require.Equal(x.t, before, x.holds(x.requester()))
	x.backed()
}

// TestARefundOnItsWayIsNeitherLostNorDoubled: vouchers of a requester and of an operator are on their way
// and do not arrive. Meanwhile the requester's job is posted, and cancelled in the transaction that refunds
// the transfer; the operator's claim is paid in the transaction that refunds that of an earlier claim, when
// the denom is not on the list any more.
func TestARefundOnItsWayIsNeitherLostNorDoubled(t *testing.T) {
	const within = 30 * time.Second
	x := newExchange(t, 1_000)
	sender, sent := x.chain.SenderAccounts[0], params.Tfuel(800)
	packet := x.leave(sender, sent, x.home(x.requester(), sent, within))
	delivery := x.delivery(packet)
	_, err := x.chain.SendMsgs(post(x.requester(), sdk.NewCoin(x.denom, params.Tfuel(70))))
	require.ErrorContains(t, err, "insufficient funds", "what is on its way pays nothing")

	operator := x.chain.SenderAccounts[1]
	name := operator.SenderAccount.GetAddress().String()
	first := x.earn(name)
	claim := &rewardstypes.MsgClaim{Operator: name}
	second := x.leave(operator, first, claim, x.home(name, first, within))
	require.True(t, x.holds(name).IsZero())

	x.chain.Coordinator.IncrementTimeBy(2 * within)
	x.chain.Coordinator.CommitBlock(x.chains...)
	job := x.post(0)
	cancel := &computetypes.MsgCancelJob{Requester: x.requester(), JobId: job.Id}
	timeout := x.timeout(packet, x.requester())
	before := x.holds(x.requester())
	_, err = x.chain.SendMsgs(timeout, cancel)
	require.NoError(t, err)
	x.inFlight = first
	x.backed()
	refunded := x.find(job.Id).Refunded
	require.True(t, refunded.GT(params.Tfuel(3)))
	require.Equal(t, before.Add(sent).Add(refunded), x.holds(x.requester()))
	_, err = x.chain.SendMsgs(cancel)
	require.ErrorContains(t, err, "ended")
	x.lost(delivery, timeout)

	again := x.earn(name)
	unlist(x.chain, x.denom)
	delivery, timeout = x.delivery(second), x.timeout(second, name)
	_, err = x.chain.SendMsgsWithSender(operator, timeout, claim)
	require.NoError(t, err)
	x.inFlight = math.ZeroInt()
	require.Equal(t, first.Add(again), x.holds(name))
	x.lost(delivery, x.timeout(second, x.requester()))
	x.claim()
	x.allGoHome()
}

// earn posts jobs until an operator has earned something, and returns what it has earned.
func (x *exchange) earn(operator string) math.Int {
	x.t.Helper()
	for range 30 { // an operator is drawn for half of the jobs
		x.post(0)
		x.finish()
		if earned := earnings(x.chain, operator, x.denom); earned.IsPositive() {
			return earned
		}
	}
	require.Fail(x.t, "the operator was never drawn")
	return math.ZeroInt()
}

func (x *exchange) find(id string) computetypes.Job {
	x.t.Helper()
	jobs := jobsOf(x.chain, x.requester())
	i := slices.IndexFunc(jobs, func(job computetypes.Job) bool { return job.Id == id })
	require.GreaterOrEqual(x.t, i, 0)
	return jobs[i]
}
