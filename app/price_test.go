package app_test

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"

	"cosmossdk.io/math"

	"github.com/cosmos/cosmos-sdk/codec"
	sdk "github.com/cosmos/cosmos-sdk/types"
	sdkerrors "github.com/cosmos/cosmos-sdk/types/errors"
	banktypes "github.com/cosmos/cosmos-sdk/x/bank/types"

	"github.com/thetaedge/theta/app/params"
	"github.com/thetaedge/theta/testutil/apptest"
	"github.com/thetaedge/theta/testutil/edge"
	"github.com/thetaedge/theta/testutil/twin"
	feemarkettypes "github.com/thetaedge/theta/x/feemarket/types"
)

const (
	// gasOfTest is the gas of a block in these tests. Three quarters of it are outside of the
	// lane.
	gasOfTest = 20_000_000
	// gasOfTx is a twentieth of a block.
	gasOfTx = 1_000_000
)

// fill returns txs that use all gas of a block outside of the lane.
func fill(chain *apptest.Chain) [][]byte {
	var txs [][]byte
	for range gasOfTest * 3 / 4 / gasOfTx {
		txs = append(txs, chain.Sign(chain.Accounts[0], send(chain), apptest.WithGas(gasOfTx)))
	}
	return txs
}

func prices(t *testing.T, chain *apptest.Chain) (base, floor math.Int) {
	t.Helper()
	base, floor, err := chain.App.PriceSource().Prices(chain.Ctx())
	require.NoError(t, err)
	return base, floor
}

func TestFullBlocksRaiseThePriceAndEmptyOnesLowerIt(t *testing.T) {
	chain := apptest.New(t, smallBlocks(gasOfTest, 1<<20))
	base, floor := prices(t, chain)
	require.Equal(t, floor, base, "a new chain takes the floor")
	for range 5 {
		for _, result := range chain.NextBlock(fill(chain)...).TxResults {
			require.Zero(t, result.Code, result.Log)
		}
		next, _ := prices(t, chain)
		require.Equal(t, base.Add(base.QuoRaw(8)), next)
		base = next
		edge.RequireInvariants(t, chain)
	}
	for base.GT(floor) {
		chain.NextBlock()
		next, _ := prices(t, chain)
		require.True(t, next.LT(base))
		base = next
	}
	edge.RequireInvariants(t, chain)
}

// Coins that an account has spent earlier in a block cannot pay for a later tx in it. Such
// txs do not cost their sender anything, but they fill the block. They must not raise the
// price for others.
func TestWhoCannotPayInTheBlockMovesNoPrice(t *testing.T) {
	chain := apptest.New(t, smallBlocks(gasOfTest, 1<<20))
	payer := chain.Accounts[0]
	all := chain.Balance(payer.Address, params.BaseDenom).Sub(apptest.MinFee(gasOfTx).AmountOf(params.BaseDenom))
	txs := [][]byte{chain.Sign(payer, []sdk.Msg{
		banktypes.NewMsgSend(payer.Address, chain.Accounts[1].Address, sdk.NewCoins(sdk.NewCoin(params.BaseDenom, all))),
	}, apptest.WithGas(gasOfTx))}
	txs = append(txs, fill(chain)[1:]...)
	require.Equal(t, accept, chain.Judge(txs...), "each could pay when the block was proposed")
	results := chain.NextBlock(txs...).TxResults
	require.Zero(t, results[0].Code, results[0].Log)
	for _, result := range results[1:] {
		require.NotZero(t, result.Code, "nothing is left to pay with")
	}
	base, floor := prices(t, chain)
	require.Equal(t, floor, base)
	edge.RequireInvariants(t, chain)
}

func TestABlockRefusesWhatPaysLessThanTheBaseFeeAndSaysThePrice(t *testing.T) {
	chain := apptest.New(t, smallBlocks(gasOfTest, 1<<20))
	chain.NextBlock(fill(chain)...)
	base, _ := prices(t, chain)
	cheap := chain.Sign(chain.Accounts[0], send(chain), apptest.WithGas(gasOfTx), apptest.WithFee(apptest.MinFee(gasOfTx)...))
	checked := chain.Check(cheap)
	require.Equal(t, sdkerrors.ErrInsufficientFee.ABCICode(), checked.Code)
	require.Contains(t, checked.Log, base.String()+"atfuel per gas")
	require.Equal(t, reject, chain.Judge(cheap))
	result := chain.NextBlock(cheap).TxResults[0]
	require.Equal(t, sdkerrors.ErrInsufficientFee.ABCICode(), result.Code)
}

func TestWhatIsPaidAboveTheFloorIsBurnedAndATipIsNot(t *testing.T) {
	chain := apptest.New(t, smallBlocks(gasOfTest, 1<<20))
	for range 3 {
		chain.NextBlock(fill(chain)...)
	}
	base, floor := prices(t, chain)
	payer, tip := chain.Accounts[0], math.NewInt(12_345)
	before := chain.Balance(payer.Address, params.BaseDenom)
	fee := base.MulRaw(gasOfTx).Add(tip)
	result := chain.NextBlock(chain.Sign(payer, send(chain), apptest.WithGas(gasOfTx),
		apptest.WithFee(sdk.NewCoin(params.BaseDenom, fee))))
	require.Zero(t, result.TxResults[0].Code, result.TxResults[0].Log)
	require.Equal(t, params.Tfuel(1).Add(fee), before.Sub(chain.Balance(payer.Address, params.BaseDenom)))
	var burned string
	for _, event := range result.Events {
		if event.Type == "theta.feemarket.v1.EventBurned" {
			burned = event.Attributes[0].Value
		}
	}
	require.Contains(t, burned, base.Sub(floor).MulRaw(gasOfTx).String())
	edge.RequireInvariants(t, chain)
}

func TestATxMayAskForAQuarterOfABlock(t *testing.T) {
	chain := apptest.New(t, smallBlocks(gasOfTest, 1<<20))
	most := chain.Sign(chain.Accounts[0], send(chain), apptest.WithGas(gasOfTest/4))
	more := chain.Sign(chain.Accounts[0], send(chain), apptest.WithGas(gasOfTest/4+1))
	require.Zero(t, chain.Check(most).Code)
	require.Equal(t, feemarkettypes.ErrTooMuchGas.ABCICode(), chain.Check(more).Code)
	require.Equal(t, accept, chain.Judge(most))
	require.Equal(t, reject, chain.Judge(most, more))
	results := chain.NextBlock(most, more).TxResults
	require.Zero(t, results[0].Code)
	require.Equal(t, feemarkettypes.ErrTooMuchGas.ABCICode(), results[1].Code)
	require.Contains(t, results[1].Log, "expected at most 5000000, found 5000001")
}

func TestPricesAreTheSameHoweverABlockIsRun(t *testing.T) {
	const blocks = 6
	leader := twin.Run(t, blocks, func(chain *apptest.Chain, i int) [][]byte {
		if i == blocks/2 {
			return nil
		}
		return fill(chain)
	}, twin.Variants(t, blocks), smallBlocks(gasOfTest, 1<<20))
	base, floor := prices(t, leader)
	require.True(t, base.GT(floor))
	edge.RequireInvariants(t, leader)
}

func TestThePriceSurvivesAnExport(t *testing.T) {
	chain := apptest.New(t, smallBlocks(gasOfTest, 1<<20))
	for range 3 {
		chain.NextBlock(fill(chain)...)
	}
	base, _ := prices(t, chain)
	fork := chain.Fork()
	found, _, err := fork.App.PriceSource().Prices(fork.Genesis())
	require.NoError(t, err)
	require.Equal(t, base, found)
}

// A chain that ran before x/feemarket existed does not have its parameters until it is
// upgraded. Until then, all gas of a block is open to every tx, at the floor price.
func TestWithoutParametersThereIsNoLaneAndTheFloorIsThePrice(t *testing.T) {
	chain := apptest.New(t, smallBlocks(gasOfTest, 1<<20), apptest.WithGenesis(func(_ codec.Codec, genesis map[string]json.RawMessage) {
		delete(genesis, feemarkettypes.ModuleName)
	}))
	for range 3 {
		whole := append(fill(chain), fill(chain)[:gasOfTest/gasOfTx/4]...)
		require.Equal(t, accept, chain.Judge(whole...), "no quarter is kept")
		for _, result := range chain.NextBlock(whole...).TxResults {
			require.Zero(t, result.Code, result.Log)
		}
		base, floor := prices(t, chain)
		require.Equal(t, floor, base)
		edge.RequireInvariants(t, chain)
	}
	all := chain.Sign(chain.Accounts[0], send(chain), apptest.WithGas(gasOfTest))
	require.Zero(t, chain.Check(all).Code)
	require.Equal(t, [][]byte{all}, chain.Propose())
	require.Equal(t, accept, chain.Judge(all))
	require.Equal(t, reject, chain.Judge(all, all))
	chain.NextBlock(all)
}
