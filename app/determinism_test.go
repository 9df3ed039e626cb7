package app_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	sdk "github.com/cosmos/cosmos-sdk/types"
	banktypes "github.com/cosmos/cosmos-sdk/x/bank/types"
	stakingtypes "github.com/cosmos/cosmos-sdk/x/staking/types"

	"github.com/thetaedge/theta/app"
	"github.com/thetaedge/theta/app/params"
	"github.com/thetaedge/theta/testutil/apptest"
	"github.com/thetaedge/theta/testutil/twin"
)

// mixedBlock contains sends, delegations, a tx that fails and a tx that runs out of gas.
func mixedBlock(chain *apptest.Chain, i int) [][]byte {
	operator, err := app.ValidatorAddressCodec().BytesToString(chain.Validator.Address)
	if err != nil {
		panic(err)
	}
	var txs [][]byte
	for j, from := range chain.Accounts {
		to := chain.Accounts[(j+i+1)%len(chain.Accounts)]
		transfer := banktypes.NewMsgSend(from.Address, to.Address, sdk.NewCoins(params.TfuelCoin(int64(i+j+1))))
		delegation := stakingtypes.NewMsgDelegate(from.String(), operator, params.TfuelCoin(int64(j+1)))
		txs = append(txs, chain.Sign(from, []sdk.Msg{transfer}), chain.Sign(from, []sdk.Msg{delegation}))
	}
	poor, thirsty := chain.Accounts[0], chain.Accounts[1]
	txs = append(txs,
		chain.Sign(poor, []sdk.Msg{banktypes.NewMsgSend(
			poor.Address, thirsty.Address, sdk.NewCoins(params.TfuelCoin(1_000_000_000)))}),
		chain.Sign(thirsty, []sdk.Msg{banktypes.NewMsgSend(
			thirsty.Address, poor.Address, sdk.NewCoins(params.TfuelCoin(1)))}, apptest.WithGas(60_000)))
	return txs
}

func TestSameBlocksGiveSameAppHash(t *testing.T) {
	const blocks = 6
	leader := twin.Run(t, blocks, mixedBlock, twin.Variants(t, blocks))

	bonded, err := leader.App.StakingKeeper.GetDelegatorBonded(leader.Ctx(), leader.Accounts[2].Address)
	require.NoError(t, err)
	require.Equal(t, params.Tfuel(3*blocks), bonded, "the delegations were really made")
}

func TestSupplyIsKeptByVirtualFees(t *testing.T) {
	chain := apptest.New(t)
	from, to := chain.Accounts[0], chain.Accounts[1]
	chain.MustDeliver(from, banktypes.NewMsgSend(from.Address, to.Address, sdk.NewCoins(params.TfuelCoin(1))))

	total := sdk.NewCoins()
	ctx := chain.Ctx()
	chain.App.BankKeeper.IterateAllBalances(ctx, func(_ sdk.AccAddress, coin sdk.Coin) bool {
		total = total.Add(coin)
		return false
	})
	require.Equal(t, chain.App.BankKeeper.GetSupply(ctx, params.BaseDenom), total[0])
}
