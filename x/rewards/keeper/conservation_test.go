package keeper_test

import (
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"cosmossdk.io/math"

	sdk "github.com/cosmos/cosmos-sdk/types"
	stakingtypes "github.com/cosmos/cosmos-sdk/x/staking/types"

	"github.com/thetaedge/theta/x/rewards/types"
)

// purse is what a model knows about an operator.
type purse struct {
	owed, paid sdk.Coins
	// to is the payout rule: elsewhere, or a validator.
	elsewhere bool
	validator int
}

// TestNoCoinIsMadeOrLostBetweenEscrowAndPayouts makes random rewards, rules, claims and
// collections by honest keys and by thieves, while validators are jailed and slashed. Whatever
// leaves escrow arrives where the operator's rule says, or liquid at the operator.
func TestNoCoinIsMadeOrLostBetweenEscrowAndPayouts(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		f := newFixture(t)
		purses := [3]purse{}
		validators := []string{f.validator(0), f.validator(1)}
		for n := range purses {
			f.nodes.workers[worker(byte(n)).String()], purses[n].validator = operator(byte(n)), -1
		}
		index := rapid.IntRange(0, len(purses)-1)
		pools := func() math.Int {
			return f.held(stakingtypes.BondedPoolName).AmountOf(denom).Add(f.held(stakingtypes.NotBondedPoolName).AmountOf(denom))
		}
		// settle checks that coins arrived, and how much of them was delegated.
		settle := func(t *rapid.T, n int, paid sdk.Coins, delegated math.Int, act func()) {
			recipient := operator(byte(n))
			if purses[n].elsewhere {
				recipient = elsewhere(byte(n))
			}
			before, staked, escrowed := f.bank.GetAllBalances(f.ctx, recipient), pools(), f.held(escrow)
			act()
			require.Equal(t, before.Add(paid...).Sub(sdk.NewCoins(sdk.NewCoin(denom, delegated))...).String(),
				f.bank.GetAllBalances(f.ctx, recipient).String())
			require.Equal(t, staked.Add(delegated).String(), pools().String())
			require.Equal(t, escrowed.Sub(paid...).String(), f.held(escrow).String())
			purses[n].paid, purses[n].owed = purses[n].paid.Add(paid...), nil
		}
		t.Repeat(map[string]func(*rapid.T){
			"reward": func(t *rapid.T) {
				n, name := index.Draw(t, "n"), rapid.SampledFrom([]string{denom, other}).Draw(t, "denom")
				net := f.reward(byte(n), sdk.NewInt64Coin(name, rapid.Int64Range(0, 1_000_000).Draw(t, "amount")))
				purses[n].owed = purses[n].owed.Add(net)
			},
			"rule": func(t *rapid.T) {
				n, to := index.Draw(t, "n"), rapid.IntRange(-2, len(validators)-1).Draw(t, "to")
				address, validator := "", ""
				switch {
				case to == -2:
					address = elsewhere(byte(n)).String()
				case to >= 0:
					validator = validators[to]
				}
				require.NoError(t, f.setPayout(byte(n), address, validator))
				purses[n].elsewhere, purses[n].validator = to == -2, max(to, -1)
			},
			"claim": func(t *rapid.T) {
				n := index.Draw(t, "n")
				if purses[n].owed.Empty() {
					return
				}
				settle(t, n, purses[n].owed, math.ZeroInt(), func() {
					_, err := f.claim(byte(n))
					require.NoError(t, err)
				})
			},
			"collect": func(t *rapid.T) {
				n := index.Draw(t, "n")
				sender := rapid.SampledFrom([]sdk.AccAddress{operator(byte(n)), worker(byte(n))}).Draw(t, "sender")
				if purses[n].owed.Empty() {
					_, err := f.collect(sender, byte(n))
					require.ErrorIs(t, err, types.ErrNothingToClaim)
					return
				}
				delegated := math.ZeroInt()
				if at := purses[n].validator; at >= 0 {
					v, err := f.staking.GetValidator(f.ctx, sdk.ValAddress(operator(200+byte(at))))
					require.NoError(t, err)
					if !v.Jailed && !v.InvalidExRate() {
						delegated = purses[n].owed.AmountOf(denom)
					}
				}
				settle(t, n, purses[n].owed, delegated, func() {
					res, err := f.collect(sender, byte(n))
					require.NoError(t, err)
					require.Equal(t, delegated.String(), res.Delegated.Amount.String())
				})
			},
			"steal": func(t *rapid.T) {
				n, thief := index.Draw(t, "n"), index.Draw(t, "thief")
				if n == thief {
					return
				}
				sender := rapid.SampledFrom([]sdk.AccAddress{operator(byte(thief)), worker(byte(thief)), elsewhere(byte(n))}).Draw(t, "sender")
				_, err := f.collect(sender, byte(n))
				require.ErrorIs(t, err, types.ErrNotCollector)
			},
			"slash": func(t *rapid.T) {
				f.slash(rapid.ByteRange(0, 1).Draw(t, "validator"), rapid.SampledFrom([]int64{1, 50, 100}).Draw(t, "percent"))
			},
			"jail": func(t *rapid.T) {
				v, err := f.staking.GetValidator(f.ctx, sdk.ValAddress(operator(200+rapid.ByteRange(0, 1).Draw(t, "validator"))))
				require.NoError(t, err)
				v.Jailed = !v.Jailed
				require.NoError(t, f.staking.SetValidator(f.ctx, v))
			},
			"block": func(*rapid.T) { f.endBlock() },
			"": func(t *rapid.T) {
				f.requireBacked()
				for n := range purses {
					earned, err := f.keeper.Earnings(f.ctx, operator(byte(n)))
					require.NoError(t, err)
					require.Equal(t, purses[n].owed.String(), earned.String())
					require.Equal(t, purses[n].paid.String(), f.payout(byte(n)).Paid.String())
				}
			},
		})
	})
}
