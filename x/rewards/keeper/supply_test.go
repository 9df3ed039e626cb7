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

func (f *fixture) ledger() *types.QuerySupplyLedgerResponse {
	f.t.Helper()
	res, err := f.queries.SupplyLedger(f.ctx, &types.QuerySupplyLedgerRequest{})
	require.NoError(f.t, err)
	return res
}

func TestTheLedgerNamesTheCauseOfEachMintAndBurn(t *testing.T) {
	f := newFixture(t)
	f.schedule(thousandth())
	f.reward(0, coin(10_000))
	for range 3 {
		f.endBlock()
	}
	f.roll(2)
	f.emit()
	f.slash(0, 100)
	require.NoError(t, f.bank.MintCoins(f.ctx, faucet, sdk.NewCoins(sdk.NewInt64Coin(other, 5))))
	got := f.ledger()
	require.True(t, got.Conserved)
	require.Equal(t, denom, got.Denom)
	require.True(t, got.Genesis.IsZero())
	require.Equal(t, []types.SupplyFlow{
		{Cause: types.SUPPLY_CAUSE_EMISSION, Amount: math.NewInt(1_000_000)},
		{Cause: types.SUPPLY_CAUSE_OTHER, Amount: math.NewInt(selfBond + 10_000)},
	}, got.Flows.Minted, "other denoms are not counted")
	require.Equal(t, []types.SupplyFlow{
		{Cause: types.SUPPLY_CAUSE_REWARD_SHARES, Amount: math.NewInt(500)},
		{Cause: types.SUPPLY_CAUSE_VALIDATOR_SLASHES, Amount: math.NewInt(selfBond)},
	}, got.Flows.Burned)
	require.Equal(t, f.bank.GetSupply(f.ctx, denom).Amount, got.Supply)
}

func TestTheLedgerFindsCoinsThatCameFromNowhere(t *testing.T) {
	f := newFixture(t)
	f.escrowed(coin(10))
	require.NoError(t, f.bank.Supply.Set(f.ctx, denom, math.NewInt(11)))
	require.False(t, f.ledger().Conserved)
	for _, result := range f.keeper.CheckInvariants(f.ctx) {
		if result.Name == "supply" {
			require.ErrorIs(t, result.Err, types.ErrInvariantBroken)
			return
		}
	}
	require.Fail(t, "no such invariant")
}

func TestALedgerIsCarriedOverToAnotherChain(t *testing.T) {
	f := newFixture(t)
	f.schedule(thousandth())
	f.reward(0, coin(10_000))
	f.endBlock()
	f.roll(2)
	f.reward(0, coin(500))
	f.endBlock()
	exported, err := f.keeper.ExportGenesis(f.ctx)
	require.NoError(t, err)
	require.NoError(t, exported.Validate())
	require.Len(t, exported.Epochs, 1)
	require.Positive(t, exported.Emission.Due.Int64(), "what is due is not lost")

	to := newFixture(t)
	to.takeSupplyOf(f)
	require.NoError(t, to.keeper.InitGenesis(to.ctx, *exported))
	again, err := to.keeper.ExportGenesis(to.ctx)
	require.NoError(t, err)
	require.Equal(t, exported, again)
	require.Equal(t, f.ledger(), to.ledger())

	exported.Flows.Minted[0].Amount = exported.Flows.Minted[0].Amount.MulRaw(1_000_000)
	require.ErrorIs(t, to.keeper.InitGenesis(to.ctx, *exported), types.ErrInvalidGenesis)
}

// takeSupplyOf gives x/bank the supply of another chain before the module's genesis is read, as at
// the start of a chain from an exported state.
func (f *fixture) takeSupplyOf(from *fixture) {
	f.t.Helper()
	require.NoError(f.t, f.bank.MintCoins(f.ctx, faucet, sdk.NewCoins(from.bank.GetSupply(from.ctx, denom))))
	f.clearLedger()
}

// clearLedger removes what was counted.
func (f *fixture) clearLedger() {
	f.t.Helper()
	t := f.t
	store := f.service.OpenKVStore(f.ctx)
	iterator, err := store.Iterator(types.MintedPrefix.Bytes(), types.EmissionPrefix.Bytes())
	require.NoError(t, err)
	var keys [][]byte
	for ; iterator.Valid(); iterator.Next() {
		keys = append(keys, iterator.Key())
	}
	require.NoError(t, iterator.Close())
	for _, key := range keys {
		require.NoError(t, store.Delete(key))
	}
}

// economy is what a model knows of the supply.
type economy struct {
	emitted, burned, slashed, given math.Int
	// epoch is the one that runs, counted the last one whose emission the model has counted.
	epoch, counted int64
	yearly, due    math.Int
	owed           [3]sdk.Coins
}

// TestTheSupplyIsConservedAgainstAModel lets epochs pass and be missed, emission change, work be
// paid, earnings be claimed, delegated and bonded, and validators be slashed. The model says what
// was minted and burned for each cause, and emission never lifts the supply above its highest value.
func TestTheSupplyIsConservedAgainstAModel(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		f := newFixture(t)
		zero := math.ZeroInt()
		m := economy{emitted: zero, burned: zero, slashed: zero, given: zero, due: zero, epoch: 1, yearly: thousandth().Yearly}
		f.setEmission(thousandth())
		f.roll(1)
		f.validator(0)
		for n := range m.owed {
			f.register(byte(n))
		}
		m.given = f.bank.GetSupply(f.ctx, denom).Amount
		index := rapid.IntRange(0, len(m.owed)-1)
		t.Repeat(map[string]func(*rapid.T){
			"epochs": func(t *rapid.T) {
				m.epoch += rapid.Int64Range(1, 130).Draw(t, "n")
				f.roll(m.epoch)
				for range min(m.epoch-1-m.counted, 100) {
					m.due = m.due.Add(m.yearly.QuoRaw(365 * 24))
					m.yearly = m.yearly.MulRaw(999).QuoRaw(1000)
					m.counted++
				}
			},
			"block": func(t *rapid.T) {
				params, err := f.keeper.Params(f.ctx)
				require.NoError(t, err)
				staked, err := f.staking.TotalValidatorPower(f.ctx)
				require.NoError(t, err)
				before := f.bank.GetSupply(f.ctx, denom).Amount
				minted := math.NewInt(f.emit())
				want := math.MinInt(m.due, math.MaxInt(params.Emission.MaxSupply.Sub(before), zero))
				if staked.IsZero() {
					want = zero
				}
				require.Equal(t, want.String(), minted.String())
				m.emitted, m.due = m.emitted.Add(minted), zero
				pending, err := f.keeper.PendingTotal(f.ctx)
				require.NoError(t, err)
				supply := f.bank.GetSupply(f.ctx, denom).Amount
				f.endBlock()
				burned := supply.Sub(f.bank.GetSupply(f.ctx, denom).Amount)
				require.True(t, burned.LTE(pending.AmountOf(denom)))
				m.burned = m.burned.Add(burned)
			},
			"schedule": func(t *rapid.T) {
				e := thousandth()
				e.Yearly = e.Yearly.MulRaw(rapid.Int64Range(0, 3).Draw(t, "times"))
				room := rapid.Int64Range(-1_000_000, 5_000_000).Draw(t, "room")
				e.MaxSupply = math.MaxInt(f.bank.GetSupply(f.ctx, denom).Amount.AddRaw(room), math.OneInt())
				params, err := f.keeper.Params(f.ctx)
				require.NoError(t, err)
				if !params.Emission.Yearly.Equal(e.Yearly) {
					m.yearly = e.Yearly
				}
				f.setEmission(e)
			},
			"reward": func(t *rapid.T) {
				n, name := index.Draw(t, "n"), rapid.SampledFrom([]string{denom, other}).Draw(t, "denom")
				gross := sdk.NewInt64Coin(name, rapid.Int64Range(0, 100_000).Draw(t, "amount"))
				m.owed[n] = m.owed[n].Add(f.reward(byte(n), gross))
				if name == denom {
					m.given = m.given.Add(gross.Amount)
				}
			},
			"stake": func(t *rapid.T) {
				n, bond := index.Draw(t, "n"), rapid.Bool().Draw(t, "bond")
				validator, err := f.staking.GetValidator(f.ctx, sdk.ValAddress(operator(200)))
				require.NoError(t, err)
				own, before := m.owed[n].AmountOf(denom), f.bond(byte(n))
				var staked sdk.Coin
				if bond {
					staked, err = f.claimAndBond(byte(n))
				} else {
					staked, err = f.claimAndDelegate(byte(n), validator.OperatorAddress)
				}
				switch {
				case !own.IsPositive():
					require.ErrorIs(t, err, types.ErrNothingToClaim)
					return
				case !bond && (validator.Jailed || validator.InvalidExRate()):
					require.ErrorIs(t, err, types.ErrNotStaked)
					return
				}
				require.NoError(t, err)
				require.Equal(t, own.String(), staked.Amount.String())
				m.owed[n] = m.owed[n].Sub(staked)
				if bond {
					require.Equal(t, before.Add(own).String(), f.bond(byte(n)).String())
				}
			},
			"slash": func(t *rapid.T) {
				before := f.bank.GetSupply(f.ctx, denom).Amount
				f.slash(0, rapid.SampledFrom([]int64{1, 50, 100}).Draw(t, "percent"))
				m.slashed = m.slashed.Add(before.Sub(f.bank.GetSupply(f.ctx, denom).Amount))
			},
			"": func(t *rapid.T) {
				f.requireBacked()
				flows := f.ledger().Flows
				require.Equal(t, m.emitted.String(), flows.MintedBy(types.SUPPLY_CAUSE_EMISSION).String())
				require.Equal(t, m.given.String(), flows.MintedBy(types.SUPPLY_CAUSE_OTHER).String())
				require.Equal(t, m.burned.String(), flows.BurnedBy(types.SUPPLY_CAUSE_REWARD_SHARES).String())
				require.Equal(t, m.slashed.String(), flows.BurnedBy(types.SUPPLY_CAUSE_VALIDATOR_SLASHES).String())
				for n := range m.owed {
					earned, err := f.keeper.Earnings(f.ctx, operator(byte(n)))
					require.NoError(t, err)
					require.Equal(t, m.owed[n].String(), earned.String())
				}
			},
		})
	})
}

// The pools of x/staking are what a slash takes coins from.
func TestAValidatorsSlashIsBurnedOnce(t *testing.T) {
	f := newFixture(t)
	f.validator(0)
	before := f.held(stakingtypes.BondedPoolName)
	f.slash(0, 10)
	burned := before.Sub(f.held(stakingtypes.BondedPoolName)...).AmountOf(denom)
	require.Equal(t, burned, f.ledger().Flows.BurnedBy(types.SUPPLY_CAUSE_VALIDATOR_SLASHES))
}
