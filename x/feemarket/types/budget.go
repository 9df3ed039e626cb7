package types

import (
	"math/bits"

	cmtproto "github.com/cometbft/cometbft/proto/tendermint/types"
)

// Budget is the division of a block's gas. A block without a gas limit does not have a lane:
// it has room for everything.
type Budget struct {
	// Limited reports whether the block has a gas limit.
	Limited bool
	// Block is the gas limit of the block, which is divided into Lane and Ordinary.
	Block, Lane, Ordinary uint64
	// Claims and Beacons are the largest parts of the lane that claims and rounds of the
	// beacon may take.
	Claims, Beacons uint64
	// Tx is the largest gas limit of one transaction.
	Tx uint64
}

// Budget divides the gas of a block. Shares are truncated, and ordinary transactions get the
// rest.
func (p Params) Budget(block *cmtproto.BlockParams) Budget {
	if block == nil || block.MaxGas <= 0 {
		return Budget{}
	}
	gas := uint64(block.MaxGas)
	b := Budget{Limited: true, Block: gas, Lane: share(gas, p.LaneBps), Tx: max(share(gas, p.TxBps), min(gas, LeastTxGas))}
	b.Ordinary = gas - b.Lane
	b.Claims, b.Beacons = share(b.Lane, p.ClaimBps), share(b.Lane, p.BeaconBps)
	return b
}

// LaneTx returns the largest gas limit of a transaction of the lane with this many due items.
func (p Params) LaneTx(items uint64) uint64 {
	over, gas := bits.Mul64(p.LaneItemGas, items)
	sum, carry := bits.Add64(gas, p.LaneTxGas, 0)
	if over != 0 || carry != 0 {
		return ^uint64(0)
	}
	return sum
}

// share returns a part of gas in basis points, truncated. Parameters that do not come from
// the chain may exceed the whole; the result is then gas.
func share(gas uint64, bps uint32) uint64 {
	high, low := bits.Mul64(gas, uint64(min(bps, BasisPoints)))
	part, _ := bits.Div64(high, low, BasisPoints)
	return part
}
