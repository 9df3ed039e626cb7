package ibc_test

import (
	"encoding/json"
	"testing"

	abci "github.com/cometbft/cometbft/abci/types"
	cryptoenc "github.com/cometbft/cometbft/crypto/encoding"
	dbm "github.com/cosmos/cosmos-db"
	ratelimittypes "github.com/cosmos/ibc-go/v11/modules/apps/rate-limiting/types"
	transfertypes "github.com/cosmos/ibc-go/v11/modules/apps/transfer/types"
	clienttypes "github.com/cosmos/ibc-go/v11/modules/core/02-client/types"
	channeltypes "github.com/cosmos/ibc-go/v11/modules/core/04-channel/types"
	ibctesting "github.com/cosmos/ibc-go/v11/testing"
	"github.com/stretchr/testify/require"

	"cosmossdk.io/log/v2"
	"cosmossdk.io/math"

	"github.com/cosmos/cosmos-sdk/baseapp"
	simtestutil "github.com/cosmos/cosmos-sdk/testutil/sims"
	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/thetaedge/theta/app"
	"github.com/thetaedge/theta/app/params"
	"github.com/thetaedge/theta/testutil/edge"
)

// onward receives a packet that asks to be forwarded, and returns the packet that leaves for the next
// chain.
func onward(t *testing.T, first *ibctesting.Path, packet channeltypes.Packet) channeltypes.Packet {
	t.Helper()
	require.NoError(t, first.EndpointB.UpdateClient())
	result, err := first.EndpointB.RecvPacketWithResult(packet)
	require.NoError(t, err)
	next, err := ibctesting.ParseV1PacketFromEvents(result.Events)
	require.NoError(t, err)
	return next
}

// recoverClient replaces an expired client of an end by a new one, as a proposal of its chain does.
func recoverClient(t *testing.T, end *ibctesting.Endpoint) {
	t.Helper()
	substitute := ibctesting.NewEndpoint(end.Chain, end.ClientConfig, end.ConnectionConfig, end.ChannelConfig)
	substitute.Counterparty = end.Counterparty
	require.NoError(t, substitute.CreateClient())
	end.Chain.Coordinator.CommitBlock(end.Counterparty.Chain)
	require.NoError(t, substitute.UpdateClient())
	message := &clienttypes.MsgRecoverClient{SubjectClientId: end.ClientID, SubstituteClientId: substitute.ClientID, Signer: address(end.Chain)}
	recovery := func(a *app.App, ctx sdk.Context) error {
		_, err := a.IBCKeeper.RecoverClient(ctx, message)
		return err
	}
	require.Error(t, between(end.Chain, recovery), "only governance recovers clients")
	message.Signer = app.Authority()
	require.NoError(t, between(end.Chain, recovery))
	end.Chain.NextBlock()
}

// TestAForwardedTransferWaitsForAnExpiredClientAndComesBack: a transfer is on its way through the
// second chain when that chain's client of the third expires. Nothing is lost and nothing is paid twice:
// after a proposal has recovered the client, the timeout is proven, and the coins are back where they
// began.
func TestAForwardedTransferWaitsForAnExpiredClientAndComesBack(t *testing.T) {
	n := newNetwork(t, 3)
	first, second := n.paths[0], n.paths[1]
	a, b, c := n.chains[0], n.chains[1], n.chains[2]
	before, coin := tfuelOf(a), params.TfuelCoin(11)
	packet := n.send(first.EndpointA, coin, address(b), forward(second.EndpointA, address(c)))
	next := onward(t, first, packet)
	n.conserved()

	// The first two chains stay in touch; the client of the third expires, and so does the packet.
	for range 3 {
		a.Coordinator.IncrementTimeBy(ibctesting.TrustingPeriod / 2)
		a.Coordinator.CommitBlock(a, b, c)
		require.NoError(t, first.EndpointA.UpdateClient())
		require.NoError(t, first.EndpointB.UpdateClient())
	}
	require.Error(t, second.EndpointA.UpdateClient(), "expired")
	require.Error(t, second.EndpointA.TimeoutPacket(next), "and so the timeout cannot be proven")
	require.Equal(t, before.Sub(coin.Amount), tfuelOf(a))
	n.conserved()

	recoverClient(t, second.EndpointA)
	require.NoError(t, second.EndpointA.UpdateClient())
	result, err := second.EndpointA.TimeoutPacketWithResult(next)
	require.NoError(t, err)
	ack, err := ibctesting.ParseAckFromEvents(result.Events)
	require.NoError(t, err)
	require.False(t, acknowledgement(t, ack).Success())
	require.NoError(t, first.EndpointA.UpdateClient())
	require.NoError(t, first.EndpointA.AcknowledgePacket(packet, ack))
	require.Equal(t, before, tfuelOf(a))
	require.True(t, balance(c, address(c), voucher(second.EndpointB)).IsZero())
	_, _ = second.EndpointA.TimeoutPacketWithResult(next)
	require.True(t, balance(b, address(b), voucher(first.EndpointB)).IsZero(), "a repeated timeout pays nothing")
	n.conserved()
}

// TestAForwardedTransferIsLimitedLikeAnother: what is forwarded leaves through the rate limits of the
// chain between, and comes back where it began if they refuse it.
func TestAForwardedTransferIsLimitedLikeAnother(t *testing.T) {
	n := newNetwork(t, 3)
	first, second := n.paths[0], n.paths[1]
	a, b, c := n.chains[0], n.chains[1], n.chains[2]
	require.True(t, n.relay(first, n.send(first.EndpointA, params.TfuelCoin(100), address(b), "")).Success())
	require.NoError(t, limit(b, &ratelimittypes.MsgAddRateLimit{
		Signer: app.Authority(), Denom: voucher(first.EndpointB), ChannelOrClientId: second.EndpointA.ChannelID,
		MaxPercentSend: math.NewInt(10), MaxPercentRecv: math.NewInt(100), DurationHours: 24,
	}))
	b.NextBlock()
	before := tfuelOf(a)
	for _, test := range []struct {
		tfuel  int64
		passes bool
	}{{50, false}, {5, true}} {
		packet := n.send(first.EndpointA, params.TfuelCoin(test.tfuel), address(b), forward(second.EndpointA, address(c)))
		require.NoError(t, first.EndpointB.UpdateClient())
		result, err := first.EndpointB.RecvPacketWithResult(packet)
		require.NoError(t, err)
		_, err = ibctesting.ParseV1PacketFromEvents(result.Events)
		require.Equal(t, test.passes, err == nil, "%d tfuel", test.tfuel)
		if !test.passes {
			ack, err := ibctesting.ParseAckFromEvents(result.Events)
			require.NoError(t, err)
			require.NoError(t, first.EndpointA.AcknowledgePacket(packet, ack))
			require.Equal(t, before, tfuelOf(a))
		}
		n.conserved()
	}
}

// restart builds a chain from an export of another, and runs its genesis.
func restart(t *testing.T, chain *ibctesting.TestChain, zero bool) *app.App {
	t.Helper()
	old := appOf(chain)
	exported, err := old.ExportAppStateAndValidators(zero, nil, nil)
	require.NoError(t, err)
	var modules map[string]json.RawMessage
	require.NoError(t, json.Unmarshal(exported.AppState, &modules))
	fresh := app.New(log.NewNopLogger(), dbm.NewMemDB(), true, simtestutil.EmptyAppOptions{}, baseapp.SetChainID(chain.ChainID))
	validators := make([]abci.ValidatorUpdate, len(exported.Validators))
	for i, v := range exported.Validators {
		key, err := cryptoenc.PubKeyToProto(v.PubKey)
		require.NoError(t, err)
		validators[i] = abci.ValidatorUpdate{PubKey: key, Power: v.Power}
	}
	initial := max(exported.Height, 1)
	_, err = fresh.InitChain(&abci.RequestInitChain{
		ChainId: chain.ChainID, Time: chain.ProposedHeader.Time, InitialHeight: initial,
		ConsensusParams: &exported.ConsensusParams, AppStateBytes: exported.AppState, Validators: validators,
	})
	require.NoError(t, err)
	_, err = fresh.FinalizeBlock(&abci.RequestFinalizeBlock{Height: initial, Time: chain.ProposedHeader.Time})
	require.NoError(t, err)
	_, err = fresh.Commit()
	require.NoError(t, err)
	return fresh
}

// TestAnExportKeepsChannelsVouchersAndPacketsOnTheirWay: also one that begins at height zero.
func TestAnExportKeepsChannelsVouchersAndPacketsOnTheirWay(t *testing.T) {
	n := newNetwork(t, 2)
	a, b, path := n.chains[0], n.chains[1], n.paths[0]
	account := n.register(params.TfuelCoin(3))
	require.True(t, n.relay(path, n.send(path.EndpointA, params.TfuelCoin(11), address(b), "")).Success())
	back := sdk.NewCoin(voucher(path.EndpointB), params.Tfuel(4))
	sent := n.send(path.EndpointB, back, address(a), "") // on its way
	own := n.send(path.EndpointB, params.TfuelCoin(2), address(a), "")
	escrow := transfertypes.GetEscrowAddress(path.EndpointB.ChannelConfig.PortID, path.EndpointB.ChannelID)

	for _, zero := range []bool{false, true} {
		fresh := restart(t, b, zero)
		ctx, err := fresh.CreateQueryContext(0, false)
		require.NoError(t, err)
		holdings := func(address sdk.AccAddress, denom string) math.Int {
			return fresh.BankKeeper.GetBalance(ctx, address, denom).Amount
		}
		require.Equal(t, params.Tfuel(7), holdings(b.SenderAccount.GetAddress(), back.Denom))
		require.Equal(t, params.Tfuel(2), holdings(escrow, params.BaseDenom))
		require.Equal(t, params.Tfuel(2), fresh.TransferKeeper.GetTotalEscrowForDenom(ctx, params.BaseDenom).Amount)
		require.Equal(t, params.Tfuel(3), holdings(sdk.MustAccAddressFromBech32(account.address), params.BaseDenom))
		channel, found := fresh.IBCKeeper.ChannelKeeper.GetChannel(ctx, path.EndpointB.ChannelConfig.PortID, path.EndpointB.ChannelID)
		require.True(t, found)
		require.Equal(t, channeltypes.OPEN, channel.State)
		for _, packet := range []channeltypes.Packet{sent, own} {
			require.Equal(t, channeltypes.CommitPacket(packet),
				fresh.IBCKeeper.ChannelKeeper.GetPacketCommitment(ctx, packet.SourcePort, packet.SourceChannel, packet.Sequence))
		}
		host, found := fresh.ICAHostKeeper.GetInterchainAccountAddress(ctx, account.path.EndpointB.ConnectionID, account.path.EndpointA.ChannelConfig.PortID)
		require.True(t, found)
		require.Equal(t, account.address, host)
		denom, found := fresh.TransferKeeper.GetDenom(ctx, transfertypes.NewDenom(params.BaseDenom,
			transfertypes.NewHop(path.EndpointB.ChannelConfig.PortID, path.EndpointB.ChannelID)).Hash())
		require.True(t, found)
		require.Equal(t, params.BaseDenom, denom.Base)
		edge.RequireInvariantsOf(t, fresh, ctx)
	}
}
