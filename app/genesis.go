package app

import (
	"encoding/json"
	"time"

	cmttypes "github.com/cometbft/cometbft/types"
	icatypes "github.com/cosmos/ibc-go/v11/modules/apps/27-interchain-accounts/types"

	"cosmossdk.io/math"

	"github.com/cosmos/cosmos-sdk/codec"
	sdk "github.com/cosmos/cosmos-sdk/types"
	"github.com/cosmos/cosmos-sdk/types/module"
	"github.com/cosmos/cosmos-sdk/x/bank"
	banktypes "github.com/cosmos/cosmos-sdk/x/bank/types"
	"github.com/cosmos/cosmos-sdk/x/epochs"
	epochstypes "github.com/cosmos/cosmos-sdk/x/epochs/types"
	"github.com/cosmos/cosmos-sdk/x/genutil"
	genutiltypes "github.com/cosmos/cosmos-sdk/x/genutil/types"
	"github.com/cosmos/cosmos-sdk/x/gov"
	govtypes "github.com/cosmos/cosmos-sdk/x/gov/types"
	govv1 "github.com/cosmos/cosmos-sdk/x/gov/types/v1"
	"github.com/cosmos/cosmos-sdk/x/mint"
	minttypes "github.com/cosmos/cosmos-sdk/x/mint/types"
	"github.com/cosmos/cosmos-sdk/x/slashing"
	slashingtypes "github.com/cosmos/cosmos-sdk/x/slashing/types"
	stakingtypes "github.com/cosmos/cosmos-sdk/x/staking/types"

	"github.com/thetaedge/theta/app/params"
)

// GenesisState is the app state of a genesis file: one JSON document per module.
type GenesisState map[string]json.RawMessage

const (
	// EdgeEpoch is the x/epochs identifier of the epoch of the edge modules.
	EdgeEpoch = "edge"
	// edgeEpochDuration is the time for which a snapshot of weights is in use.
	edgeEpochDuration = time.Hour
	// blocksPerYear assumes a block every 1.5 seconds.
	blocksPerYear = 365 * 24 * 3600 * 2 / 3
	// maxBlockGas bounds what validators execute per block: roughly 1,000 sends.
	maxBlockGas = 100_000_000
	// maxBlockBytes bounds the encoded size of a block.
	maxBlockBytes = 4 << 20
)

// DefaultGenesis returns the app state of a new chain. It does not need changes before
// accounts and validators are added.
func (app *App) DefaultGenesis() GenesisState {
	return app.BasicModuleManager.DefaultGenesis(app.encoding.Codec)
}

// DefaultConsensusParams returns the consensus params of a new chain. Evidence is accepted
// for as long as a bond can be slashed; vote extensions are off.
func DefaultConsensusParams() *cmttypes.ConsensusParams {
	consensus := cmttypes.DefaultConsensusParams()
	consensus.Block.MaxBytes = maxBlockBytes
	consensus.Block.MaxGas = maxBlockGas
	consensus.Evidence.MaxAgeDuration = stakingtypes.DefaultUnbondingTime
	consensus.Evidence.MaxAgeNumBlocks = int64(stakingtypes.DefaultUnbondingTime / (1500 * time.Millisecond))
	return consensus
}

// genesisDefaults replaces the SDK modules whose default genesis does not suit this chain.
func genesisDefaults() map[string]module.AppModuleBasic {
	return map[string]module.AppModuleBasic{
		genutiltypes.ModuleName:  genutil.NewAppModuleBasic(genutiltypes.DefaultMessageValidator),
		banktypes.ModuleName:     bankBasic{},
		govtypes.ModuleName:      govBasic{AppModuleBasic: gov.NewAppModuleBasic(nil)},
		minttypes.ModuleName:     mintBasic{},
		slashingtypes.ModuleName: slashingBasic{},
		epochstypes.ModuleName:   epochsBasic{},
		icatypes.ModuleName:      icaBasic{},
	}
}

// bankBasic adds denom metadata, which tells wallets how to display the base denom.
type bankBasic struct{ bank.AppModuleBasic }

// DefaultGenesis adds the metadata of tfuel.
func (bankBasic) DefaultGenesis(cdc codec.JSONCodec) json.RawMessage {
	genesis := banktypes.DefaultGenesisState()
	genesis.DenomMetadata = []banktypes.Metadata{{
		Description: "Pays gas, jobs and rewards, and secures and governs the chain.",
		Base:        params.BaseDenom,
		Display:     params.DisplayDenom,
		Name:        "Theta Fuel",
		Symbol:      "TFUEL",
		DenomUnits: []*banktypes.DenomUnit{
			{Denom: params.BaseDenom, Exponent: 0},
			{Denom: params.DisplayDenom, Exponent: params.DisplayExponent},
		},
	}}
	return cdc.MustMarshalJSON(genesis)
}

// govBasic requires deposits that make spam expensive.
type govBasic struct{ gov.AppModuleBasic }

// DefaultGenesis sets the deposit to 1,000 tfuel, and to 5,000 tfuel for expedited proposals.
func (govBasic) DefaultGenesis(cdc codec.JSONCodec) json.RawMessage {
	genesis := govv1.DefaultGenesisState()
	genesis.Params.MinDeposit = sdk.NewCoins(params.TfuelCoin(1_000))
	genesis.Params.ExpeditedMinDeposit = sdk.NewCoins(params.TfuelCoin(5_000))
	return cdc.MustMarshalJSON(genesis)
}

// mintBasic mints nothing by itself: x/rewards decides what is minted.
type mintBasic struct{ mint.AppModuleBasic }

// DefaultGenesis shows no inflation before the first block, and the bond denom. The other
// parameters have no effect.
func (mintBasic) DefaultGenesis(cdc codec.JSONCodec) json.RawMessage {
	genesis := minttypes.DefaultGenesisState()
	genesis.Params.MintDenom = params.BaseDenom
	genesis.Params.BlocksPerYear = blocksPerYear
	genesis.Params.InflationRateChange = math.LegacyZeroDec()
	genesis.Params.InflationMin, genesis.Params.InflationMax = math.LegacyZeroDec(), math.LegacyZeroDec()
	genesis.Minter = minttypes.InitialMinter(math.LegacyZeroDec())
	return cdc.MustMarshalJSON(genesis)
}

// slashingBasic gives a validator time to restart: here, the SDK's window of 100 blocks would
// be shorter than three minutes.
type slashingBasic struct{ slashing.AppModuleBasic }

// DefaultGenesis measures liveness over 10,000 blocks, about four hours.
func (slashingBasic) DefaultGenesis(cdc codec.JSONCodec) json.RawMessage {
	genesis := slashingtypes.DefaultGenesisState()
	genesis.Params.SignedBlocksWindow = 10_000
	genesis.Params.MinSignedPerWindow = math.LegacyNewDecWithPrec(5, 1)
	return cdc.MustMarshalJSON(genesis)
}

// epochsBasic adds the epoch of the edge modules.
type epochsBasic struct{ epochs.AppModule }

// DefaultGenesis keeps the SDK's epochs and adds the edge epoch of one hour.
func (epochsBasic) DefaultGenesis(cdc codec.JSONCodec) json.RawMessage {
	genesis := epochstypes.DefaultGenesis()
	genesis.Epochs = append(genesis.Epochs, epochstypes.NewGenesisEpochInfo(EdgeEpoch, edgeEpochDuration))
	return cdc.MustMarshalJSON(genesis)
}
