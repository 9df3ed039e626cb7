package bench

import (
	"encoding/json"
	"fmt"
	"time"

	"cosmossdk.io/math"

	"github.com/cosmos/cosmos-sdk/codec"
	"github.com/cosmos/cosmos-sdk/crypto/keys/ed25519"
	sdk "github.com/cosmos/cosmos-sdk/types"
	authtypes "github.com/cosmos/cosmos-sdk/x/auth/types"
	banktypes "github.com/cosmos/cosmos-sdk/x/bank/types"
	"github.com/cosmos/cosmos-sdk/x/genutil"
	stakingtypes "github.com/cosmos/cosmos-sdk/x/staking/types"

	"github.com/thetaedge/theta/app"
	"github.com/thetaedge/theta/app/params"
	"github.com/thetaedge/theta/x/beacon/bls"
	beacontypes "github.com/thetaedge/theta/x/beacon/types"
)

const (
	// validatorPower is the validator's bond in whole tfuel.
	validatorPower = 1_000
	// beaconSecret is the scalar 42: the beacon of a benchmark does not need a secret.
	beaconSecret = "000000000000000000000000000000000000000000000000000000000000002a"
)

func consensusKey() *ed25519.PrivKey { return ed25519.GenPrivKeyFromSecret([]byte("consensus")) }

func beaconKey() (bls.SecretKey, error) { return bls.ParseSecretKey(beaconSecret) }

// genesisState returns the default genesis with one validator, and with a beacon whose key
// the benchmark holds.
func genesisState(a *app.App, at time.Time) ([]byte, error) {
	genesis := map[string]json.RawMessage(a.DefaultGenesis())
	cdc := a.AppCodec()
	validator := newAccount("validator")

	auth := authtypes.GetGenesisStateFromAppState(cdc, genesis)
	accounts, err := authtypes.PackAccounts(authtypes.GenesisAccounts{
		authtypes.NewBaseAccountWithAddress(validator.address),
	})
	if err != nil {
		return nil, err
	}
	auth.Accounts = accounts
	genesis[authtypes.ModuleName] = cdc.MustMarshalJSON(&auth)

	coins := sdk.NewCoins(params.TfuelCoin(10 * validatorPower))
	bank := banktypes.GetGenesisStateFromAppState(cdc, genesis)
	bank.Balances = append(bank.Balances, banktypes.Balance{Address: validator.text, Coins: coins})
	bank.Supply = coins
	genesis[banktypes.ModuleName] = cdc.MustMarshalJSON(bank)

	if err := setBeacon(cdc, genesis, at); err != nil {
		return nil, err
	}
	if genesis, err = addValidator(a, genesis, validator); err != nil {
		return nil, err
	}
	return json.Marshal(genesis)
}

func setBeacon(cdc codec.Codec, genesis map[string]json.RawMessage, at time.Time) error {
	key, err := beaconKey()
	if err != nil {
		return err
	}
	var state beacontypes.GenesisState
	cdc.MustUnmarshalJSON(genesis[beacontypes.ModuleName], &state)
	state.Params.PublicKey = key.Public().String()
	state.Params.GenesisTime = at.Unix() - 60
	genesis[beacontypes.ModuleName] = cdc.MustMarshalJSON(&state)
	return nil
}

// addValidator adds the transaction that creates the only validator.
func addValidator(
	a *app.App, genesis map[string]json.RawMessage, validator *account,
) (map[string]json.RawMessage, error) {
	operator, err := app.ValidatorAddressCodec().BytesToString(validator.address)
	if err != nil {
		return nil, err
	}
	msg, err := stakingtypes.NewMsgCreateValidator(
		operator, consensusKey().PubKey(), params.TfuelCoin(validatorPower),
		stakingtypes.NewDescription("validator", "", "", "", ""),
		stakingtypes.NewCommissionRates(
			math.LegacyNewDecWithPrec(1, 1), math.LegacyNewDecWithPrec(2, 1), math.LegacyNewDecWithPrec(1, 2)),
		math.OneInt())
	if err != nil {
		return nil, err
	}
	signed, err := validator.sign(1_000_000, msg)
	if err != nil {
		return nil, err
	}
	tx, err := a.TxConfig().TxDecoder()(signed)
	if err != nil {
		return nil, fmt.Errorf("decode the validator's transaction: %w", err)
	}
	return genutil.SetGenTxsInAppGenesisState(a.AppCodec(), a.TxConfig().TxJSONEncoder(), genesis, []sdk.Tx{tx})
}
