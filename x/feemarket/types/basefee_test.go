package types_test

import (
	"math"
	"testing"

	cmtproto "github.com/cometbft/cometbft/proto/tendermint/types"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	sdkmath "cosmossdk.io/math"

	"github.com/thetaedge/theta/x/feemarket/types"
)

// params draws any valid parameters.
func params(t *rapid.T) types.Params {
	share := func(name string, low, high uint32) uint32 { return rapid.Uint32Range(low, high).Draw(t, name) }
	p := types.Params{
		LaneBps: share("lane", 0, 5_000), ClaimBps: share("claims", 0, 5_000), BeaconBps: share("beacons", 0, 5_000),
		LaneTxGas: rapid.Uint64Range(0, 1_000_000_000).Draw(t, "tx gas"), LaneItemGas: rapid.Uint64Range(0, 1_000_000_000).Draw(t, "item gas"),
		TxBps: share("tx", 1, 10_000), TargetBps: share("target", 1, 10_000),
		ChangeDenominator: share("denominator", 1, 1_000_000), MaxBaseFee: price(t, "cap"),
	}
	require.NoError(t, p.Validate())
	return p
}

// price draws a price of any size, up to 2^128.
func price(t *rapid.T, name string) sdkmath.Int {
	high, low := rapid.Uint64().Draw(t, name+" high"), rapid.Uint64().Draw(t, name+" low")
	if rapid.Bool().Draw(t, name+" small") {
		high = 0
	}
	shift := sdkmath.NewIntFromUint64(math.MaxUint64).AddRaw(1)
	return sdkmath.NewIntFromUint64(high).Mul(shift).Add(sdkmath.NewIntFromUint64(low))
}

func block(t *rapid.T) *cmtproto.BlockParams {
	return &cmtproto.BlockParams{MaxGas: rapid.Int64Range(-1, math.MaxInt64).Draw(t, "max gas")}
}

func TestBaseFeeIsBoundedAndRisesWithFullness(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p, floor, base := params(t), price(t, "floor"), price(t, "base")
		budget := p.Budget(block(t))
		less, more := rapid.Uint64().Draw(t, "gas"), rapid.Uint64().Draw(t, "more gas")
		less, more = min(less, more), max(less, more)
		low, high := p.NextBaseFee(base, floor, less, budget), p.NextBaseFee(base, floor, more, budget)
		for _, next := range []sdkmath.Int{low, high} {
			require.True(t, next.GTE(floor), "never below the floor")
			require.True(t, next.LTE(sdkmath.MaxInt(floor, p.MaxBaseFee)), "never above the cap")
		}
		require.True(t, high.GTE(low), "a fuller block never makes the next one cheaper")
		dearer := p.NextBaseFee(base.MulRaw(2), floor, less, budget)
		require.True(t, dearer.GTE(low), "what was dearer stays dearer")
	})
}

func TestBaseFeeReturnsToTheFloorInIdleBlocks(t *testing.T) {
	p := types.DefaultParams()
	rapid.Check(t, func(t *rapid.T) {
		floor, base := sdkmath.NewInt(rapid.Int64Range(0, 1_000_000_000).Draw(t, "floor")), p.MaxBaseFee
		budget := p.Budget(&cmtproto.BlockParams{MaxGas: rapid.Int64Range(100, math.MaxInt64).Draw(t, "max gas")})
		blocks := 0
		for ; base.GT(floor); blocks++ {
			next := p.NextBaseFee(base, floor, 0, budget)
			require.True(t, next.LT(base))
			base = next
		}
		require.True(t, base.Equal(floor))
		require.LessOrEqual(t, blocks, 300, "from a million times the floor of a new chain to nothing at all")
	})
}

func TestAFullBlockRaisesTheBaseFeeByAnEighthAndHalfOfOneKeepsIt(t *testing.T) {
	p := types.DefaultParams()
	budget := p.Budget(&cmtproto.BlockParams{MaxGas: 100_000_000})
	require.Equal(t, types.Budget{
		Limited: true, Block: 100_000_000, Lane: 25_000_000, Ordinary: 75_000_000,
		Claims: 7_500_000, Beacons: 3_750_000, Tx: 25_000_000,
	}, budget)
	floor := sdkmath.NewInt(1_000_000_000)
	next := func(base int64, gas uint64) int64 {
		return p.NextBaseFee(sdkmath.NewInt(base), floor, gas, budget).Int64()
	}
	require.EqualValues(t, 1_125_000_000, next(1_000_000_000, 75_000_000))
	require.EqualValues(t, 1_125_000_000, next(1_000_000_000, math.MaxUint64), "no more than full")
	require.EqualValues(t, 8_000_000_000, next(8_000_000_000, 37_500_000))
	require.EqualValues(t, 7_000_000_000, next(8_000_000_000, 0))
	require.EqualValues(t, 1_000_000_000, next(1_100_000_000, 0))
	require.EqualValues(t, 1_000_000_000, p.NextBaseFee(sdkmath.NewInt(5), floor, 1, types.Budget{}).Int64(), "without a limit")
}

func TestShareOfAnyBlockIsNoMoreThanTheBlock(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := params(t)
		b := p.Budget(block(t))
		if !b.Limited {
			require.Zero(t, b)
			return
		}
		require.Equal(t, b.Block, b.Lane+b.Ordinary)
		require.LessOrEqual(t, b.Claims+b.Beacons, b.Lane)
		require.LessOrEqual(t, b.Tx, b.Block)
		require.GreaterOrEqual(t, b.Tx, min(b.Block, types.LeastTxGas), "a vote always fits")
		items := rapid.Uint64().Draw(t, "items")
		require.GreaterOrEqual(t, p.LaneTx(items), p.LaneTxGas, "no overflow")
	})
}

func TestParamsThatDivideNothingAreRefused(t *testing.T) {
	require.NoError(t, types.DefaultParams().Validate())
	for name, spoil := range map[string]func(*types.Params){
		"lane":        func(p *types.Params) { p.LaneBps = 5_001 },
		"shares":      func(p *types.Params) { p.ClaimBps, p.BeaconBps = 6_000, 4_001 },
		"tx":          func(p *types.Params) { p.TxBps = 0 },
		"target":      func(p *types.Params) { p.TargetBps = 10_001 },
		"denominator": func(p *types.Params) { p.ChangeDenominator = 0 },
		"gas":         func(p *types.Params) { p.LaneItemGas = 1_000_000_001 },
		"no cap":      func(p *types.Params) { p.MaxBaseFee = sdkmath.Int{} },
		"below zero":  func(p *types.Params) { p.MaxBaseFee = sdkmath.NewInt(-1) },
	} {
		p := types.DefaultParams()
		spoil(&p)
		require.ErrorIs(t, p.Validate(), types.ErrInvalidParams, name)
	}
}

// The offered price is still sufficient after two full blocks, and never below the floor.
func TestAnOfferOutlastsTwoFullBlocks(t *testing.T) {
	defaults, budget := types.DefaultParams(), types.Budget{Limited: true, Ordinary: 75_000_000}
	floor := sdkmath.NewInt(1_000_000_000)
	require.Equal(t, floor, types.Offer(floor, floor))
	require.Equal(t, floor, types.Offer(sdkmath.OneInt(), floor))
	for base := floor.AddRaw(8); base.LT(defaults.MaxBaseFee); base = base.MulRaw(3) {
		after := base
		for range 2 {
			after = defaults.NextBaseFee(after, floor, budget.Ordinary, budget)
		}
		require.True(t, types.Offer(base, floor).GTE(after), "%s is offered, %s is asked", types.Offer(base, floor), after)
	}
}
