package app

import (
	icatypes "github.com/cosmos/ibc-go/v11/modules/apps/27-interchain-accounts/types"
	packetforwardtypes "github.com/cosmos/ibc-go/v11/modules/apps/packet-forward-middleware/types"
	ratelimittypes "github.com/cosmos/ibc-go/v11/modules/apps/rate-limiting/types"
	transfertypes "github.com/cosmos/ibc-go/v11/modules/apps/transfer/types"
	ibcexported "github.com/cosmos/ibc-go/v11/modules/core/exported"
	ibctm "github.com/cosmos/ibc-go/v11/modules/light-clients/07-tendermint"

	autocliv1 "cosmossdk.io/api/cosmos/autocli/v1"
	reflectionv1 "cosmossdk.io/api/cosmos/reflection/v1"

	runtimeservices "github.com/cosmos/cosmos-sdk/runtime/services"
	"github.com/cosmos/cosmos-sdk/types/module"
	"github.com/cosmos/cosmos-sdk/x/auth"
	authsims "github.com/cosmos/cosmos-sdk/x/auth/simulation"
	authtypes "github.com/cosmos/cosmos-sdk/x/auth/types"
	"github.com/cosmos/cosmos-sdk/x/auth/vesting"
	vestingtypes "github.com/cosmos/cosmos-sdk/x/auth/vesting/types"
	"github.com/cosmos/cosmos-sdk/x/authz"
	authzmodule "github.com/cosmos/cosmos-sdk/x/authz/module"
	"github.com/cosmos/cosmos-sdk/x/bank"
	banktypes "github.com/cosmos/cosmos-sdk/x/bank/types"
	"github.com/cosmos/cosmos-sdk/x/consensus"
	consensustypes "github.com/cosmos/cosmos-sdk/x/consensus/types"
	distr "github.com/cosmos/cosmos-sdk/x/distribution"
	distrtypes "github.com/cosmos/cosmos-sdk/x/distribution/types"
	"github.com/cosmos/cosmos-sdk/x/epochs"
	epochstypes "github.com/cosmos/cosmos-sdk/x/epochs/types"
	"github.com/cosmos/cosmos-sdk/x/evidence"
	evidencetypes "github.com/cosmos/cosmos-sdk/x/evidence/types"
	"github.com/cosmos/cosmos-sdk/x/feegrant"
	feegrantmodule "github.com/cosmos/cosmos-sdk/x/feegrant/module"
	"github.com/cosmos/cosmos-sdk/x/genutil"
	genutiltypes "github.com/cosmos/cosmos-sdk/x/genutil/types"
	"github.com/cosmos/cosmos-sdk/x/gov"
	govtypes "github.com/cosmos/cosmos-sdk/x/gov/types"
	"github.com/cosmos/cosmos-sdk/x/mint"
	minttypes "github.com/cosmos/cosmos-sdk/x/mint/types"
	"github.com/cosmos/cosmos-sdk/x/slashing"
	slashingtypes "github.com/cosmos/cosmos-sdk/x/slashing/types"
	"github.com/cosmos/cosmos-sdk/x/staking"
	stakingtypes "github.com/cosmos/cosmos-sdk/x/staking/types"
	"github.com/cosmos/cosmos-sdk/x/upgrade"
	upgradetypes "github.com/cosmos/cosmos-sdk/x/upgrade/types"

	"github.com/thetaedge/theta/x/beacon"
	beacontypes "github.com/thetaedge/theta/x/beacon/types"
	"github.com/thetaedge/theta/x/compute"
	computetypes "github.com/thetaedge/theta/x/compute/types"
	"github.com/thetaedge/theta/x/edgenode"
	edgenodetypes "github.com/thetaedge/theta/x/edgenode/types"
	"github.com/thetaedge/theta/x/feemarket"
	feemarkettypes "github.com/thetaedge/theta/x/feemarket/types"
	"github.com/thetaedge/theta/x/rewards"
	rewardstypes "github.com/thetaedge/theta/x/rewards/types"
	"github.com/thetaedge/theta/x/tally"
	tallytypes "github.com/thetaedge/theta/x/tally/types"
)

// setModules gives the app its modules, their order in a block and their services.
func (app *App) setModules() {
	app.ModuleManager = module.NewManager(app.modules()...)
	app.BasicModuleManager = module.NewBasicManagerFromManager(app.ModuleManager, genesisDefaults())
	app.BasicModuleManager.RegisterLegacyAminoCodec(app.encoding.Amino)
	app.BasicModuleManager.RegisterInterfaces(app.encoding.InterfaceRegistry)
	app.setOrder()

	app.configurator = module.NewConfigurator(
		app.encoding.Codec, app.MsgServiceRouter(), app.GRPCQueryRouter())
	if err := app.ModuleManager.RegisterServices(app.configurator); err != nil {
		panic(err)
	}
	app.registerReflection()
}

//nolint:staticcheck // the manager takes this type; the SDK's own modules have no other in common
func (app *App) modules() []module.AppModule {
	cdc, registry := app.encoding.Codec, app.encoding.InterfaceRegistry
	k := app.Keepers
	return append([]module.AppModule{
		genutil.NewAppModule(k.AccountKeeper, k.StakingKeeper, app, app.encoding.TxConfig),
		auth.NewAppModule(cdc, k.AccountKeeper, authsims.RandomGenesisAccounts, nil),
		vesting.NewAppModule(k.AccountKeeper, k.BankKeeper),
		bank.NewAppModule(cdc, k.BankKeeper.BaseKeeper, k.AccountKeeper, nil),
		staking.NewAppModule(cdc, k.StakingKeeper, k.AccountKeeper, k.BankKeeper, nil),
		slashing.NewAppModule(cdc, k.SlashingKeeper, k.AccountKeeper, k.BankKeeper, k.StakingKeeper, nil, registry),
		distr.NewAppModule(cdc, k.DistrKeeper, k.AccountKeeper, k.BankKeeper, k.StakingKeeper, nil),
		mintModule{mint.NewAppModule(cdc, k.MintKeeper, k.AccountKeeper, nil, nil), k.MintKeeper},
		gov.NewAppModule(cdc, k.GovKeeper, k.AccountKeeper, k.BankKeeper, nil),
		consensus.NewAppModule(cdc, k.ConsensusKeeper),
		upgrade.NewAppModule(k.UpgradeKeeper, AddressCodec()),
		evidence.NewAppModule(k.EvidenceKeeper),
		feegrantmodule.NewAppModule(cdc, k.AccountKeeper, k.BankKeeper, k.FeeGrantKeeper, registry),
		authzmodule.NewAppModule(cdc, k.AuthzKeeper, k.AccountKeeper, k.BankKeeper, registry),
		epochs.NewAppModule(k.EpochsKeeper),
		beacon.NewAppModule(k.BeaconKeeper),
		edgenode.NewAppModule(k.EdgenodeKeeper),
		rewards.NewAppModule(k.RewardsKeeper),
		compute.NewAppModule(k.ComputeKeeper),
		feemarket.NewAppModule(k.FeemarketKeeper),
		tally.NewAppModule(k.TallyKeeper),
	}, k.IBCKeepers.modules()...)
}

// setOrder sets the order in which the modules run within a block.
func (app *App) setOrder() {
	app.ModuleManager.SetOrderPreBlockers(upgradetypes.ModuleName, authtypes.ModuleName)

	// Inflation and fees are paid out before anything in the new block can change which
	// validators are bonded. Downtime and evidence are judged against the set of the last
	// block.
	app.ModuleManager.SetOrderBeginBlockers(
		minttypes.ModuleName, distrtypes.ModuleName, slashingtypes.ModuleName, evidencetypes.ModuleName,
		stakingtypes.ModuleName, authz.ModuleName, beacontypes.ModuleName, epochstypes.ModuleName,
		ibcexported.ModuleName, ratelimittypes.ModuleName,
	)

	// Bank runs first: it credits the block's virtual transfers, which later modules may
	// spend. Then gov, whose proposals may post or settle jobs; then the jobs; and then
	// rewards, after everything that earns in this block. Tally removes the ballots of votings that
	// gov has ended. The price of the next block comes last and takes into account what governance
	// changed in this one.
	app.ModuleManager.SetOrderEndBlockers(
		banktypes.ModuleName, govtypes.ModuleName, beacontypes.ModuleName, computetypes.ModuleName,
		edgenodetypes.ModuleName, rewardstypes.ModuleName, stakingtypes.ModuleName, feegrant.ModuleName,
		tallytypes.ModuleName, feemarkettypes.ModuleName,
	)

	// Tally counts the votes of gov by staking and edgenode. Genutil comes after staking and after
	// the balances that its transactions bond.
	order := []string{
		authtypes.ModuleName, banktypes.ModuleName, distrtypes.ModuleName, stakingtypes.ModuleName,
		slashingtypes.ModuleName, govtypes.ModuleName, minttypes.ModuleName, evidencetypes.ModuleName,
		authz.ModuleName, feegrant.ModuleName, upgradetypes.ModuleName, vestingtypes.ModuleName,
		consensustypes.ModuleName, epochstypes.ModuleName,
		beacontypes.ModuleName, edgenodetypes.ModuleName, rewardstypes.ModuleName, computetypes.ModuleName,
		feemarkettypes.ModuleName, tallytypes.ModuleName,
		ibcexported.ModuleName, ibctm.ModuleName, transfertypes.ModuleName, icatypes.ModuleName,
		packetforwardtypes.ModuleName, ratelimittypes.ModuleName, genutiltypes.ModuleName,
	}
	app.ModuleManager.SetOrderInitGenesis(order...)
	app.ModuleManager.SetOrderExportGenesis(order...)
}

// registerReflection lets clients query a running node for its commands and its proto
// descriptors.
func (app *App) registerReflection() {
	autocliv1.RegisterQueryServer(app.GRPCQueryRouter(),
		runtimeservices.NewAutoCLIQueryService(app.ModuleManager.Modules))
	reflection, err := runtimeservices.NewReflectionService()
	if err != nil {
		panic(err)
	}
	reflectionv1.RegisterReflectionServiceServer(app.GRPCQueryRouter(), reflection)
}
