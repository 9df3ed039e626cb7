package ibc_test

import (
	"testing"
	"time"

	channeltypes "github.com/cosmos/ibc-go/v11/modules/core/04-channel/types"
	host "github.com/cosmos/ibc-go/v11/modules/core/24-host"
	ibctesting "github.com/cosmos/ibc-go/v11/testing"
	"github.com/stretchr/testify/require"

	"cosmossdk.io/math"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/thetaedge/theta/app/params"
	computetypes "github.com/thetaedge/theta/x/compute/types"
)

// inBothOrders runs a test with an account whose channel is ordered, and with one whose channel is not.
func inBothOrders(t *testing.T, test func(t *testing.T, account *account, ordered bool)) {
	for _, order := range []channeltypes.Order{channeltypes.ORDERED, channeltypes.UNORDERED} {
		t.Run(order.String(), func(t *testing.T) {
			n := newNetwork(t, 2)
			n.nodes(6)
			test(t, n.registerOrdered(params.TfuelCoin(100), order), order == channeltypes.ORDERED)
		})
	}
}

func (c *account) funds() math.Int { return balance(c.chains[1], c.address, params.BaseDenom) }

func (c *account) must(messages ...sdk.Msg) {
	c.t.Helper()
	for _, message := range messages {
		ack := c.run(message)
		require.True(c.t, ack.Success(), "%T: %s", message, ack.GetError())
	}
}

// later lets time pass on both chains, which stay in touch.
func (c *account) later(by time.Duration) {
	c.t.Helper()
	a, b := c.chains[0], c.chains[1]
	a.Coordinator.IncrementTimeBy(by)
	a.Coordinator.CommitBlock(a, b)
	c.touch()
}

// touch brings the clients of both chains up to date.
func (c *account) touch() {
	c.t.Helper()
	require.NoError(c.t, c.path.EndpointA.UpdateClient())
	require.NoError(c.t, c.path.EndpointB.UpdateClient())
}

// delivery is the message by which a relayer delivers a packet, with a proof of now.
func (c *account) delivery(packet channeltypes.Packet) sdk.Msg {
	c.t.Helper()
	c.touch()
	proof, height := c.path.EndpointA.QueryProof(host.PacketCommitmentKey(packet.SourcePort, packet.SourceChannel, packet.Sequence))
	return channeltypes.NewMsgRecvPacket(packet, proof, height, address(c.chains[1]))
}

// late requires that the host refuses the delivery of a packet whose time is over.
func (c *account) late(packet channeltypes.Packet, delivery sdk.Msg) {
	c.t.Helper()
	b := c.chains[1]
	channel, found := appOf(b).IBCKeeper.ChannelKeeper.GetChannel(b.GetContext(), packet.DestinationPort, packet.DestinationChannel)
	require.True(c.t, found)
	why := "packet timeout elapsed"
	if channel.State == channeltypes.CLOSED {
		why = "channel is not OPEN"
	}
	_, err := b.SendMsgs(delivery)
	require.ErrorContains(c.t, err, why)
	c.touch()
}

// awaited reports whether the owner's chain waits for an answer to a packet.
func (c *account) awaited(packet channeltypes.Packet) bool {
	a := c.chains[0]
	keeper := appOf(a).IBCKeeper.ChannelKeeper
	return len(keeper.GetPacketCommitment(a.GetContext(), packet.SourcePort, packet.SourceChannel, packet.Sequence)) > 0
}

// closeHost closes the host's end of the channel on which a packet was sent, whose other end is closed.
func (c *account) closeHost(packet channeltypes.Packet) {
	c.t.Helper()
	c.touch()
	proof, height := c.path.EndpointA.QueryProof(host.ChannelKey(packet.SourcePort, packet.SourceChannel))
	_, err := c.chains[1].SendMsgs(channeltypes.NewMsgChannelCloseConfirm(
		packet.DestinationPort, packet.DestinationChannel, proof, height, address(c.chains[1])))
	require.NoError(c.t, err)
	c.touch()
}

// reopen opens another channel after that of a packet was closed. The host refuses the other channel
// until a relayer has closed its end of the earlier one.
func (c *account) reopen(packet channeltypes.Packet) {
	c.t.Helper()
	_, err := c.chains[0].SendMsgs(controllerTx(c, time.Hour, []byte{1}))
	require.ErrorContains(c.t, err, "no active channel")
	c.apply(channeltypes.ORDERED)
	require.ErrorContains(c.t, c.path.EndpointB.ChanOpenTry(), "existing active channel")
	c.closeHost(packet)
	require.NoError(c.t, c.path.EndpointB.ChanOpenTry())
	require.NoError(c.t, c.path.EndpointA.ChanOpenAck())
	require.NoError(c.t, c.path.EndpointB.ChanOpenConfirm())
	require.NotEqual(c.t, packet.DestinationChannel, c.path.EndpointB.ChannelID)
}

// TestAPacketThatTimesOutPostsNothing: neither a job nor a coin of the account changes, the owner's chain
// learns of it, and jobs under way go on. An ordered channel closes; the account has the same coins and
// jobs on the next channel. No proof of earlier delivers the packet later, and what the owner sends again
// is executed once.
func TestAPacketThatTimesOutPostsNothing(t *testing.T) {
	inBothOrders(t, func(t *testing.T, account *account, ordered bool) {
		account.must(post(account.address, params.TfuelCoin(1)))
		first, funds := account.jobs()[0], account.funds()
		cancel := &computetypes.MsgCancelJob{Requester: account.address, JobId: first.Id}
		again := post(account.address, params.TfuelCoin(2))
		packet := account.order(time.Minute, again, cancel)
		delivery := account.delivery(packet)
		require.ErrorContains(t, account.path.EndpointA.TimeoutPacket(packet), "timeout not reached")
		unchanged := func() {
			t.Helper()
			account.late(packet, delivery)
			jobs := account.jobs()
			require.Len(t, jobs, 1)
			require.False(t, jobs[0].Ended(), "it was not cancelled")
			require.Equal(t, funds, account.funds())
			account.conserved()
		}
		account.later(2 * time.Minute)
		unchanged()
		require.True(t, account.awaited(packet))
		require.NoError(t, account.path.EndpointA.TimeoutPacket(packet))
		require.False(t, account.awaited(packet))
		require.NoError(t, account.path.EndpointA.TimeoutPacket(packet), "another relayer's timeout changes nothing")
		unchanged()

		if ordered {
			account.reopen(packet)
		}
		unchanged()
		account.must(again)
		account.late(packet, delivery)
		require.Len(t, account.jobs(), 2, "the same account posted once")
		before := account.funds()
		account.must(cancel)
		require.True(t, account.funds().GT(before), "the reserve of the job that was posted on the first channel is back")
		account.conserved()
	})
}

// TestAnAnswerThatComesLateIsNoTimeout: a packet arrives in time, and its answer does not come before the
// packet's time is over. The owner's chain refuses the timeout, so that the owner never takes a job that
// was posted for one that was not.
func TestAnAnswerThatComesLateIsNoTimeout(t *testing.T) {
	inBothOrders(t, func(t *testing.T, account *account, _ bool) {
		packet := account.order(time.Minute, post(account.address, params.TfuelCoin(1)))
		delivery := account.delivery(packet)
		result, err := account.chains[1].SendMsgs(delivery)
		require.NoError(t, err)
		ack, err := ibctesting.ParseAckFromEvents(result.Events)
		require.NoError(t, err)
		require.True(t, acknowledgement(t, ack).Success())
		funds := account.funds()
		_, err = account.chains[1].SendMsgs(delivery)
		require.NoError(t, err, "another relayer's delivery changes nothing")
		account.later(2 * time.Minute)
		require.Error(t, account.path.EndpointA.TimeoutPacket(packet))
		require.True(t, account.awaited(packet))
		require.Equal(t, channeltypes.OPEN, account.path.EndpointA.GetChannel().State)
		account.touch()
		require.NoError(t, account.path.EndpointA.AcknowledgePacket(packet, ack))
		require.False(t, account.awaited(packet))
		require.Len(t, account.jobs(), 1)
		require.Equal(t, funds, account.funds())
		account.must(post(account.address, params.TfuelCoin(1)))
		account.conserved()
	})
}

// TestAPacketBehindOneThatTimesOut: a channel in order executes neither, and the second packet times out
// when the channel is closed. A channel without order executes the second one.
func TestAPacketBehindOneThatTimesOut(t *testing.T) {
	inBothOrders(t, func(t *testing.T, account *account, ordered bool) {
		funds := account.funds()
		first := account.order(time.Minute, post(account.address, params.TfuelCoin(1)))
		second := account.order(time.Hour, post(account.address, params.TfuelCoin(2)))
		account.later(2 * time.Minute)
		delivery := account.delivery(second)
		_, err := account.chains[1].SendMsgs(delivery)
		if !ordered {
			require.NoError(t, err)
			account.touch()
			require.NoError(t, account.path.EndpointA.TimeoutPacket(first))
			require.Len(t, account.jobs(), 1)
			account.conserved()
			return
		}
		require.ErrorContains(t, err, "out of order")
		account.touch()
		require.NoError(t, account.path.EndpointA.TimeoutPacket(first))
		require.Error(t, account.path.EndpointA.TimeoutOnClose(second), "the host's end is open")
		account.closeHost(first)
		_, err = account.chains[1].SendMsgs(delivery)
		require.ErrorContains(t, err, "channel is not OPEN")
		account.touch()
		require.NoError(t, account.path.EndpointA.TimeoutOnClose(second))
		require.False(t, account.awaited(second))
		account.open(channeltypes.ORDERED)
		require.Empty(t, account.jobs())
		require.Equal(t, funds, account.funds())
		account.must(post(account.address, params.TfuelCoin(1)))
		require.Len(t, account.jobs(), 1)
		account.conserved()
	})
}

// TestPacketsOfOneTransactionAreApart: one that fails takes nothing of the others with it, and jobs of
// several packets have ids of their own.
func TestPacketsOfOneTransactionAreApart(t *testing.T) {
	inBothOrders(t, func(t *testing.T, account *account, _ bool) {
		good := post(account.address, params.TfuelCoin(1))
		before := account.funds()
		account.must(good)
		cost := before.Sub(account.funds())
		require.True(t, cost.IsPositive())
		unknown := &computetypes.MsgCancelJob{Requester: account.address, JobId: "1-0-0"}
		packets := []channeltypes.Packet{
			account.order(time.Hour, good),
			account.order(time.Hour, good, good, unknown),
			account.order(time.Hour, post(account.address, params.TfuelCoin(100))),
			account.order(time.Hour, good),
		}
		before = account.funds()
		require.NoError(t, account.deliver(account.path.EndpointA, packets))
		require.Equal(t, before.Sub(cost.MulRaw(2)), account.funds())
		ids := make(map[string]bool)
		for _, job := range account.jobs() {
			ids[job.Id] = true
		}
		require.Len(t, ids, 3)
		account.conserved()
	})
}
