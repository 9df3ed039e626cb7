package types_test

import (
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"cosmossdk.io/math"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/thetaedge/theta/x/compute/types"
)

// voucher is a payment denom of six decimals: a unit of usdc is worth 2.5 tfuel.
func voucher() types.PaymentDenom {
	return types.PaymentDenom{
		Denom: "ibc/6B5A664BF0AF4F71B2F0BAA33141E2F1321242FBD5D19762F541EC971ACB0865", MinReward: math.NewInt(500),
		BondNumerator: 2_500_000_000_000, BondDenominator: 1, HaircutBps: 2_000, ExpiryHeight: 1_000_000,
		Display: "usdc", Exponent: 6,
	}
}

func TestAHaircutRaisesWhatALiabilityAnswersFor(t *testing.T) {
	d := voucher()
	require.Equal(t, math.NewInt(3_125_000_000_000).String(), d.BondValue(math.NewInt(1)).String(), "2.5 / (1 - 0.2)")
	d.HaircutBps = 9_000
	require.Equal(t, math.NewInt(25_000_000_000_000).String(), d.BondValue(math.NewInt(1)).String(), "tenfold")
}

// TestALiabilityIsWorthThePayEvenAfterTheHaircut: whatever the worth of a denom, a node that is
// found to lie loses at least the worth of the pay of its chunk, if the bond denom has lost no more
// than the haircut.
func TestALiabilityIsWorthThePayEvenAfterTheHaircut(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p, job := drawTerms(t)
		d := types.PaymentDenom{
			BondNumerator: rapid.Uint64Min(1).Draw(t, "numerator"), BondDenominator: rapid.Uint64Min(1).Draw(t, "denominator"),
			HaircutBps: rapid.Uint32Range(0, 9_000).Draw(t, "haircut"),
		}
		reward := math.NewIntFromUint64(rapid.Uint64Min(1).Draw(t, "reward"))
		tasks := rapid.Uint64Range(1, types.MaxChunkTasks).Draw(t, "tasks")
		liability := p.Liability(d.BondValue(reward), job.Policy, true, tasks)
		left := liability.MulRaw(types.BasisPoints - int64(d.HaircutBps)).Mul(math.NewIntFromUint64(d.BondDenominator))
		pay := reward.Mul(math.NewIntFromUint64(tasks)).Mul(math.NewIntFromUint64(d.BondNumerator)).MulRaw(types.BasisPoints)
		require.True(t, left.GTE(pay), "%s locked for %d times %s", liability, tasks, reward)
	})
}

func TestDenomsAreRefusedOutsideOfTheirBounds(t *testing.T) {
	p := types.DefaultParams()
	p.Denoms = append(p.Denoms, voucher())
	require.NoError(t, p.Validate())
	for name, c := range map[string]struct {
		change func(*types.PaymentDenom)
		says   string
	}{
		"malformed":            {func(d *types.PaymentDenom) { d.Denom = "u$dc" }, "invalid denom"},
		"too short":            {func(d *types.PaymentDenom) { d.Denom = "u" }, "invalid denom"},
		"named twice":          {func(d *types.PaymentDenom) { d.Denom = "atfuel" }, "atfuel is named twice"},
		"display named twice":  {func(d *types.PaymentDenom) { d.Display = "tfuel" }, "tfuel is named twice"},
		"display of another":   {func(d *types.PaymentDenom) { d.Display = "atfuel" }, "atfuel is named twice"},
		"display of no form":   {func(d *types.PaymentDenom) { d.Display = "us dc" }, "expected a name such as usdc"},
		"no display":           {func(d *types.PaymentDenom) { d.Display = "" }, "expected a display unit"},
		"large exponent":       {func(d *types.PaymentDenom) { d.Exponent = 31 }, "exponent of ibc/"},
		"worth nothing":        {func(d *types.PaymentDenom) { d.BondNumerator = 0 }, "above 0"},
		"whole haircut":        {func(d *types.PaymentDenom) { d.HaircutBps = 10_000 }, "haircut_bps"},
		"huge haircut":         {func(d *types.PaymentDenom) { d.HaircutBps = 1<<32 - 1 }, "haircut_bps"},
		"expired before birth": {func(d *types.PaymentDenom) { d.ExpiryHeight = -1 }, "expiry_height"},
		"endless":              {func(d *types.PaymentDenom) { d.ExpiryHeight = 1<<53 + 1 }, "expiry_height"},
		"least reward over the highest": {func(d *types.PaymentDenom) {
			d.MinReward = math.NewIntWithDecimal(1, 36).AddRaw(1)
		}, "min_reward"},
		"least reward of 2^128": {func(d *types.PaymentDenom) {
			d.MinReward = math.NewIntFromUint64(1 << 63).Mul(math.NewIntFromUint64(1 << 63)).MulRaw(4)
		}, "min_reward"},
		"least reward of too much worth": {func(d *types.PaymentDenom) {
			d.MinReward, d.BondNumerator = math.NewIntWithDecimal(1, 30), 1<<64-1
		}, "expected a worth of at most"},
	} {
		t.Run(name, func(t *testing.T) {
			p := types.DefaultParams()
			d := voucher()
			c.change(&d)
			p.Denoms = append(p.Denoms, d)
			err := p.Validate()
			require.ErrorIs(t, err, types.ErrInvalidParams)
			require.ErrorContains(t, err, c.says)
		})
	}
	p.Denoms[1].Display = p.Denoms[1].Denom
	require.ErrorContains(t, p.Validate(), "expected a name such as usdc")
}

func TestAValueHoldsUntilItsHeight(t *testing.T) {
	d := voucher()
	require.NoError(t, d.CheckExpiry(1_000_000))
	require.ErrorIs(t, d.CheckExpiry(1_000_001), types.ErrDenomExpired)
	d.ExpiryHeight = 0
	require.NoError(t, d.CheckExpiry(1<<60), "it does not expire")
}

func TestTheSpanOfAJobContainsAllItsWindows(t *testing.T) {
	p := types.DefaultParams()
	p.ClaimBlocks, p.RevealBlocks = 3, 50
	require.EqualValues(t, 3+100+50, p.SpanAfterLifetime(types.Policy{}, 100))
	require.EqualValues(t, 3+100+50+9, p.SpanAfterLifetime(types.Policy{ReviewBlocks: 9}, 100))
	require.EqualValues(t, 2*(3+100)+50+7, p.SpanAfterLifetime(types.Policy{AuditBps: 1, ChallengeBlocks: 7}, 100))
}

// TestThePayOfAChunkFitsTheLedger: x/rewards refuses to split more than 2^128 units, which a cheap
// denom could reach with a chunk of many tasks.
func TestThePayOfAChunkFitsTheLedger(t *testing.T) {
	p := types.DefaultParams()
	p.Denoms = append(p.Denoms, types.PaymentDenom{Denom: "uwei", MinReward: math.OneInt(), BondNumerator: 1, BondDenominator: 1 << 63})
	require.NoError(t, p.Validate())
	s := goodSpec()
	s.Policy = types.Policy{Kind: types.POLICY_KIND_AUDIT, Replicas: 1, AuditBps: 1_000, Auditors: 1, Samples: 8}
	s.Tasks, s.ChunkTasks = 4_096, 4_096
	s.Reward = sdk.NewCoin("uwei", math.NewIntWithDecimal(1, 36).QuoRaw(4_096))
	_, err := s.CheckParams(p)
	require.NoError(t, err)
	s.Reward.Amount = s.Reward.Amount.AddRaw(1)
	_, err = s.CheckParams(p)
	require.ErrorIs(t, err, types.ErrInvalidReward)
	require.ErrorContains(t, err, "for each of 4096 tasks")
}
