package types

import (
	"cosmossdk.io/math"
)

// NextBaseFee returns the price of a unit of gas after a block whose ordinary transactions
// asked for gas in total, in the unit of base and floor. If gas equals the target, the price
// does not change. Otherwise it changes in proportion to the distance from the target, by
// base/change_denominator at twice the target, and at least by one. It is never below floor,
// and never above the larger of floor and max_base_fee. If the block does not have a gas
// limit, it is the floor.
func (p Params) NextBaseFee(base, floor math.Int, gas uint64, budget Budget) math.Int {
	target := share(budget.Ordinary, p.TargetBps)
	if !budget.Limited || target == 0 {
		return floor
	}
	highest := math.MaxInt(floor, p.MaxBaseFee)
	base = math.MinInt(math.MaxInt(base, floor), highest)
	gas = min(gas, budget.Ordinary)
	var next math.Int
	switch {
	case gas > target:
		next = base.Add(p.change(base, gas-target, target))
	case gas < target:
		next = base.Sub(p.change(base, target-gas, target))
	default:
		next = base
	}
	return math.MinInt(math.MaxInt(next, floor), highest)
}

func (p Params) change(base math.Int, distance, target uint64) math.Int {
	part := base.Mul(math.NewIntFromUint64(distance)).
		Quo(math.NewIntFromUint64(target)).QuoRaw(int64(p.ChangeDenominator))
	return math.MaxInt(part, math.OneInt())
}

// headroom is the percentage that Offer adds to a base fee above the floor. Two full blocks
// raise the base fee by as much.
const headroom = 27

// Offer returns the price of a unit of gas that a transaction should pay to get into one of
// the next blocks, in the unit of base and floor. It is the floor or, if the base fee is
// above that, enough for two more full blocks.
func Offer(base, floor math.Int) math.Int {
	if !base.GT(floor) {
		return floor
	}
	return base.Add(base.MulRaw(headroom).QuoRaw(100))
}

// Burned returns the part of its fee that a transaction with a gas limit burns: the base
// fee's excess over the floor.
func Burned(base, floor math.Int, gas uint64) math.Int {
	if !base.GT(floor) {
		return math.ZeroInt()
	}
	return base.Sub(floor).Mul(math.NewIntFromUint64(gas))
}
