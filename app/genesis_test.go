package app_test

import (
	"encoding/json"
	"testing"
	"time"

	dbm "github.com/cosmos/cosmos-db"
	"github.com/cosmos/gogoproto/proto"
	"github.com/stretchr/testify/require"

	"cosmossdk.io/log/v2"

	"github.com/cosmos/cosmos-sdk/codec"
	sdk "github.com/cosmos/cosmos-sdk/types"
	banktypes "github.com/cosmos/cosmos-sdk/x/bank/types"
	epochstypes "github.com/cosmos/cosmos-sdk/x/epochs/types"
	govv1 "github.com/cosmos/cosmos-sdk/x/gov/types/v1"
	minttypes "github.com/cosmos/cosmos-sdk/x/mint/types"
	stakingtypes "github.com/cosmos/cosmos-sdk/x/staking/types"

	"github.com/thetaedge/theta/app"
	"github.com/thetaedge/theta/app/params"
	"github.com/thetaedge/theta/testutil/apptest"
)

// checker returns the fee checker of a chain at the default price.
func checker(chain *apptest.Chain) func(sdk.Context, sdk.Tx) (sdk.Coins, int64, error) {
	return app.NewTxFeeChecker(chain.App.PriceSource())
}

func read[T any, P interface {
	*T
	proto.Message
}](t *testing.T, chain *app.App, module string) P {
	t.Helper()
	var state T
	require.NoError(t, chain.AppCodec().UnmarshalJSON(chain.DefaultGenesis()[module], P(&state)))
	return &state
}

func newApp() *app.App {
	return app.New(log.NewNopLogger(), dbm.NewMemDB(), false, emptyOptions{})
}

type emptyOptions struct{}

func (emptyOptions) Get(string) any { return nil }

func TestDefaultGenesisUsesTheBaseDenom(t *testing.T) {
	chain := newApp()
	require.Equal(t, params.BaseDenom, read[stakingtypes.GenesisState](t, chain, "staking").Params.BondDenom)
	require.Equal(t, params.BaseDenom, read[minttypes.GenesisState](t, chain, "mint").Params.MintDenom)
	for module, state := range chain.DefaultGenesis() {
		require.NotContains(t, string(state), `"stake"`, "%s still names the SDK's denom", module)
	}
}

func TestDefaultGenesisAsksDepositsInTfuel(t *testing.T) {
	gov := read[govv1.GenesisState](t, newApp(), "gov").Params
	require.Equal(t, "1000000000000000000000atfuel", sdk.Coins(gov.MinDeposit).String())
	require.Equal(t, "5000000000000000000000atfuel", sdk.Coins(gov.ExpeditedMinDeposit).String())
	require.NoError(t, gov.ValidateBasic())
}

func TestDefaultGenesisDescribesTheDenom(t *testing.T) {
	bank := read[banktypes.GenesisState](t, newApp(), "bank")
	require.Len(t, bank.DenomMetadata, 1)
	require.NoError(t, bank.DenomMetadata[0].Validate())
	require.Equal(t, params.DisplayDenom, bank.DenomMetadata[0].Display)
}

func TestDefaultGenesisHasTheEdgeEpoch(t *testing.T) {
	durations := make(map[string]time.Duration)
	for _, epoch := range read[epochstypes.GenesisState](t, newApp(), "epochs").Epochs {
		durations[epoch.Identifier] = epoch.Duration
	}
	require.Equal(t, time.Hour, durations[app.EdgeEpoch])
	require.Contains(t, durations, "day", "the SDK's epochs stay")
}

func TestPowerIsWholeTfuel(t *testing.T) {
	chain := apptest.New(t)
	powers := make(map[string]int64)
	require.NoError(t, chain.App.StakingKeeper.IterateLastValidatorPowers(chain.Ctx(),
		func(operator sdk.ValAddress, power int64) bool {
			powers[operator.String()] = power
			return false
		}))
	require.Equal(t, map[string]int64{sdk.ValAddress(chain.Validator.Address).String(): 1_000}, powers)
}

func TestDefaultGenesisIsValidForEveryModule(t *testing.T) {
	chain := newApp()
	require.NoError(t, chain.BasicModuleManager.ValidateGenesis(chain.AppCodec(), chain.TxConfig(), chain.DefaultGenesis()))
	require.NoError(t, app.DefaultConsensusParams().ValidateBasic())
}

func TestEveryEscrowIsBlocked(t *testing.T) {
	chain := apptest.New(t)
	for address := range app.BlockedAddresses() {
		to, err := sdk.AccAddressFromBech32(address)
		require.NoError(t, err)
		result := chain.Deliver(chain.Accounts[0],
			banktypes.NewMsgSend(chain.Accounts[0].Address, to, sdk.NewCoins(params.TfuelCoin(1))))
		require.NotZero(t, result.Code, "%s took coins", address)
	}
}

// A genesis exported for height zero starts a chain with the balances of the old one.
func TestExportForZeroHeightStartsAnew(t *testing.T) {
	old := apptest.New(t)
	old.MustDeliver(old.Accounts[0], send(old)...)
	balance := old.Balance(old.Accounts[1].Address, params.BaseDenom)

	exported, err := old.App.ExportAppStateAndValidators(true, nil, nil)
	require.NoError(t, err)
	require.Zero(t, exported.Height)
	require.Len(t, exported.Validators, 1)
	var state map[string]json.RawMessage
	require.NoError(t, json.Unmarshal(exported.AppState, &state))

	anew := apptest.New(t, apptest.WithGenesis(func(_ codec.Codec, genesis map[string]json.RawMessage) {
		for module := range genesis {
			genesis[module] = state[module]
		}
	}))
	require.Equal(t, balance, anew.Balance(anew.Accounts[1].Address, params.BaseDenom))
	anew.MustDeliver(anew.Accounts[0], send(anew)...)
}
