package app_test

import (
	"encoding/json"
	stdmath "math"
	"testing"

	"github.com/stretchr/testify/require"
	protov2 "google.golang.org/protobuf/proto"

	bankv1beta1 "cosmossdk.io/api/cosmos/bank/v1beta1"
	basev1beta1 "cosmossdk.io/api/cosmos/base/v1beta1"
	"cosmossdk.io/math"

	"github.com/cosmos/cosmos-sdk/baseapp"
	"github.com/cosmos/cosmos-sdk/codec"
	codectypes "github.com/cosmos/cosmos-sdk/codec/types"
	sdk "github.com/cosmos/cosmos-sdk/types"
	sdkerrors "github.com/cosmos/cosmos-sdk/types/errors"
	banktypes "github.com/cosmos/cosmos-sdk/x/bank/types"

	"github.com/thetaedge/theta/app/params"
	"github.com/thetaedge/theta/testutil/apptest"
	rewardstypes "github.com/thetaedge/theta/x/rewards/types"
)

func send(chain *apptest.Chain) []sdk.Msg {
	return []sdk.Msg{banktypes.NewMsgSend(chain.Accounts[0].Address, chain.Accounts[1].Address,
		sdk.NewCoins(params.TfuelCoin(1)))}
}

// feeOf sets the smallest fee for a gas limit, changed by delta atfuel.
func feeOf(gas uint64, delta int64) apptest.TxOption {
	return apptest.WithFee(sdk.NewCoin(params.BaseDenom,
		apptest.MinFee(gas).AmountOf(params.BaseDenom).Add(math.NewInt(delta))))
}

func TestBlockRefusesFeeBelowMinimum(t *testing.T) {
	chain := apptest.New(t)
	before := chain.Balance(chain.Accounts[0].Address, params.BaseDenom)

	tx := chain.Sign(chain.Accounts[0], send(chain), apptest.WithGas(200_000), feeOf(200_000, -1))
	result := chain.NextBlock(tx).TxResults[0]

	require.Equal(t, sdkerrors.ErrInsufficientFee.ABCICode(), result.Code, result.Log)
	require.Contains(t, result.Log, "200000000000000atfuel", "the log says what it costs")
	require.Equal(t, before, chain.Balance(chain.Accounts[0].Address, params.BaseDenom), "nothing is taken")
}

// The client passes on what a user typed: the SDK decodes "010" as eight.
func TestATransferOfAnOctalAmountIsRefusedAndMovesNothing(t *testing.T) {
	chain := apptest.New(t)
	for text, fine := range map[string]bool{"10": true, "010": false} {
		from, to := chain.Accounts[0], chain.Accounts[1]
		before := chain.Balance(to.Address, params.BaseDenom)
		message, err := protov2.Marshal(&bankv1beta1.MsgSend{
			FromAddress: from.String(), ToAddress: to.String(), Amount: []*basev1beta1.Coin{{Denom: params.BaseDenom, Amount: text}},
		})
		require.NoError(t, err)
		raw := chain.SignRaw(from, &codectypes.Any{TypeUrl: sdk.MsgTypeURL(&banktypes.MsgSend{}), Value: message})
		require.Equal(t, fine, chain.Check(raw).Code == 0)
		result := chain.NextBlock(raw).TxResults[0]
		require.Equal(t, fine, result.Code == 0, result.Log)
		moved := chain.Balance(to.Address, params.BaseDenom).Sub(before)
		if fine {
			require.Equal(t, "10", moved.String())
			continue
		}
		require.Contains(t, chain.Check(raw).Log, `expected decimal digits without leading zeros, found "010"`)
		require.True(t, moved.IsZero(), moved)
	}
}

func TestMempoolRefusesFeeBelowMinimum(t *testing.T) {
	chain := apptest.New(t)
	tx := chain.Sign(chain.Accounts[0], send(chain), apptest.WithGas(200_000), feeOf(200_000, -1))
	require.Equal(t, sdkerrors.ErrInsufficientFee.ABCICode(), chain.Check(tx).Code)
}

func TestBlockTakesMinimumFee(t *testing.T) {
	chain := apptest.New(t)
	tx := chain.Sign(chain.Accounts[0], send(chain), apptest.WithGas(200_000), feeOf(200_000, 0))
	require.Zero(t, chain.Check(tx).Code)
	result := chain.NextBlock(tx).TxResults[0]
	require.Zero(t, result.Code, result.Log)
}

func TestNodeMayAskMoreInItsMempoolOnly(t *testing.T) {
	chain := apptest.New(t, apptest.WithBaseAppOptions(baseapp.SetMinGasPrices("2000000000atfuel")))
	tx := chain.Sign(chain.Accounts[0], send(chain), apptest.WithGas(200_000), feeOf(200_000, 0))
	require.Equal(t, sdkerrors.ErrInsufficientFee.ABCICode(), chain.Check(tx).Code)
	require.Zero(t, chain.NextBlock(tx).TxResults[0].Code, "a block with it is valid")
}

func TestFeeInAnotherDenomIsRefused(t *testing.T) {
	chain := apptest.New(t, apptest.WithAccounts(2, params.TfuelCoin(10), sdk.NewInt64Coin("uother", 1_000_000)))
	tx := chain.Sign(chain.Accounts[0], send(chain), apptest.WithGas(200_000),
		apptest.WithFee(sdk.NewInt64Coin("uother", 1_000_000)))
	result := chain.NextBlock(tx).TxResults[0]
	require.Equal(t, sdkerrors.ErrInsufficientFee.ABCICode(), result.Code)
	require.Contains(t, result.Log, "fees are paid in atfuel, found 1000000uother")
}

func TestSimulationNeedsNoFee(t *testing.T) {
	chain := apptest.New(t)
	tx := chain.Sign(chain.Accounts[0], send(chain), apptest.WithGas(200_000), feeOf(200_000, -200_000_000_000_000))
	gas, _, err := chain.App.Simulate(tx)
	require.NoError(t, err)
	require.Positive(t, gas.GasUsed)
}

func TestPriorityIsGasPrice(t *testing.T) {
	chain := apptest.New(t)
	tx := chain.Sign(chain.Accounts[0], send(chain), apptest.WithGas(100_000),
		apptest.WithFee(sdk.NewCoin(params.BaseDenom, math.NewInt(5_000_000_000).MulRaw(100_000))))
	decoded, err := chain.App.TxConfig().TxDecoder()(tx)
	require.NoError(t, err)
	_, priority, err := checker(chain)(chain.Ctx(), decoded)
	require.NoError(t, err)
	require.EqualValues(t, 5_000_000_000, priority)
}

// bid is a tx of which only gas and fee matter.
type bid struct {
	sdk.FeeTx
	gas uint64
	fee math.Int
}

func (b bid) GetGas() uint64    { return b.gas }
func (b bid) GetFee() sdk.Coins { return sdk.NewCoins(sdk.NewCoin(params.BaseDenom, b.fee)) }

func TestPriorityOfAnyFeeAndGasCanBeSorted(t *testing.T) {
	chain := apptest.New(t)
	_, priority, err := checker(chain)(chain.Ctx(), bid{gas: 1, fee: math.NewIntWithDecimal(1, 30)})
	require.NoError(t, err)
	require.EqualValues(t, stdmath.MaxInt64, priority)
	_, priority, err = checker(chain)(chain.Ctx(), bid{gas: 0, fee: math.OneInt()})
	require.NoError(t, err)
	require.Zero(t, priority)
}

func TestPartOfAnAtfuelThatANodeAsksIsRoundedUp(t *testing.T) {
	at := func(price int64) uint32 {
		const gas = 200_000
		chain := apptest.New(t, apptest.WithBaseAppOptions(baseapp.SetMinGasPrices("1500000000.5atfuel")))
		return chain.Check(chain.Sign(chain.Accounts[0], send(chain), apptest.WithGas(gas),
			apptest.WithFee(sdk.NewCoin(params.BaseDenom, math.NewInt(price).MulRaw(gas))))).Code
	}
	require.Equal(t, sdkerrors.ErrInsufficientFee.ABCICode(), at(1_500_000_000))
	require.Zero(t, at(1_500_000_001))
}

func TestFeesReachTheCollectorAtEndOfBlock(t *testing.T) {
	chain := apptest.New(t)
	payer := chain.Accounts[0]
	before := chain.Balance(payer.Address, params.BaseDenom)
	tx := chain.Sign(payer, send(chain), apptest.WithGas(200_000))
	require.Zero(t, chain.NextBlock(tx).TxResults[0].Code)

	fee := apptest.MinFee(200_000).AmountOf(params.BaseDenom)
	spent := before.Sub(chain.Balance(payer.Address, params.BaseDenom))
	require.Equal(t, params.Tfuel(1).Add(fee), spent)
	collector := chain.App.AccountKeeper.GetModuleAddress("fee_collector")
	require.True(t, chain.Balance(collector, params.BaseDenom).GTE(fee))
}

func TestMinimumFollowsTheRewardsParams(t *testing.T) {
	chain := apptest.New(t, apptest.WithGenesis(func(cdc codec.Codec, genesis map[string]json.RawMessage) {
		var state rewardstypes.GenesisState
		cdc.MustUnmarshalJSON(genesis[rewardstypes.ModuleName], &state)
		require.Equal(t, math.NewInt(params.DefaultMinGasPrice), state.Params.MinGasPrice,
			"what a new node asks is what a new chain asks")
		state.Params.MinGasPrice = state.Params.MinGasPrice.MulRaw(2)
		genesis[rewardstypes.ModuleName] = cdc.MustMarshalJSON(&state)
	}))
	gas := uint64(200_000)
	old := chain.Sign(chain.Accounts[0], send(chain), apptest.WithGas(gas))
	require.Equal(t, sdkerrors.ErrInsufficientFee.ABCICode(), chain.NextBlock(old).TxResults[0].Code)
	paid := chain.Sign(chain.Accounts[0], send(chain), apptest.WithGas(gas),
		apptest.WithFee(apptest.MinFee(2*gas)...))
	require.Zero(t, chain.NextBlock(paid).TxResults[0].Code)
}
