package types

import (
	"math/bits"

	cmtproto "github.com/cometbft/cometbft/proto/tendermint/types"
)

// Budget is how the gas of a block is divided. What is not limited has no lane: there is
// room for everything.
type Budget struct {
	// Limited says that the block has a limit.
	Limited bool
	// Block is all of it: Lane and Ordinary.
	Block, Lane, Ordinary uint64
	// Claims and Beacons are the most of the lane that claims and rounds of the beacon
	// take.
	Claims, Beacons uint64
	// Tx is the most that one transaction asks for.
	Tx uint64
}

// Budget divides a block. Shares are truncated, and ordinary transactions have the rest.
func (p Params) Budget(block *cmtproto.BlockParams) Budget {
	if block == nil || block.MaxGas <= 0 {
		return Budget{}
	}
	gas := uint64(block.MaxGas)
	b := Budget{Limited: true, Block: gas, Lane: share(gas, p.LaneBps), Tx: share(gas, p.TxBps)}
	b.Ordinary = gas - b.Lane
	b.Claims, b.Beacons = share(b.Lane, p.ClaimBps), share(b.Lane, p.BeaconBps)
	return b
}

// LaneTx is the most gas that a transaction of the lane asks for when items of it are due.
func (p Params) LaneTx(items uint64) uint64 {
	over, gas := bits.Mul64(p.LaneItemGas, items)
	sum, carry := bits.Add64(gas, p.LaneTxGas, 0)
	if over != 0 || carry != 0 {
		return ^uint64(0)
	}
	return sum
}

// share is a part of gas in basis points, truncated. Parameters that do not come from the
// chain may ask for more than all: that is all.
func share(gas uint64, bps uint32) uint64 {
	high, low := bits.Mul64(gas, uint64(min(bps, BasisPoints)))
	part, _ := bits.Div64(high, low, BasisPoints)
	return part
}
