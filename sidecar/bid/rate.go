package bid

import (
	"math"
	"math/bits"

	edgenodetypes "github.com/thetaedge/theta/x/edgenode/types"
)

// Rate is the amount of fuel of an executor profile that one program on this machine is certain
// to burn between two blocks.
type Rate = edgenodetypes.ExecutorRate

// RateOf returns the rate of an executor profile. It is 0 if it is not known.
func (p Policy) RateOf(executor string) uint64 {
	return edgenodetypes.TaskLimits{FuelPerBlock: p.FuelPerBlock, Rates: p.Rates}.RateOf(executor)
}

// plans reports whether the time of every program is known, so that work can wait for a place. A
// profile without a rate may occupy the machine for any time.
func (p Policy) plans() bool {
	for _, rate := range p.Rates {
		if rate.FuelPerBlock == 0 {
			return false
		}
	}
	return p.FuelPerBlock > 0
}

// timeBits is the number of bits after the point of a time in blocks.
const timeBits = 32

// timeOf returns how long a program runs at the rate of its profile, in 2^-timeBits of a block,
// rounded up. It is the largest number if that is larger, or if the rate is not known.
func (p Policy) timeOf(x Program) uint64 {
	rate := p.RateOf(x.Executor)
	high, low := bits.Mul64(x.Fuel, 1<<timeBits)
	if high >= rate {
		return math.MaxUint64
	}
	time, rest := bits.Div64(high, low, rate)
	if rest > 0 {
		time = sum(time, 1)
	}
	return time
}

// limitRates returns the rates as they are declared.
func limitRates(rates []Rate) []Rate {
	var declared []Rate
	for _, rate := range rates {
		rate.FuelPerBlock = min(rate.FuelPerBlock, edgenodetypes.MaxLimit)
		declared = append(declared, rate)
	}
	return declared
}
