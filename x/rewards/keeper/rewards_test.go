package keeper_test

import (
	"context"
	"fmt"
	"testing"

	"github.com/cosmos/gogoproto/proto"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"cosmossdk.io/collections"
	"cosmossdk.io/math"

	sdk "github.com/cosmos/cosmos-sdk/types"
	sdkerrors "github.com/cosmos/cosmos-sdk/types/errors"
	authtypes "github.com/cosmos/cosmos-sdk/x/auth/types"

	computetypes "github.com/thetaedge/theta/x/compute/types"
	"github.com/thetaedge/theta/x/rewards/types"
)

func TestRewardIsSplitAndMovedAtTheFold(t *testing.T) {
	f := newFixture(t)
	net := f.reward(0, coin(10_000))
	require.Equal(t, coin(8800), net)
	require.Equal(t, "10000"+denom, f.held(escrow).String(), "nothing moves on the hot path")
	f.requireBacked()
	f.endBlock()
	f.endBlock()
	require.Equal(t, "10000"+denom, f.held(escrow).String(), "nor between folds")
	f.requireBacked()
	supply := f.bank.GetSupply(f.ctx, denom)
	f.endBlock()
	require.Equal(t, "8800"+denom, f.held(escrow).String())
	require.Equal(t, "500"+denom, f.held(collector).String())
	require.Equal(t, "200"+denom, f.held(community).String())
	require.Equal(t, coin(500), supply.Sub(f.bank.GetSupply(f.ctx, denom)))
	f.requireEvent(&types.EventFeesMoved{
		Burned: sdk.NewCoins(coin(500)), Stakers: sdk.NewCoins(coin(500)), Community: sdk.NewCoins(coin(200)),
	})
	f.requireBacked()
}

func TestRoundingStaysWithTheExecutor(t *testing.T) {
	f := newFixture(t)
	for gross, want := range map[int64]int64{0: 0, 1: 1, 19: 19, 20: 18, 99: 90, 10_001: 8801} {
		require.Equal(t, coin(want), f.reward(0, coin(gross)), "of %d", gross)
	}
	f.requireBacked()
}

func TestOnlyTheFeeDenomIsBurned(t *testing.T) {
	f := newFixture(t)
	f.reward(0, sdk.NewInt64Coin(other, 10_000))
	supply := f.bank.GetSupply(f.ctx, other)
	for range 3 {
		f.endBlock()
	}
	require.Equal(t, supply, f.bank.GetSupply(f.ctx, other))
	require.Equal(t, "700"+other, f.held(community).String())
	require.Equal(t, "500"+other, f.held(collector).String())
	f.requireBacked()
}

// TestWhatNobodyHasEarnedIsBurnedOnlyInTheFeeDenom: other denoms reach the community pool whole.
func TestWhatNobodyHasEarnedIsBurnedOnlyInTheFeeDenom(t *testing.T) {
	f := newFixture(t)
	f.escrowed(coin(70))
	f.escrowed(sdk.NewInt64Coin(other, 90))
	supply, minted := f.bank.GetSupply(f.ctx, other), f.bank.GetSupply(f.ctx, denom).Amount
	for _, c := range []sdk.Coin{coin(70), coin(0), sdk.NewInt64Coin(other, 40), sdk.NewInt64Coin(other, 50), sdk.NewInt64Coin(other, 0)} {
		require.NoError(t, f.keeper.Discard(f.ctx, operator(7), c))
	}
	require.Equal(t, minted.SubRaw(70).String(), f.bank.GetSupply(f.ctx, denom).Amount.String(), "burned at once")
	f.requireBacked()
	for range 3 {
		f.endBlock()
	}
	require.Equal(t, supply, f.bank.GetSupply(f.ctx, other))
	require.Equal(t, "90"+other, f.held(community).String())
	f.requireBacked()
	earned, err := f.keeper.Earnings(f.ctx, operator(7))
	require.NoError(t, err)
	require.True(t, earned.Empty())
	require.ErrorIs(t, f.keeper.Discard(f.ctx, operator(7), sdk.Coin{Denom: other, Amount: math.NewInt(-1)}), types.ErrInvalidCoin)
	require.ErrorIs(t, f.keeper.Discard(f.ctx, operator(7), sdk.NewCoin(other, math.NewIntWithDecimal(1, 60))), types.ErrInvalidCoin)
}

func TestShareIsCreditedWhole(t *testing.T) {
	f := newFixture(t)
	f.escrowed(coin(77))
	require.NoError(t, f.keeper.CreditShare(f.ctx, operator(0), coin(77), from(computetypes.CREDIT_SOURCE_HONEST_SHARES, 1)))
	require.NoError(t, f.keeper.CreditShare(f.ctx, operator(0), coin(0), from(computetypes.CREDIT_SOURCE_HONEST_SHARES, 1)))
	earned, err := f.keeper.Earnings(f.ctx, operator(0))
	require.NoError(t, err)
	require.Equal(t, sdk.NewCoins(coin(77)), earned)
	f.requireBacked()
}

func TestCreditsRefuseBadCoins(t *testing.T) {
	f := newFixture(t)
	bad := map[string]sdk.Coin{
		"no amount": {Denom: denom},
		"negative":  {Denom: denom, Amount: math.NewInt(-1)},
		"denom":     {Denom: "!", Amount: math.OneInt()},
		"too large": {Denom: denom, Amount: math.NewIntWithDecimal(1, 60)},
	}
	for name, c := range bad {
		_, err := f.keeper.CreditReward(f.ctx, operator(0), c, from(computetypes.CREDIT_SOURCE_JOBS, 1))
		require.ErrorIs(t, err, types.ErrInvalidCoin, name)
		require.ErrorIs(t, f.keeper.CreditShare(f.ctx, operator(0), c, from(computetypes.CREDIT_SOURCE_HONEST_SHARES, 1)), types.ErrInvalidCoin, name)
	}
	f.requireBacked()
}

func TestClaimPaysOnce(t *testing.T) {
	f := newFixture(t)
	f.reward(0, coin(10_000))
	f.reward(0, sdk.NewInt64Coin(other, 10_000))
	f.reward(1, coin(10_000))

	paid, err := f.claim(0, other)
	require.NoError(t, err)
	require.Equal(t, "8800"+other, paid.String())
	paid, err = f.claim(0)
	require.NoError(t, err)
	require.Equal(t, "8800"+denom, paid.String())
	require.Equal(t, "8800"+denom+",8800"+other, f.bank.GetAllBalances(f.ctx, operator(0)).String())
	f.requireEvent(&types.EventClaimed{Operator: operator(0).String(), Recipient: operator(0).String(), Amount: sdk.NewCoins(coin(8800))})

	_, err = f.claim(0)
	require.ErrorIs(t, err, types.ErrNothingToClaim)
	_, err = f.claim(1, other)
	require.ErrorIs(t, err, types.ErrNothingToClaim)
	f.requireBacked()
}

func TestClaimRefusesBadDenoms(t *testing.T) {
	f := newFixture(t)
	f.reward(0, coin(10_000))
	many := make([]string, types.MaxClaimDenoms+1)
	for i := range many {
		many[i] = fmt.Sprintf("denom%d", i)
	}
	for name, denoms := range map[string][]string{"too many": many, "malformed": {"!"}, "twice": {denom, denom}} {
		_, err := f.claim(0, denoms...)
		require.ErrorIs(t, err, types.ErrInvalidDenoms, name)
	}
	_, err := f.msgs.Claim(f.ctx, &types.MsgClaim{Operator: "theta1"})
	require.ErrorIs(t, err, types.ErrInvalidAddress)
	f.requireBacked()
}

func TestClaimWithoutDenomsTakesABoundedNumber(t *testing.T) {
	f := newFixture(t)
	for i := range types.MaxClaimDenoms + 3 {
		f.reward(0, sdk.NewInt64Coin(fmt.Sprintf("token%02d", i), 100))
	}
	paid, err := f.claim(0)
	require.NoError(t, err)
	require.Len(t, paid, types.MaxClaimDenoms)
	paid, err = f.claim(0)
	require.NoError(t, err)
	require.Len(t, paid, 3)
	f.requireBacked()
}

func TestShareThatCannotMoveStaysPendingAndHaltsNothing(t *testing.T) {
	f := newFixture(t)
	failing := true
	f.bank.AppendSendRestriction(func(_ context.Context, _, to sdk.AccAddress, coins sdk.Coins) (sdk.AccAddress, error) {
		if failing && coins.AmountOf(other).IsPositive() && to.Equals(authtypes.NewModuleAddress(collector)) {
			panic("send restriction")
		}
		return to, nil
	})
	f.reward(0, sdk.NewInt64Coin(other, 10_000))
	f.reward(0, coin(10_000))
	for range 3 {
		f.endBlock()
	}
	require.Equal(t, "500"+denom, f.held(collector).String())
	f.requireBacked()
	failing = false
	for range 3 {
		f.endBlock()
	}
	require.Equal(t, "500"+denom+",500"+other, f.held(collector).String())
	f.requireBacked()
}

func TestGenesisRoundTrip(t *testing.T) {
	f := newFixture(t)
	f.reward(0, coin(10_000))
	f.reward(0, sdk.NewInt64Coin(other, 10_000))
	f.reward(1, coin(10_000))
	f.endBlock()
	exported, err := f.keeper.ExportGenesis(f.ctx)
	require.NoError(t, err)
	require.NoError(t, exported.Validate())
	require.Equal(t, f.held(escrow).String(), exported.EscrowBalance().String())

	fresh := newFixture(t)
	fresh.takeSupplyOf(f)
	require.NoError(t, fresh.keeper.InitGenesis(fresh.ctx, *exported))
	again, err := fresh.keeper.ExportGenesis(fresh.ctx)
	require.NoError(t, err)
	require.Equal(t, exported, again)

	exported.Earnings = append(exported.Earnings, exported.Earnings[0])
	require.ErrorIs(t, exported.Validate(), types.ErrInvalidGenesis)
	again.Earnings[0].Amount = sdk.Coins{{Denom: denom}}
	require.ErrorIs(t, again.Validate(), types.ErrInvalidGenesis)
}

func TestQueriesShowEarningsAndSplit(t *testing.T) {
	f := newFixture(t)
	f.reward(0, coin(10_000))
	earned, err := f.queries.Earnings(f.ctx, &types.QueryEarningsRequest{Operator: operator(0).String()})
	require.NoError(t, err)
	require.Equal(t, sdk.NewCoins(coin(8800)), earned.Amount)
	_, err = f.queries.Earnings(f.ctx, nil)
	require.ErrorContains(t, err, "invalid address")

	split, err := f.queries.Split(f.ctx, &types.QuerySplitRequest{Amount: "10000" + denom})
	require.NoError(t, err)
	require.Equal(t, []sdk.Coin{coin(8800), coin(500), coin(500), coin(200)},
		[]sdk.Coin{split.Executor, split.Burn, split.Stakers, split.Community})
	for _, bad := range []string{"", "x", "-5atfuel"} {
		_, err = f.queries.Split(f.ctx, &types.QuerySplitRequest{Amount: bad})
		require.ErrorContains(t, err, "expected a coin", bad)
	}
}

func TestUpdateParamsIsForTheAuthority(t *testing.T) {
	f := newFixture(t)
	changed := types.DefaultParams()
	changed.MinGasPrice = math.NewInt(7)
	_, err := f.msgs.UpdateParams(f.ctx, &types.MsgUpdateParams{Authority: operator(0).String(), Params: changed})
	require.ErrorIs(t, err, sdkerrors.ErrUnauthorized)
	_, err = f.msgs.UpdateParams(f.ctx, &types.MsgUpdateParams{Authority: authority()})
	require.ErrorIs(t, err, types.ErrInvalidParams)
	_, err = f.msgs.UpdateParams(f.ctx, &types.MsgUpdateParams{Authority: authority(), Params: changed})
	require.NoError(t, err)
	price, err := f.keeper.MinGasPrice(f.ctx)
	require.NoError(t, err)
	require.Equal(t, int64(7), price.Int64())
	feeDenom, err := f.keeper.FeeDenom(f.ctx)
	require.NoError(t, err)
	require.Equal(t, denom, feeDenom)
}

// Gas is paid in the denom of the chain. Under another fee_denom, fees above the floor would not be
// burned, and the burned share of a voucher would be lost.
func TestFeeDenomIsTheDenomOfTheChain(t *testing.T) {
	f := newFixture(t)
	for _, name := range []string{other, "ibc/27394FB092D2ECCD56123C74F36E4C1F926001CEADA9CA97EA622B25F41E5EB2"} {
		changed := types.DefaultParams()
		changed.FeeDenom = name
		_, err := f.msgs.UpdateParams(f.ctx, &types.MsgUpdateParams{Authority: authority(), Params: changed})
		require.ErrorIs(t, err, types.ErrInvalidParams)
		require.ErrorContains(t, err, "expected atfuel")
		genesis := types.DefaultGenesis()
		genesis.Params.FeeDenom = name
		require.ErrorIs(t, f.keeper.InitGenesis(f.ctx, *genesis), types.ErrInvalidGenesis)
	}
	feeDenom, err := f.keeper.FeeDenom(f.ctx)
	require.NoError(t, err)
	require.Equal(t, denom, feeDenom)
}

// TestEscrowBacksTheLedgerAfterEveryStep makes random settlements, claims and blocks, and
// compares each operator's earnings with a separate sum.
func TestEscrowBacksTheLedgerAfterEveryStep(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		f := newFixture(t)
		owed := [3]sdk.Coins{}
		draw := func(t *rapid.T) (byte, sdk.Coin) {
			name := rapid.SampledFrom([]string{denom, other}).Draw(t, "denom")
			return rapid.ByteRange(0, 2).Draw(t, "operator"), sdk.NewInt64Coin(name, rapid.Int64Range(0, 1_000_000).Draw(t, "amount"))
		}
		t.Repeat(map[string]func(*rapid.T){
			"reward": func(t *rapid.T) {
				n, gross := draw(t)
				g := gross.Amount.Int64()
				net := sdk.NewInt64Coin(gross.Denom, g-g*5/100-g*5/100-g*2/100)
				require.Equal(t, net, f.reward(n, gross))
				owed[n] = owed[n].Add(net)
			},
			"share": func(t *rapid.T) {
				n, c := draw(t)
				f.escrowed(c)
				require.NoError(t, f.keeper.CreditShare(f.ctx, operator(n), c, from(computetypes.CREDIT_SOURCE_HONEST_SHARES, 1)))
				owed[n] = owed[n].Add(c)
			},
			"discard": func(t *rapid.T) {
				n, c := draw(t)
				f.escrowed(c)
				supply := f.bank.GetSupply(f.ctx, other)
				require.NoError(t, f.keeper.Discard(f.ctx, operator(n), c))
				require.Equal(t, supply, f.bank.GetSupply(f.ctx, other), "only the fee denom is burned")
			},
			"claim": func(t *rapid.T) {
				n, _ := draw(t)
				paid, err := f.claim(n)
				if owed[n].Empty() {
					require.ErrorIs(t, err, types.ErrNothingToClaim)
					return
				}
				require.NoError(t, err)
				require.Equal(t, owed[n].String(), paid.String())
				owed[n] = nil
			},
			"block": func(*rapid.T) { f.endBlock() },
			"": func(t *rapid.T) {
				f.requireBacked()
				for n := range owed {
					earned, err := f.keeper.Earnings(f.ctx, operator(byte(n)))
					require.NoError(t, err)
					require.Equal(t, owed[n].String(), earned.String())
				}
			},
		})
	})
}

func TestBlocksSharesCountOnceHoweverLongItsNotesAreKept(t *testing.T) {
	f := newFixture(t)
	f.reward(0, coin(10_000))
	require.NoError(t, f.keeper.EndBlock(f.ctx)) // and the block is not committed
	f.requireBacked()
}

func TestCreditOfNothingLeavesNoEntry(t *testing.T) {
	f := newFixture(t)
	before, err := f.keeper.ExportGenesis(f.ctx)
	require.NoError(t, err)
	require.NoError(t, f.keeper.CreditShare(f.ctx, operator(1), coin(0), from(computetypes.CREDIT_SOURCE_HONEST_SHARES, 1)))
	require.Equal(t, coin(0), f.reward(1, coin(0)))
	after, err := f.keeper.ExportGenesis(f.ctx)
	require.NoError(t, err)
	require.Equal(t, before, after)
	f.requireBacked()
}

func TestNoMoveIsToldOfWhenNothingCouldBeMoved(t *testing.T) {
	f := newFixture(t)
	f.reward(0, sdk.NewInt64Coin(other, 10_000))
	f.bank.AppendSendRestriction(func(context.Context, sdk.AccAddress, sdk.AccAddress, sdk.Coins) (sdk.AccAddress, error) {
		return nil, types.ErrInvalidCoin
	})
	for range 3 {
		f.endBlock()
	}
	for _, event := range f.ctx.EventManager().ABCIEvents() {
		got, err := sdk.ParseTypedEvent(event)
		if err == nil {
			require.NotEqual(t, proto.MessageName(&types.EventFeesMoved{}), proto.MessageName(got))
		}
	}
}

func TestInvariantsFindEntriesOfNothingAndBadShares(t *testing.T) {
	broken := func(f *fixture) error {
		for _, result := range f.keeper.CheckInvariants(f.ctx) {
			if result.Err != nil {
				return result.Err
			}
		}
		return nil
	}
	f := newFixture(t)
	sb := collections.NewSchemaBuilder(f.service)
	earnings := collections.NewMap(sb, types.EarningsPrefix, "earnings",
		collections.PairKeyCodec(sdk.AccAddressKey, collections.StringKey), sdk.IntValue)
	require.NoError(t, broken(f))
	for _, owed := range []int64{0, -1} {
		require.NoError(t, earnings.Set(f.ctx, collections.Join(operator(0), denom), math.NewInt(owed)))
		require.ErrorIs(t, broken(f), types.ErrInvariantBroken)
	}
	require.NoError(t, earnings.Remove(f.ctx, collections.Join(operator(0), denom)))
	require.NoError(t, broken(f))

	bad := types.PendingFees{Burn: sdk.Coins{{Denom: denom, Amount: math.NewInt(-1)}}}
	raw, err := bad.Marshal()
	require.NoError(t, err)
	require.NoError(t, f.service.OpenKVStore(f.ctx).Set(types.PendingPrefix.Bytes(), raw))
	require.ErrorIs(t, broken(f), types.ErrInvariantBroken)
}
