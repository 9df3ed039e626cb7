package types

import (
	"cosmossdk.io/math"
)

const (
	// BasisPoints is the number of basis points of the whole.
	BasisPoints = 10_000
	// LeastTxGas is the gas that one transaction may ask for at least, as far as a block has so much. A
	// vote needs less: otherwise tx_bps could be set so low that governance cannot raise it again.
	LeastTxGas = 1_000_000
	// maxPriceBits bounds prices, so that a price times a gas limit fits into a math.Int.
	maxPriceBits = 128
	// maxDenominator bounds how slowly the base fee moves.
	maxDenominator = 1_000_000
	// maxLaneGas bounds the gas limit of a transaction of the lane, and the gas of one of its
	// items.
	maxLaneGas = 1_000_000_000
)

// DefaultParams returns the parameters of a new chain with 10^8 gas per block.
func DefaultParams() Params {
	return Params{
		LaneBps:     2_500,
		ClaimBps:    3_000,
		BeaconBps:   1_500,
		LaneTxGas:   300_000,
		LaneItemGas: 700_000, // a reveal that settles a round of about fifteen replicas
		TxBps:       2_500,
		TargetBps:   5_000,

		ChangeDenominator: 8,
		MaxBaseFee:        math.NewIntWithDecimal(1, 15), // a million times the floor of a new chain
	}
}

// NoParams returns what applies on a chain without parameters: all gas of a block is open to
// every transaction, at the floor. They are not valid as parameters.
func NoParams() Params { return Params{TxBps: BasisPoints, MaxBaseFee: math.ZeroInt()} }

// Validate checks all parameters. It returns ErrInvalidParams.
func (p Params) Validate() error {
	for _, share := range []struct {
		name      string
		value     uint32
		low, high uint32
	}{
		{"lane_bps", p.LaneBps, 0, BasisPoints / 2},
		{"claim_bps", p.ClaimBps, 0, BasisPoints},
		{"beacon_bps", p.BeaconBps, 0, BasisPoints},
		{"tx_bps", p.TxBps, 1, BasisPoints},
		{"target_bps", p.TargetBps, 1, BasisPoints},
		{"change_denominator", p.ChangeDenominator, 1, maxDenominator},
	} {
		if share.value < share.low || share.value > share.high {
			return ErrInvalidParams.Wrapf("%s: expected %d to %d, found %d", share.name, share.low, share.high, share.value)
		}
	}
	if p.ClaimBps+p.BeaconBps > BasisPoints {
		return ErrInvalidParams.Wrapf("claim_bps and beacon_bps: expected at most %d together, found %d",
			BasisPoints, p.ClaimBps+p.BeaconBps)
	}
	if p.LaneTxGas > maxLaneGas || p.LaneItemGas > maxLaneGas {
		return ErrInvalidParams.Wrapf("lane_tx_gas and lane_item_gas: expected at most %d each, found %d and %d",
			maxLaneGas, p.LaneTxGas, p.LaneItemGas)
	}
	if !priced(p.MaxBaseFee) {
		return ErrInvalidParams.Wrapf("max_base_fee: expected 0 to 2^%d, found %s", maxPriceBits, p.MaxBaseFee)
	}
	return nil
}

func priced(price math.Int) bool {
	return !price.IsNil() && !price.IsNegative() && price.BigInt().BitLen() <= maxPriceBits
}
