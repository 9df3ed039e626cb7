package keeper_test

import (
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"cosmossdk.io/math"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/thetaedge/theta/x/rewards/types"
)

// perEpoch is what the fixture's schedule mints in an hour: a thousandth less after each.
const perEpoch = 1_000_000

// schedule sets the emission, and makes a validator that has staked.
func (f *fixture) schedule(e types.Emission) {
	f.t.Helper()
	f.setEmission(e)
	f.validator(0)
	f.roll(1)
	f.emit()
}

func (f *fixture) setEmission(e types.Emission) {
	f.t.Helper()
	params, err := f.keeper.Params(f.ctx)
	require.NoError(f.t, err)
	params.Emission = e
	f.setParams(params)
}

func (f *fixture) setParams(params types.Params) {
	f.t.Helper()
	_, err := f.msgs.UpdateParams(f.ctx, &types.MsgUpdateParams{Authority: authority(), Params: params})
	require.NoError(f.t, err)
}

// roll starts the n-th epoch in the way in which x/epochs does.
func (f *fixture) roll(n int64) {
	f.t.Helper()
	require.NoError(f.t, f.keeper.Hooks().BeforeEpochStart(f.ctx, "edge", n))
}

// emit runs what x/mint runs at the beginning of a block, and returns what was minted.
func (f *fixture) emit() int64 {
	f.t.Helper()
	before := f.bank.GetSupply(f.ctx, denom)
	require.NoError(f.t, f.keeper.Emit(f.ctx, f.mint))
	f.requireBacked()
	return f.bank.GetSupply(f.ctx, denom).Sub(before).Amount.Int64()
}

func thousandth() types.Emission {
	return types.Emission{
		Yearly: math.NewInt(perEpoch * 365 * 24), Decay: types.DecayUnits / 1000, MaxSupply: math.NewInt(1_000_000_000_000),
	}
}

func TestEachEpochMintsItsPartOfTheYearToStakersAndLessThanTheOneBefore(t *testing.T) {
	f := newFixture(t)
	f.schedule(thousandth())
	require.Zero(t, f.emit(), "no epoch has ended")
	f.roll(2)
	require.EqualValues(t, 1_000_000, f.emit())
	f.requireEvent(&types.EventEmitted{Minted: coin(1_000_000), Forgone: coin(0)})
	require.Zero(t, f.emit(), "an epoch is minted once")
	f.roll(3)
	require.EqualValues(t, 999_000, f.emit())
	f.roll(4)
	require.EqualValues(t, 998_001, f.emit())
	require.Equal(t, "2997001"+denom, f.held(collector).String())
	flows, err := f.keeper.SupplyFlows(f.ctx)
	require.NoError(t, err)
	require.EqualValues(t, 2_997_001, flows.MintedBy(types.SUPPLY_CAUSE_EMISSION).Int64())

	in, err := f.queries.Emission(f.ctx, &types.QueryEmissionRequest{})
	require.NoError(t, err)
	require.EqualValues(t, 997_002, in.PerEpoch.Int64())
	require.EqualValues(t, 3, in.LastEpoch)
}

func TestMissedEpochsAreCountedLaterInBoundedSteps(t *testing.T) {
	steady, late := newFixture(t), newFixture(t)
	steady.schedule(thousandth())
	late.schedule(thousandth())
	sum := int64(0)
	for n := int64(2); n <= 253; n++ {
		steady.roll(n)
		sum += steady.emit()
	}
	late.roll(251)
	first := late.emit()
	late.roll(252)
	second := late.emit()
	late.roll(253)
	third := late.emit()
	require.Greater(t, first, second)
	require.Greater(t, second, third)
	require.Equal(t, sum, first+second+third)
}

func TestEpochsThatAreCountedAgainMintNothing(t *testing.T) {
	f := newFixture(t)
	f.schedule(thousandth())
	f.roll(5)
	require.Positive(t, f.emit())
	f.roll(5)
	require.Zero(t, f.emit())
	f.roll(2) // x/epochs has begun again
	require.Zero(t, f.emit())
	f.roll(3)
	require.Positive(t, f.emit())
	require.NoError(t, f.keeper.Hooks().BeforeEpochStart(f.ctx, "week", 9))
	require.Zero(t, f.emit(), "other epochs do not count")
}

func TestEmissionStopsAtTheHighestSupplyAndWhatExceedsItIsNeverMinted(t *testing.T) {
	f := newFixture(t)
	f.schedule(thousandth())
	e := thousandth()
	e.MaxSupply = f.bank.GetSupply(f.ctx, denom).Amount.AddRaw(1_500_000)
	f.setEmission(e)
	f.roll(2)
	require.EqualValues(t, 1_000_000, f.emit())
	require.EqualValues(t, 500_000, f.mint.shown.AnnualProvisions.TruncateInt64(), "the year cannot mint more")
	f.roll(3)
	require.EqualValues(t, 500_000, f.emit(), "the cap is reached within the epoch")
	f.requireEvent(&types.EventEmitted{Minted: coin(500_000), Forgone: coin(499_000)})
	require.True(t, f.mint.shown.AnnualProvisions.IsZero())
	require.True(t, f.mint.shown.Inflation.IsZero())
	f.roll(4)
	require.Zero(t, f.emit())

	f.escrowed(coin(0))
	require.NoError(t, f.bank.SendCoinsFromModuleToModule(f.ctx, collector, escrow, sdk.NewCoins(coin(300_000))))
	require.NoError(t, f.bank.BurnCoins(f.ctx, escrow, sdk.NewCoins(coin(300_000))))
	f.roll(5)
	require.EqualValues(t, 300_000, f.emit(), "burns make room, but what was forgone is not made up for")

	e.MaxSupply = math.OneInt() // below the supply
	f.setEmission(e)
	f.roll(6)
	require.Zero(t, f.emit())
}

func TestNothingIsMintedWhenNobodyHasStaked(t *testing.T) {
	f := newFixture(t)
	f.setEmission(thousandth())
	f.roll(1)
	f.roll(2)
	require.Zero(t, f.emit())
	require.True(t, f.mint.shown.AnnualProvisions.IsZero())
	f.validator(0)
	require.Zero(t, f.emit(), "nor afterwards for the time in which nobody had")
	f.roll(3)
	require.EqualValues(t, 999_000, f.emit())
}

func TestAYearlyAmountOfZeroMintsNothing(t *testing.T) {
	f := newFixture(t)
	f.schedule(types.Emission{Yearly: math.ZeroInt(), MaxSupply: math.ZeroInt()})
	for n := int64(2); n < 5; n++ {
		f.roll(n)
		require.Zero(t, f.emit())
	}
	require.True(t, f.mint.shown.AnnualProvisions.IsZero())
}

func TestOnlyAnotherYearlyAmountStartsTheScheduleAgain(t *testing.T) {
	f := newFixture(t)
	f.schedule(thousandth())
	f.roll(2)
	f.emit()
	params, err := f.keeper.Params(f.ctx)
	require.NoError(t, err)
	params.FoldBlocks = 7
	f.setParams(params)
	f.roll(3)
	require.EqualValues(t, 999_000, f.emit())
	e := thousandth()
	e.Yearly = e.Yearly.MulRaw(2)
	f.setEmission(e)
	require.Zero(t, f.emit())
	require.Equal(t, e.Yearly, f.mint.shown.AnnualProvisions.TruncateInt(), "the figures follow in the next block")
	f.roll(4)
	require.EqualValues(t, 2_000_000, f.emit())
}

func TestTheFiguresOfMintAreWhatAYearMints(t *testing.T) {
	f := newFixture(t)
	e := thousandth()
	e.Decay = 0
	f.schedule(e)
	f.roll(2)
	f.emit()
	shown, supply, minted := f.mint.shown, f.bank.GetSupply(f.ctx, denom).Amount, int64(0)
	require.Equal(t, denom, shown.Denom)
	require.Equal(t, e.MaxSupply, shown.MaxSupply)
	for n := int64(3); n < 3+365*24; n++ {
		f.roll(n)
		require.NoError(t, f.keeper.Emit(f.ctx, f.mint))
	}
	minted = f.bank.GetSupply(f.ctx, denom).Amount.Sub(supply).Int64()
	require.Equal(t, shown.AnnualProvisions.TruncateInt64(), minted)
	require.Equal(t, shown.Inflation, math.LegacyNewDec(minted).QuoInt(supply))
}

func TestAFailureOfMintLosesNothing(t *testing.T) {
	f := newFixture(t)
	f.schedule(thousandth())
	f.roll(2)
	f.mint.err = errors.New("not now")
	require.Zero(t, f.emit())
	f.roll(3)
	require.Zero(t, f.emit())
	f.mint.err = nil
	require.EqualValues(t, 1_999_000, f.emit())
}

func TestEpochsOfAnotherDurationMintTheSameInAYear(t *testing.T) {
	f := newFixture(t)
	f.epochs.duration = 24 * time.Hour
	f.schedule(thousandth())
	f.roll(2)
	require.EqualValues(t, 24_000_000, f.emit())
	f.epochs.duration = time.Second
	f.roll(3)
	require.EqualValues(t, 277, f.emit(), "truncated")
}

func TestParametersOfEmissionAreChecked(t *testing.T) {
	f := newFixture(t)
	for what, change := range map[string]func(*types.Params){
		"a negative amount":         func(p *types.Params) { p.Emission.Yearly = math.NewInt(-1) },
		"a missing amount":          func(p *types.Params) { p.Emission.Yearly = math.Int{} },
		"a huge amount":             func(p *types.Params) { p.Emission.Yearly = math.NewIntWithDecimal(1, 40) },
		"a missing highest supply":  func(p *types.Params) { p.Emission.MaxSupply = math.Int{} },
		"a highest supply of zero":  func(p *types.Params) { p.Emission.MaxSupply = math.ZeroInt() },
		"a decay of more than all":  func(p *types.Params) { p.Emission.Decay = types.DecayUnits + 1 },
		"no history":                func(p *types.Params) { p.HistoryEpochs = 0 },
		"an endless history":        func(p *types.Params) { p.HistoryEpochs = types.MaxHistoryEpochs + 1 },
		"no epoch":                  func(p *types.Params) { p.EpochIdentifier = "" },
		"an epoch that is not kept": func(p *types.Params) { p.EpochIdentifier = "fortnight" },
	} {
		params, err := f.keeper.Params(f.ctx)
		require.NoError(t, err)
		change(&params)
		_, err = f.msgs.UpdateParams(f.ctx, &types.MsgUpdateParams{Authority: authority(), Params: params})
		require.ErrorIs(t, err, types.ErrInvalidParams, what)
	}
}
