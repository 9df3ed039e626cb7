package types

import (
	"math/big"

	"cosmossdk.io/math"
)

// maxReward keeps rewards, and their worth in the bond denom, within the range that x/rewards
// can split: 10^18 whole tokens of 18 decimals.
var maxReward = math.NewIntWithDecimal(1, 36)

// Reserve returns the amount that a task of a job moves into escrow, in the reward's denom: a
// reward for each replica of its first round and for each auditor that may join it, and the
// amount that its draws may cost. The losers pay for further rounds. The reserves of MaxTasks
// tasks at the highest reward are far below 2^256.
func Reserve(reward math.Int, policy Policy, seatFee math.Int) math.Int {
	return reward.MulRaw(int64(policy.Replicas) + int64(policy.Auditors)).Add(drawReserve(seatFee, policy))
}

// spareSeats is the number of seats, in addition to its replicas, for which a task sets fees
// aside.
const spareSeats = 2

func drawReserve(seatFee math.Int, policy Policy) math.Int {
	return seatFee.MulRaw(int64(policy.Replicas) + spareSeats)
}

// DrawReserve returns the amount that a task of the job may spend on draws, in the reward's
// denom.
func (j *Job) DrawReserve() math.Int { return drawReserve(j.SeatFee, j.Policy) }

// liabilityShare is the divisor of the liability that gives the lowest seat fee: a hundredth.
const liabilityShare = 100

// SeatFee returns the fee for a seat that was drawn but not used, in the reward's denom. It
// is the attempt fee, and at least a hundredth of the liability, and at most the reward. The
// liability and the value of the reward are in the bond denom. A requester who lets the job
// run pays one reward per seat, so a higher fee would not keep requesters from drawing again.
func (p Params) SeatFee(reward, value, liability math.Int) math.Int {
	share := inReward(liability, reward, value.MulRaw(liabilityShare))
	return math.MinInt(reward, math.MaxInt(p.AttemptFee(reward), share))
}

// inReward converts an amount of the bond denom to the reward's denom: amount * reward /
// value, rounded up, and at most the reward.
func inReward(amount, reward, value math.Int) math.Int {
	if amount.GTE(value) {
		return reward
	}
	n := new(big.Int).Mul(amount.BigInt(), reward.BigInt()) // the product may be larger than a math.Int
	n.Add(n, value.SubRaw(1).BigInt())
	return math.NewIntFromBigInt(n.Quo(n, value.BigInt()))
}

// DrawBytes is the number of bytes of a spec that cost as much as a draw: both need about as
// many writes.
const DrawBytes = 64

// idleDraws is the smallest number of draws without a candidate that a task can pay for.
const idleDraws = 16

// IdleFee returns the cost of a draw without a candidate for a task of a job, in the reward's
// denom: the posting fee for DrawBytes, and at most a sixteenth of the amount that the task
// has set aside for draws.
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

// Liability returns the amount of its node's bond that one replica locks, in the bond denom,
// under an effective policy.
//
// If a wrong result is slashed, the liability is at least twice the pay, at least the cost of
// the first further round that a single lie causes, and at least min_liability. The round
// after that takes place only if more than a third of the votes are false, and as many
// liabilities pay for it. Under AUDIT, a lie is found with the probability D = audit_bps/10^4
// * honest_bps/10^4, and otherwise gains at most the reward. A lie is a loss if D * liability
// >= (1-D) * reward, that is:
//
//	liability >= reward * (1-D)/D, rounded up
//
// If results are not slashed, a node only pays for silence and missed deadlines. The
// liability is then min_liability, and at least the fee of a missed deadline.
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

// AttemptFee returns what a replica earns for work that ends without a verdict.
func (p Params) AttemptFee(reward math.Int) math.Int { return bps(reward, p.AttemptFeeBps) }

// MissedFault returns the fee of a missed deadline, in the bond denom.
func (p Params) MissedFault(bondValue math.Int) math.Int { return bps(bondValue, p.MissedFaultBps) }

// PostingFee returns the amount that is burned for a spec of the given size, in the bond
// denom.
func (p Params) PostingFee(specBytes int) math.Int {
	return p.PostingFeePerByte.MulRaw(int64(specBytes))
}

func bps(amount math.Int, points uint32) math.Int {
	return amount.MulRaw(int64(points)).QuoRaw(BasisPoints)
}

// Shares divides an amount evenly into n shares. The first shares are larger by one unit if
// the amount is not divisible. The shares add up to the amount.
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
