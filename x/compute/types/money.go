package types

import (
	"math/big"

	"cosmossdk.io/math"
)

// maxReward keeps rewards, and what they are worth in the bond denom, inside of
// what x/rewards can split: 10^18 whole tokens of 18 decimals.
var maxReward = math.NewIntWithDecimal(1, 36)

// Reserve returns what a task of a job puts into escrow: a reward for every
// replica of its first round and for every auditor that may join it, and what its
// draws may cost, in the reward's denom. Further rounds are paid by those who caused
// them. The reserves of MaxTasks tasks at the highest reward stay far below 2^256.
func Reserve(reward math.Int, policy Policy, seatFee math.Int) math.Int {
	return reward.MulRaw(int64(policy.Replicas) + int64(policy.Auditors)).Add(drawReserve(seatFee, policy))
}

// spareSeats is how many seats more than its replicas a task sets fees aside for.
const spareSeats = 2

func drawReserve(seatFee math.Int, policy Policy) math.Int {
	return seatFee.MulRaw(int64(policy.Replicas) + spareSeats)
}

// DrawReserve returns what a task of the job may spend on draws, in the reward's denom.
func (j *Job) DrawReserve() math.Int { return drawReserve(j.SeatFee, j.Policy) }

// liabilityShare is which part of a liability a seat costs at least that is drawn in
// vain: a hundredth.
const liabilityShare = 100

// SeatFee returns what a seat costs that was drawn in vain, in the reward's denom: the
// attempt fee, and no less than a hundredth of the liability, which like the value of
// the reward is in the bond denom. To let the job run costs a reward a seat: more than
// that would keep nobody from drawing again.
func (p Params) SeatFee(reward, value, liability math.Int) math.Int {
	share := inReward(liability, reward, value.MulRaw(liabilityShare))
	return math.MinInt(reward, math.MaxInt(p.AttemptFee(reward), share))
}

// inReward turns an amount of the bond denom into the reward's: amount * reward / value,
// rounded up, and no more than the reward.
func inReward(amount, reward, value math.Int) math.Int {
	if amount.GTE(value) {
		return reward
	}
	n := new(big.Int).Mul(amount.BigInt(), reward.BigInt()) // may be more than math.Int takes
	n.Add(n, value.SubRaw(1).BigInt())
	return math.NewIntFromBigInt(n.Quo(n, value.BigInt()))
}

// DrawBytes is for how many bytes of a spec a draw counts: its writes are about as many.
const DrawBytes = 64

// idleDraws is how many draws without a candidate a task can pay at least.
const idleDraws = 16

// IdleFee returns what a draw without a candidate costs a task of a job, in the reward's
// denom: the posting fee for DrawBytes, and no more than a sixteenth of what it has set
// aside for draws.
func (p Params) IdleFee(job *Job) math.Int {
	least := job.DrawReserve().AddRaw(idleDraws - 1).QuoRaw(idleDraws)
	return math.MinInt(least, math.MaxInt(inReward(p.PostingFee(DrawBytes), job.Reward.Amount, job.BondValue), math.OneInt()))
}

// BondValue returns the worth of a reward in the bond denom, rounded up.
func (d PaymentDenom) BondValue(reward math.Int) math.Int {
	num := reward.Mul(math.NewIntFromUint64(d.BondNumerator))
	den := math.NewIntFromUint64(d.BondDenominator)
	return num.Add(den).SubRaw(1).Quo(den)
}

// Liability returns what one replica locks of its node's bond, in the bond denom,
// under an effective policy.
//
// Where a wrong result is slashed it is twice the pay, no less than the first
// further round that a lone lie causes, and no less than min_liability. More than
// a third of the votes have to be false before the round after that is needed,
// and then as many liabilities pay for it. Under AUDIT a lie is found with the
// probability D = audit_bps/10^4 * honest_bps/10^4, and gains at most the reward
// otherwise, so that D * liability >= (1-D) * reward makes it a loss:
//
//	liability >= reward * (1-D)/D, rounded up
//
// Where no result is slashed, only silence and missed deadlines cost anything:
// min_liability, and no less than the fault of a missed deadline.
func (p Params) Liability(bondValue math.Int, policy Policy, slashed bool) math.Int {
	if !slashed {
		return math.MaxInt(p.MinLiability, p.MissedFault(bondValue))
	}
	liability := bondValue.MulRaw(2)
	liability = math.MaxInt(liability, bondValue.MulRaw(int64(p.Escalation[0])))
	if policy.Kind == POLICY_KIND_AUDIT {
		found := int64(policy.AuditBps) * int64(p.HonestBps) // D * 10^8
		const whole = BasisPoints * BasisPoints
		liability = math.MaxInt(liability, bondValue.MulRaw(whole-found).AddRaw(found-1).QuoRaw(found))
	}
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
