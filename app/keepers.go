package app

import (
	"github.com/spf13/cast"

	"cosmossdk.io/core/store"
	"cosmossdk.io/log/v2"

	"github.com/cosmos/cosmos-sdk/client/flags"
	"github.com/cosmos/cosmos-sdk/runtime"
	"github.com/cosmos/cosmos-sdk/server"
	servertypes "github.com/cosmos/cosmos-sdk/server/types"
	authkeeper "github.com/cosmos/cosmos-sdk/x/auth/keeper"
	authtypes "github.com/cosmos/cosmos-sdk/x/auth/types"
	authzkeeper "github.com/cosmos/cosmos-sdk/x/authz/keeper"
	bankkeeper "github.com/cosmos/cosmos-sdk/x/bank/keeper"
	banktypes "github.com/cosmos/cosmos-sdk/x/bank/types"
	consensuskeeper "github.com/cosmos/cosmos-sdk/x/consensus/keeper"
	consensustypes "github.com/cosmos/cosmos-sdk/x/consensus/types"
	distrkeeper "github.com/cosmos/cosmos-sdk/x/distribution/keeper"
	distrtypes "github.com/cosmos/cosmos-sdk/x/distribution/types"
	epochskeeper "github.com/cosmos/cosmos-sdk/x/epochs/keeper"
	epochstypes "github.com/cosmos/cosmos-sdk/x/epochs/types"
	evidencekeeper "github.com/cosmos/cosmos-sdk/x/evidence/keeper"
	evidencetypes "github.com/cosmos/cosmos-sdk/x/evidence/types"
	"github.com/cosmos/cosmos-sdk/x/feegrant"
	feegrantkeeper "github.com/cosmos/cosmos-sdk/x/feegrant/keeper"
	govkeeper "github.com/cosmos/cosmos-sdk/x/gov/keeper"
	govtypes "github.com/cosmos/cosmos-sdk/x/gov/types"
	govv1beta1 "github.com/cosmos/cosmos-sdk/x/gov/types/v1beta1"
	mintkeeper "github.com/cosmos/cosmos-sdk/x/mint/keeper"
	minttypes "github.com/cosmos/cosmos-sdk/x/mint/types"
	slashingkeeper "github.com/cosmos/cosmos-sdk/x/slashing/keeper"
	slashingtypes "github.com/cosmos/cosmos-sdk/x/slashing/types"
	stakingkeeper "github.com/cosmos/cosmos-sdk/x/staking/keeper"
	stakingtypes "github.com/cosmos/cosmos-sdk/x/staking/types"
	upgradekeeper "github.com/cosmos/cosmos-sdk/x/upgrade/keeper"
	upgradetypes "github.com/cosmos/cosmos-sdk/x/upgrade/types"

	"github.com/thetaedge/theta/app/params"
	"github.com/thetaedge/theta/app/supply"
	beaconkeeper "github.com/thetaedge/theta/x/beacon/keeper"
	beacontypes "github.com/thetaedge/theta/x/beacon/types"
	computekeeper "github.com/thetaedge/theta/x/compute/keeper"
	computetypes "github.com/thetaedge/theta/x/compute/types"
	edgenodekeeper "github.com/thetaedge/theta/x/edgenode/keeper"
	edgenodetypes "github.com/thetaedge/theta/x/edgenode/types"
	feemarketkeeper "github.com/thetaedge/theta/x/feemarket/keeper"
	feemarkettypes "github.com/thetaedge/theta/x/feemarket/types"
	rewardskeeper "github.com/thetaedge/theta/x/rewards/keeper"
	rewardstypes "github.com/thetaedge/theta/x/rewards/types"
	tallykeeper "github.com/thetaedge/theta/x/tally/keeper"
	tallytypes "github.com/thetaedge/theta/x/tally/types"
)

// Keepers contains the keeper of each module.
type Keepers struct {
	AccountKeeper   authkeeper.AccountKeeper
	BankKeeper      supply.Bank
	StakingKeeper   *stakingkeeper.Keeper
	SlashingKeeper  slashingkeeper.Keeper
	MintKeeper      mintkeeper.Keeper
	DistrKeeper     distrkeeper.Keeper
	GovKeeper       *govkeeper.Keeper
	UpgradeKeeper   *upgradekeeper.Keeper
	ConsensusKeeper consensuskeeper.Keeper
	EvidenceKeeper  evidencekeeper.Keeper
	FeeGrantKeeper  feegrantkeeper.Keeper
	AuthzKeeper     authzkeeper.Keeper
	EpochsKeeper    *epochskeeper.Keeper
	BeaconKeeper    *beaconkeeper.Keeper
	EdgenodeKeeper  *edgenodekeeper.Keeper
	RewardsKeeper   *rewardskeeper.Keeper
	ComputeKeeper   *computekeeper.Keeper
	FeemarketKeeper *feemarketkeeper.Keeper
	TallyKeeper     *tallykeeper.Keeper
	IBCKeepers

	supplyLedger *rewardskeeper.SupplyLedger
}

// Authority returns the address that may change params: the address of x/gov.
func Authority() string {
	return authtypes.NewModuleAddress(govtypes.ModuleName).String()
}

// newKeepers builds the keepers in the order of their dependencies.
func newKeepers(app *App, logger log.Logger, appOpts servertypes.AppOptions) Keepers {
	var k Keepers
	k.addFoundation(app, logger)
	k.addStaking(app)
	k.addGovernance(app, appOpts)
	k.addPermissions(app)
	k.addIBC(app)
	k.addEdge(app)
	k.addTally(app)
	return k
}

func (app *App) kvService(name string) store.KVStoreService {
	return runtime.NewKVStoreService(app.stores.kv[name])
}

// addFoundation builds consensus params, accounts and balances. Bank gets its object store
// before another keeper depends on it: a copy made earlier would lose virtual transfers.
func (k *Keepers) addFoundation(app *App, logger log.Logger) {
	cdc, authority := app.encoding.Codec, Authority()

	k.ConsensusKeeper = consensuskeeper.NewKeeper(
		cdc, app.kvService(consensustypes.StoreKey), authority, runtime.EventService{})
	app.SetParamStore(k.ConsensusKeeper.ParamsStore)

	k.AccountKeeper = authkeeper.NewAccountKeeper(
		cdc, app.kvService(authtypes.StoreKey), authtypes.ProtoBaseAccount, moduleAccountPermissions(),
		AddressCodec(), params.Bech32Prefix, authority)

	bank := bankkeeper.NewBaseKeeper(
		cdc, app.kvService(banktypes.StoreKey), k.AccountKeeper, BlockedAddresses(), authority, logger).
		WithObjStoreKey(app.stores.object[banktypes.ObjectStoreKey])
	k.supplyLedger = rewardskeeper.NewSupplyLedger(app.kvService(rewardstypes.StoreKey), params.BaseDenom)
	k.BankKeeper = supply.NewBank(bank, k.supplyLedger)
}

// addStaking builds the keepers that secure the chain: bonds, inflation, fees, downtime and
// evidence.
func (k *Keepers) addStaking(app *App) {
	cdc, authority := app.encoding.Codec, Authority()

	k.StakingKeeper = stakingkeeper.NewKeeper(
		cdc, app.kvService(stakingtypes.StoreKey), k.AccountKeeper,
		k.BankKeeper.Burning(rewardstypes.SUPPLY_CAUSE_VALIDATOR_SLASHES), authority,
		ValidatorAddressCodec(), ConsensusAddressCodec())
	k.MintKeeper = mintkeeper.NewKeeper(
		cdc, app.kvService(minttypes.StoreKey), k.StakingKeeper, k.AccountKeeper,
		k.BankKeeper.Minting(rewardstypes.SUPPLY_CAUSE_EMISSION), authtypes.FeeCollectorName, authority,
		mintkeeper.WithMintFn(app.emit))
	k.DistrKeeper = distrkeeper.NewKeeper(
		cdc, app.kvService(distrtypes.StoreKey), k.AccountKeeper, newPoolBank(k.BankKeeper), k.StakingKeeper,
		authtypes.FeeCollectorName, authority)
	k.SlashingKeeper = slashingkeeper.NewKeeper(
		cdc, app.encoding.Amino, app.kvService(slashingtypes.StoreKey), k.StakingKeeper, authority)
	k.EvidenceKeeper = *evidencekeeper.NewKeeper(
		cdc, app.kvService(evidencetypes.StoreKey), k.StakingKeeper, k.SlashingKeeper,
		AddressCodec(), runtime.ProvideCometInfoService())
}

// addGovernance builds the keepers of proposals, upgrades and epochs.
func (k *Keepers) addGovernance(app *App, appOpts servertypes.AppOptions) {
	cdc, authority := app.encoding.Codec, Authority()

	skipHeights := make(map[int64]bool)
	for _, height := range cast.ToIntSlice(appOpts.Get(server.FlagUnsafeSkipUpgrades)) {
		skipHeights[int64(height)] = true
	}
	k.UpgradeKeeper = upgradekeeper.NewKeeper(
		skipHeights, app.kvService(upgradetypes.StoreKey), cdc,
		cast.ToString(appOpts.Get(flags.FlagHome)), app.BaseApp, authority)
	k.GovKeeper = govkeeper.NewKeeper(
		cdc, app.kvService(govtypes.StoreKey), k.AccountKeeper,
		k.BankKeeper.Burning(rewardstypes.SUPPLY_CAUSE_PROPOSAL_DEPOSITS), k.DistrKeeper,
		app.MsgServiceRouter(), govtypes.DefaultConfig(), authority,
		app.countVotes)
	// Without a router, a proposal with legacy content panics.
	router := govv1beta1.NewRouter()
	router.AddRoute(govtypes.RouterKey, govv1beta1.ProposalHandler)
	k.GovKeeper.SetLegacyRouter(router)
	epochs := epochskeeper.NewKeeper(app.kvService(epochstypes.StoreKey), cdc)
	k.EpochsKeeper = &epochs
}

// addPermissions builds the keepers that let one account act, or pay, for another.
func (k *Keepers) addPermissions(app *App) {
	cdc := app.encoding.Codec
	k.FeeGrantKeeper = feegrantkeeper.NewKeeper(cdc, app.kvService(feegrant.StoreKey), k.AccountKeeper)
	k.AuthzKeeper = authzkeeper.NewKeeper(
		app.kvService(authzkeeper.StoreKey), cdc, app.MsgServiceRouter(), k.AccountKeeper)
}

// addEdge builds the keepers of the compute market: randomness, nodes, rewards and jobs.
// Rewards are owed from the escrow of x/compute.
func (k *Keepers) addEdge(app *App) {
	cdc, authority := app.encoding.Codec, Authority()
	k.BeaconKeeper = beaconkeeper.NewKeeper(
		cdc, app.kvService(beacontypes.StoreKey), AddressCodec(), k.BankKeeper,
		authtypes.FeeCollectorName, params.BaseDenom, authority)
	k.EdgenodeKeeper = edgenodekeeper.NewKeeper(
		cdc, app.kvService(edgenodetypes.StoreKey), AddressCodec(),
		k.BankKeeper.Burning(rewardstypes.SUPPLY_CAUSE_NODE_FAULTS), k.DistrKeeper, authority)
	k.RewardsKeeper = rewardskeeper.NewKeeper(
		cdc, app.kvService(rewardstypes.StoreKey),
		runtime.NewTransientStoreService(app.stores.transient[rewardstypes.TStoreKey]),
		rewardskeeper.Addresses{Accounts: AddressCodec(), Validators: ValidatorAddressCodec()},
		rewardskeeper.Others{
			Accounts:  k.AccountKeeper,
			Bank:      k.BankKeeper.Minting(rewardstypes.SUPPLY_CAUSE_GRANTS).Burning(rewardstypes.SUPPLY_CAUSE_REWARD_SHARES),
			Fees:      k.BankKeeper.Burning(rewardstypes.SUPPLY_CAUSE_JOB_FEES),
			Community: k.DistrKeeper, Staking: k.StakingKeeper, Nodes: k.EdgenodeKeeper,
			Epochs: k.EpochsKeeper, Supply: k.supplyLedger,
		},
		authtypes.FeeCollectorName, computetypes.ModuleName, authority)
	k.EpochsKeeper.SetHooks(epochstypes.NewMultiEpochHooks(k.EdgenodeKeeper.Hooks(k.EpochsKeeper), k.RewardsKeeper.Hooks()))
	k.ComputeKeeper = computekeeper.NewKeeper(
		cdc, app.kvService(computetypes.StoreKey),
		runtime.NewTransientStoreService(app.stores.transient[computetypes.TStoreKey]), AddressCodec(),
		k.BankKeeper.Burning(rewardstypes.SUPPLY_CAUSE_JOB_FEES), k.BeaconKeeper, k.EdgenodeKeeper, k.RewardsKeeper, authority)
	k.FeemarketKeeper = feemarketkeeper.NewKeeper(
		cdc, app.kvService(feemarkettypes.StoreKey),
		runtime.NewTransientStoreService(app.stores.transient[feemarkettypes.TStoreKey]),
		k.BankKeeper.Burning(rewardstypes.SUPPLY_CAUSE_BASE_FEES), k.RewardsKeeper, authority)
}

// addTally builds the keeper that counts votes, and connects it with what it counts: votes,
// delegations and bonds.
func (k *Keepers) addTally(app *App) {
	k.TallyKeeper = tallykeeper.NewKeeper(
		app.encoding.Codec, app.kvService(tallytypes.StoreKey), AddressCodec(),
		proposals{k.GovKeeper}, k.StakingKeeper, k.EdgenodeKeeper,
		tallykeeper.Policy{
			StakersMustAccept: stakersMustAccept, Routine: routineMessages(), CheckRoutine: k.checkRoutine, Authority: Authority(),
		})
	k.StakingKeeper.SetHooks(stakingtypes.NewMultiStakingHooks(
		k.DistrKeeper.Hooks(), k.SlashingKeeper.Hooks(), k.TallyKeeper.StakingHooks()))
	k.GovKeeper.SetHooks(k.TallyKeeper.GovHooks())
	k.EdgenodeKeeper.SetHooks(k.TallyKeeper.NodeHooks())
}
