package app

import (
	"encoding/json"
	"time"

	ica "github.com/cosmos/ibc-go/v11/modules/apps/27-interchain-accounts"
	icacontroller "github.com/cosmos/ibc-go/v11/modules/apps/27-interchain-accounts/controller"
	icacontrollerkeeper "github.com/cosmos/ibc-go/v11/modules/apps/27-interchain-accounts/controller/keeper"
	icacontrollertypes "github.com/cosmos/ibc-go/v11/modules/apps/27-interchain-accounts/controller/types"
	icagenesistypes "github.com/cosmos/ibc-go/v11/modules/apps/27-interchain-accounts/genesis/types"
	icahost "github.com/cosmos/ibc-go/v11/modules/apps/27-interchain-accounts/host"
	icahostkeeper "github.com/cosmos/ibc-go/v11/modules/apps/27-interchain-accounts/host/keeper"
	icahosttypes "github.com/cosmos/ibc-go/v11/modules/apps/27-interchain-accounts/host/types"
	icatypes "github.com/cosmos/ibc-go/v11/modules/apps/27-interchain-accounts/types"
	packetforward "github.com/cosmos/ibc-go/v11/modules/apps/packet-forward-middleware"
	packetforwardkeeper "github.com/cosmos/ibc-go/v11/modules/apps/packet-forward-middleware/keeper"
	packetforwardtypes "github.com/cosmos/ibc-go/v11/modules/apps/packet-forward-middleware/types"
	ratelimiting "github.com/cosmos/ibc-go/v11/modules/apps/rate-limiting"
	ratelimitkeeper "github.com/cosmos/ibc-go/v11/modules/apps/rate-limiting/keeper"
	ratelimittypes "github.com/cosmos/ibc-go/v11/modules/apps/rate-limiting/types"
	ratelimitv2 "github.com/cosmos/ibc-go/v11/modules/apps/rate-limiting/v2"
	"github.com/cosmos/ibc-go/v11/modules/apps/transfer"
	transferkeeper "github.com/cosmos/ibc-go/v11/modules/apps/transfer/keeper"
	transfertypes "github.com/cosmos/ibc-go/v11/modules/apps/transfer/types"
	transferv2 "github.com/cosmos/ibc-go/v11/modules/apps/transfer/v2"
	ibc "github.com/cosmos/ibc-go/v11/modules/core"
	clienttypes "github.com/cosmos/ibc-go/v11/modules/core/02-client/types"
	channeltypes "github.com/cosmos/ibc-go/v11/modules/core/04-channel/types"
	channeltypesv2 "github.com/cosmos/ibc-go/v11/modules/core/04-channel/v2/types"
	porttypes "github.com/cosmos/ibc-go/v11/modules/core/05-port/types"
	ibcapi "github.com/cosmos/ibc-go/v11/modules/core/api"
	ibcexported "github.com/cosmos/ibc-go/v11/modules/core/exported"
	ibckeeper "github.com/cosmos/ibc-go/v11/modules/core/keeper"
	ibctm "github.com/cosmos/ibc-go/v11/modules/light-clients/07-tendermint"

	"github.com/cosmos/cosmos-sdk/baseapp"
	"github.com/cosmos/cosmos-sdk/codec"
	sdk "github.com/cosmos/cosmos-sdk/types"
	"github.com/cosmos/cosmos-sdk/types/module"
	"github.com/cosmos/cosmos-sdk/x/authz"
	banktypes "github.com/cosmos/cosmos-sdk/x/bank/types"
	distrtypes "github.com/cosmos/cosmos-sdk/x/distribution/types"
	govv1 "github.com/cosmos/cosmos-sdk/x/gov/types/v1"
	stakingtypes "github.com/cosmos/cosmos-sdk/x/staking/types"

	computetypes "github.com/thetaedge/theta/x/compute/types"
	edgenodetypes "github.com/thetaedge/theta/x/edgenode/types"
	rewardstypes "github.com/thetaedge/theta/x/rewards/types"
)

// forwardTimeout is how long a hop of a forwarded packet may take.
const forwardTimeout = 5 * time.Minute

func ibcStoreKeys() []string {
	return []string{
		ibcexported.StoreKey, transfertypes.StoreKey, icahosttypes.StoreKey, icacontrollertypes.StoreKey,
		packetforwardtypes.StoreKey, ratelimittypes.StoreKey,
	}
}

// interchainMessages are the messages that an account of another chain may send through its account
// on this one. They do what a requester, an operator or a delegator does. Duties of workers are not
// among them, because their price and their place in a block are decided before a tx runs; nor is
// MsgExec, which would carry any other message.
func interchainMessages() []string {
	messages := []sdk.Msg{
		&banktypes.MsgSend{},
		&stakingtypes.MsgDelegate{}, &stakingtypes.MsgUndelegate{}, &stakingtypes.MsgBeginRedelegate{},
		&stakingtypes.MsgCancelUnbondingDelegation{},
		&distrtypes.MsgWithdrawDelegatorReward{}, &distrtypes.MsgSetWithdrawAddress{},
		&govv1.MsgVote{}, &govv1.MsgVoteWeighted{}, &govv1.MsgDeposit{},
		&transfertypes.MsgTransfer{},
		&computetypes.MsgPostJob{}, &computetypes.MsgTopUpJob{}, &computetypes.MsgCancelJob{},
		&computetypes.MsgRedraw{}, &computetypes.MsgRedeliver{}, &computetypes.MsgReview{}, &computetypes.MsgChallenge{},
		&edgenodetypes.MsgRegister{}, &edgenodetypes.MsgUpdate{}, &edgenodetypes.MsgBond{},
		&edgenodetypes.MsgUnbond{}, &edgenodetypes.MsgPause{}, &edgenodetypes.MsgResume{},
		&edgenodetypes.MsgRetire{}, &edgenodetypes.MsgRotateWorker{}, &edgenodetypes.MsgUnjail{},
		&rewardstypes.MsgClaim{}, &rewardstypes.MsgClaimAndDelegate{}, &rewardstypes.MsgClaimAndBond{},
		&rewardstypes.MsgSetPayout{}, &rewardstypes.MsgFundGrant{}, &rewardstypes.MsgWithdrawGrant{},
	}
	urls := make([]string, len(messages))
	for i, message := range messages {
		urls[i] = sdk.MsgTypeURL(message)
	}
	return urls
}

// hostRouter passes on the messages of interchain accounts, except those that no list of governance
// opens to them: duties of workers and rounds of the beacon, because a packet does not pass the checks
// before a transaction that price them; messages of relayers, because a packet would then carry
// packets; and MsgExec, because it would carry any of these.
type hostRouter struct{ all icatypes.MessageRouter }

// Handler returns nil for a message that interchain accounts must not send.
func (r hostRouter) Handler(msg sdk.Msg) baseapp.MsgServiceHandler {
	if kindOf(msg) != notInLane {
		return nil
	}
	switch msg.(type) {
	case *authz.MsgExec, *clienttypes.MsgUpdateClient, *channeltypes.MsgRecvPacket, *channeltypes.MsgAcknowledgement,
		*channeltypes.MsgTimeout, *channeltypes.MsgTimeoutOnClose, *channeltypesv2.MsgRecvPacket,
		*channeltypesv2.MsgAcknowledgement, *channeltypesv2.MsgTimeout:
		return nil
	}
	return r.all.Handler(msg)
}

// icaBasic allows interchain accounts the messages above only.
type icaBasic struct{ ica.AppModuleBasic }

// DefaultGenesis opens the host and the controller; the host's list of messages is not "all".
func (icaBasic) DefaultGenesis(cdc codec.JSONCodec) json.RawMessage {
	genesis := icagenesistypes.DefaultGenesis()
	genesis.HostGenesisState.Params.AllowMessages = interchainMessages()
	return cdc.MustMarshalJSON(genesis)
}

// IBCKeepers are the keepers of what connects this chain to others.
type IBCKeepers struct {
	IBCKeeper           *ibckeeper.Keeper
	TransferKeeper      *transferkeeper.Keeper
	ICAHostKeeper       *icahostkeeper.Keeper
	ICAControllerKeeper *icacontrollerkeeper.Keeper
	ForwardKeeper       *packetforwardkeeper.Keeper
	RateLimitKeeper     *ratelimitkeeper.Keeper

	tendermint ibctm.LightClientModule
}

// addIBC builds the keepers of clients, channels, transfers and interchain accounts. A packet of a
// transfer passes the rate limits, then the middleware that forwards it, then the transfer.
func (k *Keepers) addIBC(app *App) {
	cdc, authority := app.encoding.Codec, Authority()
	k.IBCKeeper = ibckeeper.NewKeeper(cdc, app.kvService(ibcexported.StoreKey), k.UpgradeKeeper, authority)
	k.TransferKeeper = transferkeeper.NewKeeper(cdc, AddressCodec(), app.kvService(transfertypes.StoreKey),
		k.IBCKeeper.ChannelKeeper, app.MsgServiceRouter(), k.AccountKeeper, k.BankKeeper, authority)
	k.RateLimitKeeper = ratelimitkeeper.NewKeeper(cdc, AddressCodec(), app.kvService(ratelimittypes.StoreKey),
		k.IBCKeeper.ChannelKeeper, k.IBCKeeper.ClientKeeper, k.BankKeeper, authority)
	k.ForwardKeeper = packetforwardkeeper.NewKeeper(cdc, AddressCodec(), app.kvService(packetforwardtypes.StoreKey),
		k.TransferKeeper, k.IBCKeeper.ChannelKeeper, k.BankKeeper, authority)
	k.ICAHostKeeper = icahostkeeper.NewKeeper(cdc, app.kvService(icahosttypes.StoreKey), k.IBCKeeper.ChannelKeeper,
		k.AccountKeeper, hostRouter{app.MsgServiceRouter()}, app.GRPCQueryRouter(), authority)
	k.ICAControllerKeeper = icacontrollerkeeper.NewKeeper(cdc, app.kvService(icacontrollertypes.StoreKey),
		k.IBCKeeper.ChannelKeeper, app.MsgServiceRouter(), authority)

	stack := porttypes.NewIBCStackBuilder(k.IBCKeeper.ChannelKeeper).
		Base(transfer.NewIBCModule(k.TransferKeeper)).
		Next(packetforward.NewIBCMiddleware(k.ForwardKeeper, 0, forwardTimeout)).
		Next(ratelimiting.NewIBCMiddleware(k.RateLimitKeeper)).
		Build()
	k.IBCKeeper.SetRouter(porttypes.NewRouter().
		AddRoute(transfertypes.ModuleName, stack).
		AddRoute(icahosttypes.SubModuleName, icahost.NewIBCModule(k.ICAHostKeeper)).
		AddRoute(icacontrollertypes.SubModuleName, icacontroller.NewIBCMiddleware(k.ICAControllerKeeper)))
	k.IBCKeeper.SetRouterV2(ibcapi.NewRouter().AddRoute(transfertypes.PortID,
		ratelimitv2.NewIBCMiddleware(*k.RateLimitKeeper, transferv2.NewIBCModule(k.TransferKeeper),
			k.IBCKeeper.ChannelKeeperV2, k.IBCKeeper.ChannelKeeperV2)))

	k.tendermint = ibctm.NewLightClientModule(cdc, k.IBCKeeper.ClientKeeper.GetStoreProvider())
	k.IBCKeeper.ClientKeeper.AddRoute(ibctm.ModuleName, &k.tendermint)
}

// modules returns the modules of IBC.
//
//nolint:staticcheck // as in App.modules
func (k *IBCKeepers) modules() []module.AppModule {
	return []module.AppModule{
		ibc.NewAppModule(k.IBCKeeper),
		ibctm.NewAppModule(k.tendermint),
		transfer.NewAppModule(k.TransferKeeper),
		ica.NewAppModule(k.ICAControllerKeeper, k.ICAHostKeeper),
		packetforward.NewAppModule(k.ForwardKeeper),
		ratelimiting.NewAppModule(k.RateLimitKeeper),
	}
}
