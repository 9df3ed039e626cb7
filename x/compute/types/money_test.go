package types_test

import (
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"cosmossdk.io/math"

	"github.com/thetaedge/theta/x/compute/types"
)

func TestSharesSumToTheWhole(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		amount := math.NewInt(rapid.Int64Range(0, 1<<62).Draw(t, "amount"))
		n := rapid.IntRange(1, 90).Draw(t, "n")
		shares := types.Shares(amount, n)
		require.Len(t, shares, n)
		total := math.ZeroInt()
		for i, s := range shares {
			total = total.Add(s)
			require.True(t, s.Sub(shares[n-1]).LTE(math.OneInt()), "no share is larger by more than one")
			require.True(t, i == 0 || s.LTE(shares[i-1]), "the first take what does not divide")
		}
		require.Equal(t, amount.String(), total.String())
	})
	require.Empty(t, types.Shares(math.NewInt(7), 0))
}

func TestWorthInTheBondDenomIsRoundedUp(t *testing.T) {
	d := types.PaymentDenom{BondNumerator: 3, BondDenominator: 2}
	for reward, want := range map[int64]string{1: "2", 2: "3", 3: "5", 1_000: "1500"} {
		require.Equal(t, want, d.BondValue(math.NewInt(reward)).String(), "%d", reward)
	}
	dust := types.PaymentDenom{BondNumerator: 1, BondDenominator: 1 << 63}
	require.Equal(t, "1", dust.BondValue(math.NewInt(1)).String(), "nothing is worth nothing")
}

func TestLiabilityIsTheLargestOfItsFloors(t *testing.T) {
	quorum := types.Policy{Kind: types.POLICY_KIND_QUORUM, Replicas: 3, AuditBps: 500, Auditors: 1}
	p := types.DefaultParams()
	p.MinLiability = math.NewInt(100)
	p.Escalation = []uint32{7, 15}
	require.Equal(t, "7000", p.Liability(math.NewInt(1_000), quorum, true, 1).String(), "the round that one lie causes")
	require.Equal(t, "100", p.Liability(math.NewInt(10), quorum, true, 1).String(), "min_liability")
	p.Escalation = []uint32{1}
	require.Equal(t, "2000", p.Liability(math.NewInt(1_000), quorum, true, 1).String(), "twice the pay")
}

func TestLiabilityUnderAuditFollowsTheChanceThatALieIsFound(t *testing.T) {
	p := types.DefaultParams()
	p.MinLiability, p.HonestBps = math.OneInt(), 5_000
	for bps, want := range map[uint32]string{
		500:    "39000", // D = 1/40
		5_000:  "7000",  // D = 1/4: 3,000, which is less than the further round
		10_000: "7000",
		3:      "6665667", // (1 - 0.00015)/0.00015 of 1,000, rounded up
	} {
		policy := types.Policy{Kind: types.POLICY_KIND_AUDIT, Replicas: 1, AuditBps: bps, Auditors: 1}
		require.Equal(t, want, p.Liability(math.NewInt(1_000), policy, true, 1).String(), "%d", bps)
	}
	p.HonestBps = 1
	rare := types.Policy{Kind: types.POLICY_KIND_AUDIT, Replicas: 1, AuditBps: 1, Auditors: 1}
	require.Equal(t, math.NewIntWithDecimal(1, 36).MulRaw(99_999_999).String(),
		p.Liability(math.NewIntWithDecimal(1, 36), rare, true, 1).String(), "the highest there is")
}

func TestLyingUnderAuditLosesInExpectation(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := types.DefaultParams()
		p.MinLiability = math.OneInt()
		p.HonestBps = rapid.Uint32Range(1, types.BasisPoints).Draw(t, "honest")
		policy := types.Policy{Kind: types.POLICY_KIND_AUDIT, Replicas: 1, Auditors: 1}
		policy.AuditBps = rapid.Uint32Range(1, types.BasisPoints).Draw(t, "audited")
		value := math.NewInt(rapid.Int64Range(1, 1<<50).Draw(t, "value"))
		const whole = types.BasisPoints * types.BasisPoints
		found := int64(policy.AuditBps) * int64(p.HonestBps)
		gain := value.MulRaw(whole - found)
		loss := p.Liability(value, policy, true, 1).MulRaw(found)
		require.True(t, loss.GTE(gain), "gains %s, loses %s", gain, loss)
	})
}

func TestWhereNoResultIsSlashedOnlySilenceAndLatenessCost(t *testing.T) {
	p := types.DefaultParams()
	p.MinLiability, p.MissedFaultBps = math.NewInt(100), 1_000
	for _, kind := range []types.PolicyKind{types.POLICY_KIND_QUORUM, types.POLICY_KIND_TRUST} {
		policy := types.Policy{Kind: kind, Replicas: 3}
		require.Equal(t, "100", p.Liability(math.NewInt(1_000), policy, false, 1).String(), "min_liability")
		require.Equal(t, "200", p.Liability(math.NewInt(2_000), policy, false, 1).String(), "a missed deadline can be paid")
	}
}

// Under all params that Validate accepts, the losers can pay all judges of the further rounds
// that they cause, provided that the rounds before were full. Votes are drawn at random and
// counted by the real rule.
func TestLosersCanPayForEveryRoundTheyCause(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := types.DefaultParams()
		p.Escalation = rapid.SliceOfN(rapid.Uint32Range(1, 24), 1, 4).Draw(t, "escalation")
		if p.Validate() != nil {
			t.Skip("refused")
		}
		replicas := rapid.Uint32Range(1, p.MaxReplicas+p.MaxAuditors).Draw(t, "replicas and auditors")
		targets := append([]uint32{replicas}, p.Escalation...)
		key := rapid.SampledFrom([]string{"a", "a", "b", "b", "c", ""})
		var all []types.Vote
		for round, n := range targets {
			for range n {
				all = append(all, types.Vote{Round: uint32(round), Key: key.Draw(t, "vote")})
			}
			last := round == len(targets)-1
			decision, winner := types.Decide(all, types.Rule{Last: last})
			if decision == types.DecisionEscalate {
				continue
			}
			if decision == types.DecisionAccept {
				requireFunded(t, p, all, winner)
			}
			return
		}
	})
}

func requireFunded(t *rapid.T, p types.Params, all []types.Vote, winner string) {
	value := math.NewInt(1_000)
	losers, judges := int64(0), int64(0)
	for _, v := range all {
		switch {
		case v.Key != winner:
			losers++
		case v.Round > 0:
			judges++
		}
	}
	pot := p.Liability(value, types.Policy{Kind: types.POLICY_KIND_QUORUM}, true, 1).MulRaw(losers)
	require.True(t, pot.GTE(value.MulRaw(judges)), "%v: %d losers pay %s for %d judges of %v",
		p.Escalation, losers, pot, judges, all)
}

func TestEscalationsThatLosersCannotPayAreRefused(t *testing.T) {
	p := types.DefaultParams()
	for _, good := range [][]uint32{{7, 15}, {1}, {64}, {3, 3}, {4, 5}, {8, 15, 31}, {15, 15, 15, 15}} {
		p.Escalation = good
		require.NoError(t, p.Validate(), "%v", good)
	}
	for _, bad := range [][]uint32{{1, 15}, {3, 15}, {2, 7}, {3, 5}, {3, 5, 31}, {2, 2, 2, 2}, {7, 64}} {
		p.Escalation = bad
		err := p.Validate()
		require.ErrorIs(t, err, types.ErrInvalidParams, "%v", bad)
		require.ErrorContains(t, err, "make the first entry larger or the later ones smaller")
	}
}

func TestFeesAndFaultsAreTruncated(t *testing.T) {
	p := types.DefaultParams()
	require.Equal(t, "1", p.AttemptFee(math.NewInt(19)).String(), "a tenth, in favour of the escrow")
	require.Equal(t, "1", p.MissedFault(math.NewInt(19)).String())
	p.PostingFeePerByte = math.NewInt(3)
	require.Equal(t, "12288", p.PostingFee(types.MaxSpecBytes).String())
	none, tenth := math.ZeroInt(), math.NewInt(100)
	require.Equal(t, "3000", types.Reserve(math.NewInt(1_000), types.Policy{Replicas: 3}, none).String())
	require.Equal(t, "3500", types.Reserve(math.NewInt(1_000), types.Policy{Replicas: 3}, tenth).String(), "five seats may be drawn in vain")
	require.Equal(t, "5000", types.Reserve(math.NewInt(1_000), types.Policy{Replicas: 1, Auditors: 4}, none).String(),
		"auditors may join, and are paid then")
	most := types.Policy{Replicas: types.MaxRoundReplicas, Auditors: types.MaxRoundReplicas}
	largest := math.NewIntWithDecimal(1, 36)
	require.Equal(t, math.NewIntWithDecimal(194, 42).String(),
		types.Reserve(largest, most, largest).MulRaw(types.MaxTasks).String(), "no sum overflows")
}
