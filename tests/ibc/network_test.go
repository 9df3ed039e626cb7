// Package ibc_test connects chains of this app with the testing library of ibc-go, and sends packets
// between them.
package ibc_test

import (
	"encoding/json"
	"testing"
	"time"

	abci "github.com/cometbft/cometbft/abci/types"
	dbm "github.com/cosmos/cosmos-db"
	transfertypes "github.com/cosmos/ibc-go/v11/modules/apps/transfer/types"
	clienttypes "github.com/cosmos/ibc-go/v11/modules/core/02-client/types"
	channeltypes "github.com/cosmos/ibc-go/v11/modules/core/04-channel/types"
	ibckeeper "github.com/cosmos/ibc-go/v11/modules/core/keeper"
	ibctesting "github.com/cosmos/ibc-go/v11/testing"
	"github.com/stretchr/testify/require"

	"cosmossdk.io/log/v2"
	"cosmossdk.io/math"

	"github.com/cosmos/cosmos-sdk/baseapp"
	"github.com/cosmos/cosmos-sdk/client"
	simtestutil "github.com/cosmos/cosmos-sdk/testutil/sims"
	sdk "github.com/cosmos/cosmos-sdk/types"
	authtypes "github.com/cosmos/cosmos-sdk/x/auth/types"
	banktypes "github.com/cosmos/cosmos-sdk/x/bank/types"
	stakingtypes "github.com/cosmos/cosmos-sdk/x/staking/types"

	"github.com/thetaedge/theta/app"
	"github.com/thetaedge/theta/app/params"
	"github.com/thetaedge/theta/testutil/edge"
	edgenodetypes "github.com/thetaedge/theta/x/edgenode/types"
	rewardskeeper "github.com/thetaedge/theta/x/rewards/keeper"
	rewardstypes "github.com/thetaedge/theta/x/rewards/types"
)

// testApp is the app as the testing library drives it, with its twin.
type testApp struct {
	*app.App
	twin *twin
}

var _ ibctesting.TestingApp = testApp{}

func (a testApp) GetBaseApp() *baseapp.BaseApp    { return a.BaseApp }
func (a testApp) GetIBCKeeper() *ibckeeper.Keeper { return a.IBCKeeper }
func (a testApp) GetTxConfig() client.TxConfig    { return a.TxConfig() }

// unbondingBlocks is the number of blocks after which a node gets its bond back.
const unbondingBlocks = 100

// began is the time at which the library's chains begin.
var began = time.Date(2020, 1, 2, 0, 0, 0, 0, time.UTC)

// InitChain gives the library's accounts, which have 10 tfuel each, enough to bond nodes, and tells
// the app the time.
func (a testApp) InitChain(request *abci.RequestInitChain) (*abci.ResponseInitChain, error) {
	var genesis app.GenesisState
	if err := json.Unmarshal(request.AppStateBytes, &genesis); err != nil {
		return nil, err
	}
	var bank banktypes.GenesisState
	a.AppCodec().MustUnmarshalJSON(genesis[banktypes.ModuleName], &bank)
	pool := authtypes.NewModuleAddress(stakingtypes.BondedPoolName).String()
	for i, balance := range bank.Balances {
		if balance.Address != pool {
			bank.Balances[i].Coins = balance.Coins.MulInt(math.NewInt(1_000))
		}
	}
	genesis[banktypes.ModuleName] = a.AppCodec().MustMarshalJSON(&bank)
	var err error
	if request.AppStateBytes, err = json.Marshal(genesis); err != nil {
		return nil, err
	}
	request.Time = began
	response, err := a.App.InitChain(request)
	if err == nil {
		a.twin.initChain(request, response)
	}
	return response, err
}

// newTestApp opens apps with a genesis in which gas is free, because the library's transactions pay
// nothing, in which epochs and the unbonding of nodes are short, and with a beacon that tests sign.
func newTestApp(t *testing.T) func() (ibctesting.TestingApp, map[string]json.RawMessage) {
	return func() (ibctesting.TestingApp, map[string]json.RawMessage) { return openTestApp(t) }
}

func openTestApp(t *testing.T) (ibctesting.TestingApp, map[string]json.RawMessage) {
	t.Helper()
	a := app.New(log.NewNopLogger(), dbm.NewMemDB(), true, simtestutil.EmptyAppOptions{})
	genesis := a.DefaultGenesis()
	var rewards rewardstypes.GenesisState
	a.AppCodec().MustUnmarshalJSON(genesis[rewardstypes.ModuleName], &rewards)
	rewards.Params.MinGasPrice = math.ZeroInt()
	genesis[rewardstypes.ModuleName] = a.AppCodec().MustMarshalJSON(&rewards)
	var nodes edgenodetypes.GenesisState
	a.AppCodec().MustUnmarshalJSON(genesis[edgenodetypes.ModuleName], &nodes)
	nodes.Params.UnbondingBlocks = unbondingBlocks
	genesis[edgenodetypes.ModuleName] = a.AppCodec().MustMarshalJSON(&nodes)
	edge.New(t, 0, 0).Adjust(a.AppCodec(), genesis, began)
	return testApp{App: a, twin: follow(t, a)}, genesis
}

// network is some chains of this app, each of which is connected with the next one.
type network struct {
	t      *testing.T
	chains []*ibctesting.TestChain
	paths  []*ibctesting.Path
}

func newNetwork(t *testing.T, chains int) *network {
	t.Helper()
	params.SetSDKDefaults()
	coordinator := ibctesting.NewCustomAppCoordinator(t, chains, newTestApp(t))
	n := &network{t: t}
	for i := range chains {
		n.chains = append(n.chains, coordinator.GetChain(ibctesting.GetChainID(i+1)))
	}
	for i := range chains - 1 {
		path := ibctesting.NewTransferPath(n.chains[i], n.chains[i+1]).DisableUniqueChannelIDs()
		path.Setup()
		n.paths = append(n.paths, path)
	}
	return n
}

func appOf(chain *ibctesting.TestChain) *app.App { return chain.App.(testApp).App }

func address(chain *ibctesting.TestChain) string { return chain.SenderAccount.GetAddress().String() }

func balance(chain *ibctesting.TestChain, account, denom string) math.Int {
	return appOf(chain).BankKeeper.GetBalance(chain.GetContext(), sdk.MustAccAddressFromBech32(account), denom).Amount
}

func tfuelOf(chain *ibctesting.TestChain) math.Int {
	return balance(chain, address(chain), params.BaseDenom)
}

// voucher returns the denom of tfuel on the other end of a path, under the port and channel there.
func voucher(end *ibctesting.Endpoint) string {
	return transfertypes.NewDenom(params.BaseDenom, transfertypes.NewHop(end.ChannelConfig.PortID, end.ChannelID)).IBCDenom()
}

// send sends a coin from one end to an account of the other chain, and returns the packet.
func (n *network) send(from *ibctesting.Endpoint, coin sdk.Coin, receiver, memo string) channeltypes.Packet {
	n.t.Helper()
	packet, err := n.trySend(from, coin, receiver, memo, from.Counterparty.Chain.GetTimeoutHeight())
	require.NoError(n.t, err)
	return packet
}

func (n *network) trySend(
	from *ibctesting.Endpoint, coin sdk.Coin, receiver, memo string, timeout clienttypes.Height,
) (channeltypes.Packet, error) {
	n.t.Helper()
	result, err := from.Chain.SendMsgs(transfertypes.NewMsgTransfer(
		from.ChannelConfig.PortID, from.ChannelID, coin, address(from.Chain), receiver, timeout, 0, memo))
	if err != nil {
		return channeltypes.Packet{}, err
	}
	packet, err := ibctesting.ParseV1PacketFromEvents(result.Events)
	require.NoError(n.t, err)
	return packet, nil
}

// relay relays a packet and its acknowledgement, which it returns.
func (n *network) relay(path *ibctesting.Path, packet channeltypes.Packet) channeltypes.Acknowledgement {
	n.t.Helper()
	_, raw, err := path.RelayPacketWithResults(packet)
	require.NoError(n.t, err)
	return acknowledgement(n.t, raw)
}

func acknowledgement(t *testing.T, raw []byte) channeltypes.Acknowledgement {
	t.Helper()
	var ack channeltypes.Acknowledgement
	require.NoError(t, channeltypes.SubModuleCdc.UnmarshalJSON(raw, &ack))
	return ack
}

// conserved checks on every chain that the ledger accounts for the supply of tfuel, that the invariants
// of all modules hold, and that all balances add up to the supply.
func (n *network) conserved() {
	n.t.Helper()
	for _, chain := range n.chains {
		a, ctx := appOf(chain), chain.GetContext()
		ledger, err := rewardskeeper.NewQueryServer(a.RewardsKeeper).SupplyLedger(ctx, &rewardstypes.QuerySupplyLedgerRequest{})
		require.NoError(n.t, err)
		require.True(n.t, ledger.Conserved, "supply of %s", chain.ChainID)
		edge.RequireInvariantsOf(n.t, a, ctx)
		sums := make(map[string]math.Int)
		a.BankKeeper.IterateAllBalances(ctx, func(_ sdk.AccAddress, coin sdk.Coin) bool {
			if sum, found := sums[coin.Denom]; found {
				coin = coin.AddAmount(sum)
			}
			sums[coin.Denom] = coin.Amount
			return false
		})
		supplies := make(map[string]math.Int)
		a.BankKeeper.IterateTotalSupply(ctx, func(coin sdk.Coin) bool {
			supplies[coin.Denom] = coin.Amount
			return false
		})
		require.Equal(n.t, len(supplies), len(sums), "denoms of %s", chain.ChainID)
		for denom, supply := range supplies {
			require.Equal(n.t, supply.String(), sums[denom].String(), "balances of %s in %s", chain.ChainID, denom)
		}
	}
}
