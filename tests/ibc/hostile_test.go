package ibc_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/cosmos/gogoproto/proto"
	hostkeeper "github.com/cosmos/ibc-go/v11/modules/apps/27-interchain-accounts/host/keeper"
	hosttypes "github.com/cosmos/ibc-go/v11/modules/apps/27-interchain-accounts/host/types"
	icatypes "github.com/cosmos/ibc-go/v11/modules/apps/27-interchain-accounts/types"
	transfertypes "github.com/cosmos/ibc-go/v11/modules/apps/transfer/types"
	clienttypes "github.com/cosmos/ibc-go/v11/modules/core/02-client/types"
	channeltypes "github.com/cosmos/ibc-go/v11/modules/core/04-channel/types"
	host "github.com/cosmos/ibc-go/v11/modules/core/24-host"
	ibctesting "github.com/cosmos/ibc-go/v11/testing"
	"github.com/stretchr/testify/require"

	"cosmossdk.io/math"

	storetypes "github.com/cosmos/cosmos-sdk/store/v2/types"
	sdk "github.com/cosmos/cosmos-sdk/types"
	"github.com/cosmos/cosmos-sdk/x/authz"
	banktypes "github.com/cosmos/cosmos-sdk/x/bank/types"
	distrtypes "github.com/cosmos/cosmos-sdk/x/distribution/types"

	"github.com/thetaedge/theta/app"
	"github.com/thetaedge/theta/app/params"
	beacontypes "github.com/thetaedge/theta/x/beacon/types"
	computekeeper "github.com/thetaedge/theta/x/compute/keeper"
	computetypes "github.com/thetaedge/theta/x/compute/types"
	edgenodekeeper "github.com/thetaedge/theta/x/edgenode/keeper"
	edgenodetypes "github.com/thetaedge/theta/x/edgenode/types"
	rewardskeeper "github.com/thetaedge/theta/x/rewards/keeper"
	rewardstypes "github.com/thetaedge/theta/x/rewards/types"
)

// TestNoListOpensDutiesToInterchainAccounts: if governance lists all messages, an interchain account
// may send more than by default, but no duty, no round, no packet and no message that carries others.
func TestNoListOpensDutiesToInterchainAccounts(t *testing.T) {
	n := newNetwork(t, 2)
	b := n.chains[1]
	account := n.register(params.TfuelCoin(2))
	own := sdk.MustAccAddressFromBech32(account.address)
	exec := authz.NewMsgExec(own, []sdk.Msg{banktypes.NewMsgSend(own, own, sdk.NewCoins(params.TfuelCoin(1)))})
	grant, err := authz.NewMsgGrant(own, b.SenderAccount.GetAddress(), authz.NewGenericAuthorization("/cosmos.bank.v1beta1.MsgSend"), nil)
	require.NoError(t, err)
	ref := []computetypes.ChunkRef{{JobId: "1-0-0"}}
	never := []proto.Message{
		&exec, &computetypes.MsgClaim{Worker: account.address, Items: ref}, &computetypes.MsgCommit{Worker: account.address},
		&computetypes.MsgReveal{Worker: account.address}, &computetypes.MsgOpen{Worker: account.address},
		&computetypes.MsgRelease{Worker: account.address}, &computetypes.MsgYield{Worker: account.address},
		&beacontypes.MsgSubmitRound{Submitter: account.address, Round: 1, Signature: make([]byte, 48)},
		channeltypes.NewMsgRecvPacket(channeltypes.NewPacket([]byte("x"), 1, "transfer", "channel-0", "transfer", "channel-0",
			clienttypes.NewHeight(1, 1_000), 0), []byte("x"), clienttypes.NewHeight(1, 1), account.address),
	}
	list := func(urls ...string) {
		require.NoError(t, between(b, func(a *app.App, ctx sdk.Context) error {
			_, err := hostkeeper.NewMsgServerImpl(a.ICAHostKeeper).UpdateParams(ctx,
				&hosttypes.MsgUpdateParams{Signer: app.Authority(), Params: hosttypes.NewParams(true, urls)})
			return err
		}))
		b.NextBlock()
	}
	refused := func(kind string) {
		for _, message := range never {
			ack := account.run(message)
			require.False(t, ack.Success(), "%s: %T", kind, message)
			// The code of "no handler": it does not depend on what the message says.
			require.Contains(t, ack.GetError(), fmt.Sprintf("ABCI code: %d:", icatypes.ErrInvalidRoute.ABCICode()), "%s: %T", kind, message)
		}
	}
	require.False(t, account.run(grant).Success(), "the default list is shorter")
	list("*")
	refused("all messages")
	require.True(t, account.run(grant).Success())
	var urls []string
	for _, message := range never {
		urls = append(urls, sdk.MsgTypeURL(message))
	}
	list(urls...)
	refused("these messages by name")
	n.conserved()
}

// TestAccountsGiveThePoolsOfTheDistributionTfuelOnly: every block writes these pools, with an entry for each denom,
// and another chain decides how many denoms there are and how large their amounts.
func TestAccountsGiveThePoolsOfTheDistributionTfuelOnly(t *testing.T) {
	n := newNetwork(t, 2)
	b, path := n.chains[1], n.paths[0]
	require.True(t, n.relay(path, n.send(path.EndpointA, params.TfuelCoin(5), address(b), "")).Success())
	foreign, own := sdk.NewCoin(voucher(path.EndpointB), math.OneInt()), params.TfuelCoin(1)
	validators, err := appOf(b).StakingKeeper.GetAllValidators(b.GetContext())
	require.NoError(t, err)
	for _, test := range []struct {
		coins sdk.Coins
		good  bool
	}{{sdk.NewCoins(own), true}, {sdk.NewCoins(foreign), false}, {sdk.NewCoins(foreign, own), false}} {
		for _, message := range []sdk.Msg{
			distrtypes.NewMsgFundCommunityPool(test.coins, address(b)),
			distrtypes.NewMsgDepositValidatorRewardsPool(address(b), validators[0].OperatorAddress, test.coins),
		} {
			_, err := b.SendMsgs(message)
			if test.good {
				require.NoError(t, err, "%T", message)
			} else {
				require.ErrorContains(t, err, "take atfuel only", "%T", message)
			}
		}
	}
	n.conserved()
}

// forge commits a packet of the first chain's transfer port that its transfer module never saw, as a
// hostile chain would. The next block of the chain contains it.
func (n *network) forge(from *ibctesting.Endpoint, data []byte) channeltypes.Packet {
	n.t.Helper()
	timeout := clienttypes.NewHeight(1, 1_000_000)
	var sequence uint64
	require.NoError(n.t, between(from.Chain, func(a *app.App, ctx sdk.Context) (err error) {
		sequence, err = a.IBCKeeper.ChannelKeeper.SendPacket(ctx, from.ChannelConfig.PortID, from.ChannelID, timeout, 0, data)
		return err
	}))
	other := from.Counterparty
	return channeltypes.NewPacket(data, sequence, from.ChannelConfig.PortID, from.ChannelID,
		other.ChannelConfig.PortID, other.ChannelID, timeout, 0)
}

// deliver gives packets of one end to the other chain, some in each transaction.
func (n *network) deliver(from *ibctesting.Endpoint, packets []channeltypes.Packet) error {
	n.t.Helper()
	const together = 40
	from.Chain.NextBlock()
	require.NoError(n.t, from.Counterparty.UpdateClient())
	to := from.Counterparty.Chain
	for len(packets) > 0 {
		var messages []sdk.Msg
		for _, packet := range packets[:min(together, len(packets))] {
			proof, height := from.QueryProof(host.PacketCommitmentKey(packet.SourcePort, packet.SourceChannel, packet.Sequence))
			messages = append(messages, channeltypes.NewMsgRecvPacket(packet, proof, height, address(to)))
		}
		if _, err := to.SendMsgs(messages...); err != nil {
			return err
		}
		packets = packets[len(messages):]
	}
	return nil
}

func transferData(denom, amount, sender, receiver, memo string) []byte {
	return transfertypes.NewFungibleTokenPacketData(denom, amount, sender, receiver, memo).GetBytes()
}

// cost is the gas of what a chain does in every block and of the queries that take no page, which
// grows with what they read and write.
func cost(t *testing.T, chain *ibctesting.TestChain) map[string]uint64 {
	t.Helper()
	a := appOf(chain)
	gas := make(map[string]uint64)
	measure := func(name string, do func(sdk.Context) error) {
		ctx, _ := chain.GetContext().CacheContext()
		ctx = ctx.WithGasMeter(storetypes.NewInfiniteGasMeter())
		require.NoError(t, do(ctx), name)
		gas[name] = ctx.GasMeter().GasConsumed()
		require.Positive(t, gas[name], name)
	}
	measure("begin block", func(ctx sdk.Context) error { _, err := a.ModuleManager.BeginBlock(ctx); return err })
	measure("end block", func(ctx sdk.Context) error { _, err := a.ModuleManager.EndBlock(ctx); return err })
	measure("ledger", func(ctx sdk.Context) error {
		_, err := rewardskeeper.NewQueryServer(a.RewardsKeeper).SupplyLedger(ctx, &rewardstypes.QuerySupplyLedgerRequest{})
		return err
	})
	measure("emission", func(ctx sdk.Context) error {
		_, err := rewardskeeper.NewQueryServer(a.RewardsKeeper).Emission(ctx, &rewardstypes.QueryEmissionRequest{})
		return err
	})
	measure("market", func(ctx sdk.Context) error {
		_, err := computekeeper.NewQueryServer(a.ComputeKeeper).Market(ctx, &computetypes.QueryMarketRequest{Class: "cpu-small"})
		return err
	})
	measure("invariants of compute", func(ctx sdk.Context) error {
		_, err := computekeeper.NewQueryServer(a.ComputeKeeper).Invariants(ctx, &computetypes.QueryInvariantsRequest{})
		return err
	})
	measure("invariants of edgenode", func(ctx sdk.Context) error {
		_, err := edgenodekeeper.NewQueryServer(a.EdgenodeKeeper).Invariants(ctx, &edgenodetypes.QueryInvariantsRequest{})
		return err
	})
	return gas
}

// TestDenomsOfAnotherChainCostOurBlocksAndQueriesNothing: 1,000 denoms arrive, and their holder tries
// to bring them where every block would read them.
func TestDenomsOfAnotherChainCostOurBlocksAndQueriesNothing(t *testing.T) {
	const denoms = 1_000
	n := newNetwork(t, 2)
	b, path := n.chains[1], n.paths[0]
	b.NextBlock()
	before := cost(t, b)
	var packets []channeltypes.Packet
	coins := sdk.NewCoins()
	for i := range denoms {
		denom := fmt.Sprintf("coin%d", i)
		packets = append(packets, n.forge(path.EndpointA, transferData(denom, "1", address(n.chains[0]), address(b), "")))
		hop := transfertypes.NewHop(path.EndpointB.ChannelConfig.PortID, path.EndpointB.ChannelID)
		coins = coins.Add(sdk.NewCoin(transfertypes.NewDenom(denom, hop).IBCDenom(), math.OneInt()))
	}
	require.NoError(t, n.deliver(path.EndpointA, packets))
	for _, coin := range []sdk.Coin{coins[0], coins[denoms-1]} {
		require.True(t, balance(b, address(b), coin.Denom).IsPositive())
	}
	// As many as the gas of a transaction here pays for.
	_, err := b.SendMsgs(distrtypes.NewMsgFundCommunityPool(coins[:100], address(b)))
	require.Error(t, err)
	_, err = b.SendMsgs(banktypes.NewMsgSend(b.SenderAccount.GetAddress(), b.SenderAccounts[1].SenderAccount.GetAddress(), coins[:100]))
	require.NoError(t, err, "they may be held and sent")

	const tolerance = 20_000 // some reads; 100 more entries would cost ten times as much
	for name, gas := range cost(t, b) {
		require.Less(t, gas, before[name]+tolerance, name)
	}
	n.conserved()
}

// TestDataOfAHostileChainIsAnsweredAndMovesNothing: each packet gets an answer that says no, no coin
// of ours moves, and the channel takes the next packet.
func TestDataOfAHostileChainIsAnsweredAndMovesNothing(t *testing.T) {
	n := newNetwork(t, 2)
	a, b, path := n.chains[0], n.chains[1], n.paths[0]
	// 11 tfuel of the second chain are on the first one.
	require.True(t, n.relay(path, n.send(path.EndpointB, params.TfuelCoin(11), address(a), "")).Success())
	returned := transfertypes.NewDenom(params.BaseDenom, transfertypes.NewHop(path.EndpointA.ChannelConfig.PortID, path.EndpointA.ChannelID)).Path()
	before := tfuelOf(b)
	escrow := transfertypes.GetEscrowAddress(path.EndpointB.ChannelConfig.PortID, path.EndpointB.ChannelID).String()
	to, more := address(b), params.Tfuel(11).AddRaw(1).String()
	for name, data := range map[string][]byte{
		"not JSON":              {0xff, 0x00, 0x7b},
		"an array":              []byte("[]"),
		"another field":         []byte(`{"denom":"x","amount":"1","sender":"s","receiver":"` + to + `","more":"x"}`),
		"an interchain message": []byte(`{"type":"TYPE_EXECUTE_TX","data":"AA==","memo":""}`),
		"more than was sent":    transferData(returned, more, "s", to, ""),
		"a huge return":         transferData(returned, strings.Repeat("9", 77), "s", to, ""),
		"a negative amount":     transferData("x", "-1", "s", to, ""),
		"zero":                  transferData("x", "0", "s", to, ""),
		"above 256 bits":        transferData("x", strings.Repeat("9", 80), "s", to, ""),
		"a huge number":         transferData("x", strings.Repeat("9", 200_000), "s", to, ""),
		"no denom":              transferData("", "1", "s", to, ""),
		"a long receiver":       transferData("x", "1", "s", strings.Repeat("t", 200_000), ""),
		"a forward to nothing":  transferData("x", "1", "s", to, `{"forward":{}}`),
		"deep forwards":         transferData("x", "1", "s", to, strings.Repeat(`{"forward":`, 9_000)+"1"+strings.Repeat("}", 9_000)),
		"a forward to a closed channel": transferData("x", "1", "s", to,
			`{"forward":{"receiver":"`+to+`","port":"transfer","channel":"channel-77"}}`),
		"a huge forward": transferData("x", "1", "s", to,
			`{"forward":{"receiver":"`+to+`","port":"transfer","channel":"channel-0","next":"`+strings.Repeat("n", 200_000)+`"}}`),
	} {
		t.Run(name, func(t *testing.T) {
			packet := n.forge(path.EndpointA, data)
			a.NextBlock()
			require.NoError(t, path.EndpointB.UpdateClient())
			result, err := path.EndpointB.RecvPacketWithResult(packet)
			require.NoError(t, err)
			ack, err := ibctesting.ParseAckFromEvents(result.Events)
			require.NoError(t, err)
			require.False(t, acknowledgement(t, ack).Success())
			require.Equal(t, before, tfuelOf(b))
			require.Equal(t, params.Tfuel(11), balance(b, escrow, params.BaseDenom))
		})
	}
	n.conserved()
	require.True(t, n.relay(path, n.send(path.EndpointA, params.TfuelCoin(1), to, "")).Success(), "the channel still works")
}

// TestAmountsThatWouldOverflowTheSupplyAreNotReceived: the relayer's transaction fails, and nothing
// was written.
func TestAmountsThatWouldOverflowTheSupplyAreNotReceived(t *testing.T) {
	n := newNetwork(t, 2)
	b, path := n.chains[1], n.paths[0]
	most := math.NewIntWithDecimal(1, 77) // 10^77 < 2^256
	denom := transfertypes.NewDenom("x", transfertypes.NewHop(path.EndpointB.ChannelConfig.PortID, path.EndpointB.ChannelID)).IBCDenom()
	first := n.forge(path.EndpointA, transferData("x", most.String(), "s", address(b), ""))
	require.NoError(t, n.deliver(path.EndpointA, []channeltypes.Packet{first}))
	require.Equal(t, most, balance(b, address(b), denom))
	second := n.forge(path.EndpointA, transferData("x", most.String(), "s", address(b), ""))
	require.Error(t, n.deliver(path.EndpointA, []channeltypes.Packet{second}))
	require.Equal(t, most, balance(b, address(b), denom))
	n.conserved()
}

// TestALongMemoIsRefusedWhereItIsSentAndHarmlessWhereItArrives: what is longer than a packet may be
// cannot be received at all, and what is not costs its relayer gas and leaves nothing in the state.
func TestALongMemoIsRefusedWhereItIsSentAndHarmlessWhereItArrives(t *testing.T) {
	n := newNetwork(t, 2)
	b, path := n.chains[1], n.paths[0]
	_, err := n.trySend(path.EndpointA, params.TfuelCoin(1), address(b), strings.Repeat("m", 1<<20), b.GetTimeoutHeight())
	require.ErrorContains(t, err, "memo")
	packet := n.forge(path.EndpointA, transferData("x", "1", "s", address(b), strings.Repeat("m", 200_000)))
	require.NoError(t, n.deliver(path.EndpointA, []channeltypes.Packet{packet}))
	exported, err := appOf(b).ExportAppStateAndValidators(false, nil, nil)
	require.NoError(t, err)
	require.NotContains(t, string(exported.AppState), strings.Repeat("m", 1_000))

	packet.Sequence++
	packet.Data = transferData("x", "1", "s", address(b), strings.Repeat("m", 4<<20))
	_, err = b.SendMsgs(channeltypes.NewMsgRecvPacket(packet, []byte("proof"), clienttypes.NewHeight(1, 1), address(b)))
	require.ErrorContains(t, err, "cannot exceed")
	n.conserved()
}

// TestMalformedMessagesOfAnAccountAreAnswered: the channel of the account stays open.
func TestMalformedMessagesOfAnAccountAreAnswered(t *testing.T) {
	n := newNetwork(t, 2)
	account := n.register(params.TfuelCoin(2))
	b := n.chains[1]
	before := balance(b, account.address, params.BaseDenom)
	huge := post(account.address, params.TfuelCoin(1))
	huge.Spec.Sink = strings.Repeat("s", 150_000)
	data, err := icatypes.SerializeCosmosTx(n.chains[0].Codec, []proto.Message{huge}, icatypes.EncodingProtobuf)
	require.NoError(t, err)
	for name, raw := range map[string][]byte{
		"garbage":      {0xff, 0xff, 0xff},
		"unknown type": {0x0a, 0x06, 0x0a, 0x04, '/', 'a', '.', 'b'},
		"a huge job":   data,
	} {
		result, err := n.chains[0].SendMsgs(controllerTx(account, time.Hour, raw))
		require.NoError(t, err, name)
		packet, err := ibctesting.ParseV1PacketFromEvents(result.Events)
		require.NoError(t, err)
		ack := account.relay(account.path, packet)
		require.False(t, ack.Success(), name)
		require.Equal(t, before, balance(b, account.address, params.BaseDenom), name)
	}
	ack := account.run(banktypes.NewMsgSend(sdk.MustAccAddressFromBech32(account.address), b.SenderAccount.GetAddress(), sdk.NewCoins(params.TfuelCoin(1))))
	require.True(t, ack.Success(), ack.GetError())
	n.conserved()
}
