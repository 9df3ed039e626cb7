package apptest

import (
	"encoding/json"

	cmtproto "github.com/cometbft/cometbft/proto/tendermint/types"
	"github.com/stretchr/testify/require"

	"cosmossdk.io/math"

	sdk "github.com/cosmos/cosmos-sdk/types"
	authtypes "github.com/cosmos/cosmos-sdk/x/auth/types"
	banktypes "github.com/cosmos/cosmos-sdk/x/bank/types"
	"github.com/cosmos/cosmos-sdk/x/genutil"
	genutiltypes "github.com/cosmos/cosmos-sdk/x/genutil/types"
	stakingtypes "github.com/cosmos/cosmos-sdk/x/staking/types"

	"github.com/thetaedge/theta/app"
	"github.com/thetaedge/theta/app/params"
)

// consensusParams returns the chain's defaults, changed by the options.
func (c *Chain) consensusParams() *cmtproto.ConsensusParams {
	consensus := app.DefaultConsensusParams()
	for _, change := range c.settings.consensus {
		change(consensus)
	}
	proto := consensus.ToProto()
	return &proto
}

// genesisState returns the chain's default genesis with the accounts, the
// validator's genesis transaction and the test's own changes.
func (c *Chain) genesisState() []byte {
	c.t.Helper()
	genesis := map[string]json.RawMessage(c.App.DefaultGenesis())
	cdc := c.App.AppCodec()

	holders := append([]Account{c.Validator}, c.Accounts...)
	bank := banktypes.GetGenesisStateFromAppState(cdc, genesis)
	accounts := make(authtypes.GenesisAccounts, 0, len(holders))
	for _, holder := range holders {
		accounts = append(accounts, authtypes.NewBaseAccountWithAddress(holder.Address))
		bank.Balances = append(bank.Balances, banktypes.Balance{
			Address: holder.Address.String(), Coins: c.settings.balance,
		})
	}
	bank.Balances[0].Coins = sdk.NewCoins(params.TfuelCoin(10 * c.settings.power))
	for _, balance := range bank.Balances {
		bank.Supply = bank.Supply.Add(balance.Coins...)
	}
	auth := authtypes.GetGenesisStateFromAppState(cdc, genesis)
	packed, err := authtypes.PackAccounts(authtypes.SanitizeGenesisAccounts(accounts))
	require.NoError(c.t, err)
	auth.Accounts = packed
	genesis[authtypes.ModuleName] = cdc.MustMarshalJSON(&auth)
	genesis[banktypes.ModuleName] = cdc.MustMarshalJSON(bank)
	genesis[genutiltypes.ModuleName] = c.genesisTxs(genesis)[genutiltypes.ModuleName]

	for _, change := range c.settings.changes {
		change(cdc, genesis)
	}
	state, err := json.Marshal(genesis)
	require.NoError(c.t, err)
	return state
}

// genesisTxs adds the tx that creates the validator.
func (c *Chain) genesisTxs(genesis map[string]json.RawMessage) map[string]json.RawMessage {
	c.t.Helper()
	operator, err := app.ValidatorAddressCodec().BytesToString(c.Validator.Address)
	require.NoError(c.t, err)
	msg, err := stakingtypes.NewMsgCreateValidator(
		operator, ConsensusKey().PubKey(), params.TfuelCoin(c.settings.power),
		stakingtypes.NewDescription("validator", "", "", "", ""),
		stakingtypes.NewCommissionRates(
			math.LegacyNewDecWithPrec(1, 1), math.LegacyNewDecWithPrec(2, 1), math.LegacyNewDecWithPrec(1, 2)),
		math.OneInt())
	require.NoError(c.t, err)
	tx := c.sign(c.Validator, 0, 0, []sdk.Msg{msg}, txSettings{gas: 1_000_000})
	config := c.App.TxConfig()
	decoded, err := config.TxDecoder()(tx)
	require.NoError(c.t, err)
	state, err := genutil.SetGenTxsInAppGenesisState(
		c.App.AppCodec(), config.TxJSONEncoder(), genesis, []sdk.Tx{decoded})
	require.NoError(c.t, err)
	return state
}
