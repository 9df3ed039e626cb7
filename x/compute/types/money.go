package types

import "cosmossdk.io/math"

// maxReward keeps rewards, and what they are worth in the bond denom, inside of
// what x/rewards can split: 10^18 whole tokens of 18 decimals.
var maxReward = math.NewIntWithDecimal(1, 36)

// Reserve returns what a task of a job puts into escrow: a reward for every
// replica of its first round, in the reward's denom. Further rounds are paid by
// those who caused them.
func Reserve(reward math.Int, policy Policy) math.Int {
	return reward.MulRaw(int64(policy.Replicas))
}

// BondValue returns the worth of a reward in the bond denom, rounded up.
func (d PaymentDenom) BondValue(reward math.Int) math.Int {
	num := reward.Mul(math.NewIntFromUint64(d.BondNumerator))
	den := math.NewIntFromUint64(d.BondDenominator)
	return num.Add(den).SubRaw(1).Quo(den)
}

// Liability returns what one replica locks of its node's bond, in the bond
// denom: twice its pay, no less than the first further round that a lone lie
// causes, and no less than min_liability. More than a third of the votes have
// to be false before the round after that is needed, and then as many
// liabilities pay for it.
func (p Params) Liability(bondValue math.Int) math.Int {
	liability := bondValue.MulRaw(2)
	liability = math.MaxInt(liability, bondValue.MulRaw(int64(p.Escalation[0])))
	return math.MaxInt(liability, p.MinLiability)
}

// AttemptFee returns what a replica earns for work that no verdict pays.
func (p Params) AttemptFee(reward math.Int) math.Int { return bps(reward, p.AttemptFeeBps) }

// MissedFault returns what a missed deadline costs, in the bond denom.
func (p Params) MissedFault(bondValue math.Int) math.Int { return bps(bondValue, p.MissedFaultBps) }

// PostingFee returns what is burned for a spec of the given size, in the bond denom.
func (p Params) PostingFee(specBytes int) math.Int {
	return p.PostingFeePerByte.MulRaw(int64(specBytes))
}

func bps(amount math.Int, points uint32) math.Int {
	return amount.MulRaw(int64(points)).QuoRaw(BasisPoints)
}

// Shares divides an amount evenly over n; the first shares take what does not
// divide. The shares sum to the amount.
func Shares(amount math.Int, n int) []math.Int {
	if n == 0 {
		return nil
	}
	each := amount.QuoRaw(int64(n))
	rest := amount.Sub(each.MulRaw(int64(n))).Int64()
	out := make([]math.Int, n)
	for i := range out {
		out[i] = each
		if int64(i) < rest {
			out[i] = each.AddRaw(1)
		}
	}
	return out
}
