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

// Pay returns what a replica earns that executes so many tasks, in the reward's denom.
func (j *Job) Pay(tasks uint64) math.Int { return j.Reward.Amount.Mul(math.NewIntFromUint64(tasks)) }

// Value returns what Pay is worth in the bond denom.
func (j *Job) Value(tasks uint64) math.Int { return j.BondValue.Mul(math.NewIntFromUint64(tasks)) }

// ReserveOf returns the most that a chunk of so many tasks may spend from escrow, in the
// reward's denom.
func (j *Job) ReserveOf(tasks uint64) math.Int {
	return j.TaskReserve.Mul(math.NewIntFromUint64(tasks))
}

// SeatFeeOf returns the fee for a seat of a chunk of so many tasks, in the reward's denom.
func (j *Job) SeatFeeOf(tasks uint64) math.Int { return j.SeatFee.Mul(math.NewIntFromUint64(tasks)) }

func drawReserve(seatFee math.Int, policy Policy) math.Int {
	return seatFee.MulRaw(int64(policy.Replicas) + spareSeats)
}

// DrawReserve returns the amount that a chunk of so many tasks may spend on draws, in the
// reward's denom.
func (j *Job) DrawReserve(tasks uint64) math.Int { return drawReserve(j.SeatFeeOf(tasks), j.Policy) }

// liabilityShare is the divisor of the liability that gives the lowest seat fee: a hundredth.
const liabilityShare = 100

// SeatFee returns the fee for a seat that was drawn but not used, per task of its chunk, in
// the reward's denom. It is the attempt fee, and at least a hundredth of the liability of a
// chunk of so many tasks, and at most the reward. The liability and the value of the reward of
// one task are in the bond denom. A requester who lets the job run pays the reward per seat,
// so a higher fee would not keep requesters from drawing again.
func (p Params) SeatFee(reward, value, liability math.Int, tasks uint64) math.Int {
	share := inReward(liability, reward, value.MulRaw(liabilityShare).Mul(math.NewIntFromUint64(tasks)))
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

// IdleFee returns the cost of a draw without a candidate for a chunk of so many tasks, in the
// reward's denom: the posting fee for DrawBytes, and at most a sixteenth of the amount that
// the chunk has set aside for draws.
func (p Params) IdleFee(job *Job, tasks uint64) math.Int {
	least := job.DrawReserve(tasks).AddRaw(idleDraws - 1).QuoRaw(idleDraws)
	return math.MinInt(least, math.MaxInt(inReward(p.PostingFee(DrawBytes), job.Reward.Amount, job.BondValue), math.OneInt()))
}

// Liability returns the amount of its node's bond that one replica of a chunk locks, in the
// bond denom, under an effective policy. bondValue is what the pay of one task is worth.
//
// If a wrong result is slashed, the liability is at least the pay of the chunk, twice that under
// QUORUM, at least the cost of the first further round that a single
// lie causes, and at least min_liability. The round after that takes place only if more than a
// third of the votes are false, and as many liabilities pay for it. Under AUDIT, a lie about
// the whole chunk is found with the probability D = q*h*s: q = audit_bps/10^4, h =
// honest_bps/10^4, and s = 1-exp(-samples), or 1 if all tasks are sampled. A lie that is not
// found gains at most the pay R of the chunk. It is a loss if D * liability >= (1-D) * R, that
// is:
//
//	liability >= R * (1-D)/D, rounded up
//
// A ring whose own auditor repeats the lie is also paid for the samples of the audit, without
// having executed anything. If it states little fuel, there are as many samples as possible:
// S = min(tasks, MaxSamples). For a chunk of several tasks, their pay is therefore part of the
// gain. Several auditors are rarely all of the ring, which then gains less:
//
//	liability >= (R * (1-D) + q*(1-h) * S * bondValue) / D, rounded up
//
// A lie about a share c of the chunk's work is found at least with q*h*(1-exp(-samples*c)),
// which is concave in c: it loses too. So that this also holds if a node that is found out
// keeps what it earned with the rest of the chunk, the liability of a chunk that is sampled
// is also at least R/(q*h*samples).
//
// If results are not slashed, a node only pays for silence and missed deadlines. The
// liability is then min_liability, and at least the fee of a missed deadline.
func (p Params) Liability(bondValue math.Int, policy Policy, slashed bool, tasks uint64) math.Int {
	pay := bondValue.Mul(math.NewIntFromUint64(tasks))
	if !slashed {
		return math.MaxInt(p.MinLiability, p.MissedFault(pay))
	}
	judged := bondValue.MulRaw(int64(policy.MostJudged(tasks)))
	liability := math.MaxInt(pay, judged.MulRaw(p.judgesPaid()))
	if policy.Kind == POLICY_KIND_QUORUM {
		liability = math.MaxInt(liability, pay.MulRaw(2))
	}
	if policy.Kind == POLICY_KIND_AUDIT {
		const whole = BasisPoints * BasisPoints * BasisPoints
		drawn := int64(policy.AuditBps) * int64(p.HonestBps) // q*h * 10^8
		samples := max(1, policy.Samples)
		found := drawn * int64(sampledBps(tasks, samples)) // D * 10^12
		gain := pay.MulRaw(whole - found)
		if tasks > 1 {
			repeated := int64(policy.AuditBps) * int64(BasisPoints-p.HonestBps) * BasisPoints // q*(1-h) * 10^12
			gain = gain.Add(bondValue.Mul(math.NewIntFromUint64(min(tasks, MaxSamples))).MulRaw(repeated))
		}
		liability = math.MaxInt(liability, gain.AddRaw(found-1).QuoRaw(found))
		if tasks > uint64(samples) {
			each := drawn * int64(samples)
			liability = math.MaxInt(liability, pay.MulRaw(BasisPoints*BasisPoints).AddRaw(each-1).QuoRaw(each))
		}
	}
	return math.MaxInt(liability, p.MinLiability)
}

// MostJudged returns the largest number of tasks of a chunk that judges execute after a
// disagreement. Each two parts disagree first about one of them. Among n sequences there are
// at most n-1 places at which two of them first differ: n-1 for the samples of replicas and
// auditors, and for all tasks of the replicas.
func (p *Policy) MostJudged(tasks uint64) uint64 {
	return min(tasks, max(1, 2*uint64(p.Replicas)+uint64(p.Auditors)-2))
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
