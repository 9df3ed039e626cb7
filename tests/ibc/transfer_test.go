package ibc_test

import (
	"fmt"
	"testing"

	ratelimitkeeper "github.com/cosmos/ibc-go/v11/modules/apps/rate-limiting/keeper"
	ratelimittypes "github.com/cosmos/ibc-go/v11/modules/apps/rate-limiting/types"
	transfertypes "github.com/cosmos/ibc-go/v11/modules/apps/transfer/types"
	clienttypes "github.com/cosmos/ibc-go/v11/modules/core/02-client/types"
	ibctesting "github.com/cosmos/ibc-go/v11/testing"
	"github.com/stretchr/testify/require"

	"cosmossdk.io/math"

	sdk "github.com/cosmos/cosmos-sdk/types"
	authtypes "github.com/cosmos/cosmos-sdk/x/auth/types"

	"github.com/thetaedge/theta/app"
	"github.com/thetaedge/theta/app/params"
	computetypes "github.com/thetaedge/theta/x/compute/types"
)

func TestTfuelGoesOutAndComesBack(t *testing.T) {
	n := newNetwork(t, 2)
	a, b := n.chains[0], n.chains[1]
	path, coin := n.paths[0], params.TfuelCoin(11)
	before := tfuelOf(a)

	require.True(t, n.relay(path, n.send(path.EndpointA, coin, address(b), "")).Success())
	require.Equal(t, before.Sub(coin.Amount), tfuelOf(a))
	require.Equal(t, coin.Amount, balance(b, address(b), voucher(path.EndpointB)))
	n.conserved()

	back := sdk.NewCoin(voucher(path.EndpointB), coin.Amount)
	require.True(t, n.relay(path, n.send(path.EndpointB, back, address(a), "")).Success())
	require.Equal(t, before, tfuelOf(a))
	require.True(t, balance(b, address(b), back.Denom).IsZero())
	require.True(t, appOf(b).BankKeeper.GetSupply(b.GetContext(), back.Denom).IsZero())
	n.conserved()
}

func TestATransferThatTimesOutIsRefundedOnce(t *testing.T) {
	n := newNetwork(t, 2)
	a, b := n.chains[0], n.chains[1]
	path, before := n.paths[0], tfuelOf(n.chains[0])
	packet, err := n.trySend(path.EndpointA, params.TfuelCoin(11), address(b), "",
		clienttypes.NewHeight(1, uint64(b.App.LastBlockHeight()+2)))
	require.NoError(t, err)
	n.conserved()
	b.Coordinator.CommitNBlocks(b, 3)

	require.NoError(t, path.EndpointA.UpdateClient())
	require.NoError(t, path.EndpointA.TimeoutPacket(packet))
	require.Equal(t, before, tfuelOf(a))
	_, _ = path.EndpointA.TimeoutPacketWithResult(packet)
	require.Equal(t, before, tfuelOf(a), "a repeated timeout refunds nothing")

	require.NoError(t, path.EndpointB.UpdateClient())
	_, err = path.EndpointB.RecvPacketWithResult(packet)
	require.Error(t, err, "it cannot arrive any more")
	require.True(t, balance(b, address(b), voucher(path.EndpointB)).IsZero())
	n.conserved()
}

func TestATransferToNobodyIsRefunded(t *testing.T) {
	for name, receiver := range map[string]string{
		"no address":     "nobody",
		"a foreign form": ibctesting.TestAccAddress,
		"a module":       authtypes.NewModuleAddress(computetypes.ModuleName).String(),
	} {
		t.Run(name, func(t *testing.T) {
			n := newNetwork(t, 2)
			path, before := n.paths[0], tfuelOf(n.chains[0])
			require.False(t, n.relay(path, n.send(path.EndpointA, params.TfuelCoin(11), receiver, "")).Success())
			require.Equal(t, before, tfuelOf(n.chains[0]))
			n.conserved()
		})
	}
}

// TestNothingLeavesThroughAnExpiredClient: the transfer is refused before a coin moves.
func TestNothingLeavesThroughAnExpiredClient(t *testing.T) {
	n := newNetwork(t, 2)
	a, b := n.chains[0], n.chains[1]
	path := n.paths[0]
	require.True(t, n.relay(path, n.send(path.EndpointA, params.TfuelCoin(11), address(b), "")).Success())
	before, vouchers := tfuelOf(a), balance(b, address(b), voucher(path.EndpointB))

	a.ExpireClient(ibctesting.TrustingPeriod)
	a.NextBlock()
	b.NextBlock()
	_, err := n.trySend(path.EndpointA, params.TfuelCoin(1), address(b), "", b.GetTimeoutHeight())
	require.ErrorContains(t, err, "is not active")
	require.Equal(t, before, tfuelOf(a))
	_, err = n.trySend(path.EndpointB, sdk.NewCoin(voucher(path.EndpointB), vouchers), address(a), "", a.GetTimeoutHeight())
	require.ErrorContains(t, err, "is not active")
	require.Equal(t, vouchers, balance(b, address(b), voucher(path.EndpointB)))
	n.conserved()
}

// limit sets a rate limit of a chain.
func limit(chain *ibctesting.TestChain, quota *ratelimittypes.MsgAddRateLimit) error {
	return between(chain, func(a *app.App, ctx sdk.Context) error {
		_, err := ratelimitkeeper.NewMsgServerImpl(a.RateLimitKeeper).AddRateLimit(ctx, quota)
		return err
	})
}

// TestARateLimitOfGovernanceBoundsWhatLeavesAndWhatArrives: what exceeds the quota is refused here, or
// comes back from there.
func TestARateLimitOfGovernanceBoundsWhatLeavesAndWhatArrives(t *testing.T) {
	n := newNetwork(t, 2)
	a, b := n.chains[0], n.chains[1]
	path := n.paths[0]
	supply := appOf(a).BankKeeper.GetSupply(a.GetContext(), params.BaseDenom)
	quota := &ratelimittypes.MsgAddRateLimit{
		Signer: app.Authority(), Denom: params.BaseDenom, ChannelOrClientId: path.EndpointA.ChannelID,
		MaxPercentSend: math.NewInt(1), MaxPercentRecv: math.NewInt(1), DurationHours: 24,
	}
	other := *quota
	other.Signer = address(a)
	require.Error(t, limit(a, &other), "only governance sets limits")
	require.NoError(t, limit(a, quota))

	before := tfuelOf(a)
	percent := supply.Amount.QuoRaw(100)
	_, err := n.trySend(path.EndpointA, sdk.NewCoin(params.BaseDenom, percent.AddRaw(1)), address(b), "", b.GetTimeoutHeight())
	require.ErrorContains(t, err, "quota exceeded")
	require.Equal(t, before, tfuelOf(a))
	coin := sdk.NewCoin(params.BaseDenom, percent.QuoRaw(2))
	require.True(t, n.relay(path, n.send(path.EndpointA, coin, address(b), "")).Success())
	require.Equal(t, before.Sub(coin.Amount), tfuelOf(a))
	n.conserved()
}

// forward is the memo that sends a transfer on to another chain.
func forward(from *ibctesting.Endpoint, receiver string) string {
	return fmt.Sprintf(`{"forward":{"receiver":%q,"port":%q,"channel":%q,"retries":0}}`,
		receiver, from.ChannelConfig.PortID, from.ChannelID)
}

func TestATransferIsForwardedAndAFailedOneIsRefundedWhereItBegan(t *testing.T) {
	n := newNetwork(t, 3)
	first, second := n.paths[0], n.paths[1]
	a, b, c := n.chains[0], n.chains[1], n.chains[2]
	before, coin := tfuelOf(a), params.TfuelCoin(11)
	denom := transfertypes.NewDenom(params.BaseDenom,
		transfertypes.NewHop(second.EndpointB.ChannelConfig.PortID, second.EndpointB.ChannelID),
		transfertypes.NewHop(first.EndpointB.ChannelConfig.PortID, first.EndpointB.ChannelID)).IBCDenom()

	for _, receiver := range []string{address(c), "nobody"} {
		packet := n.send(first.EndpointA, coin, address(b), forward(second.EndpointA, receiver))
		require.NoError(t, first.EndpointB.UpdateClient())
		result, err := first.EndpointB.RecvPacketWithResult(packet)
		require.NoError(t, err)
		onward, err := ibctesting.ParseV1PacketFromEvents(result.Events)
		require.NoError(t, err)
		require.NoError(t, second.EndpointB.UpdateClient())
		result, err = second.EndpointB.RecvPacketWithResult(onward)
		require.NoError(t, err)
		ack, err := ibctesting.ParseAckFromEvents(result.Events)
		require.NoError(t, err)
		result, err = second.EndpointA.AcknowledgePacketWithResult(onward, ack)
		require.NoError(t, err)
		ack, err = ibctesting.ParseAckFromEvents(result.Events)
		require.NoError(t, err)
		require.Equal(t, receiver != "nobody", acknowledgement(t, ack).Success())
		require.NoError(t, first.EndpointA.UpdateClient())
		require.NoError(t, first.EndpointA.AcknowledgePacket(packet, ack))
		n.conserved()
	}
	require.Equal(t, coin.Amount, balance(c, address(c), denom))
	require.Equal(t, before.Sub(coin.Amount), tfuelOf(a), "the second transfer came back")
	require.True(t, balance(b, address(b), voucher(first.EndpointB)).IsZero())
}
