package types

import (
	"math/big"
	"time"

	"cosmossdk.io/math"
)

const (
	// DecayUnits is the whole of which Emission.decay is a part.
	DecayUnits = 100_000_000
	// MaxHistoryEpochs bounds the number of summaries that are kept.
	MaxHistoryEpochs = 100_000
	// Year is the time in which the yearly amount is minted.
	Year = 365 * 24 * time.Hour
)

// DefaultEmission mints 5 million tfuel in the first year and half as much every four years,
// in epochs of an hour, up to a supply of a billion tfuel.
func DefaultEmission() Emission {
	tfuel := math.NewIntWithDecimal(1, 18)
	return Emission{Yearly: tfuel.MulRaw(5_000_000), Decay: 1_978, MaxSupply: tfuel.MulRaw(1_000_000_000)}
}

// Validate bounds the amounts, so that sums and decimals of x/mint and x/distribution fit.
func (e Emission) Validate() error {
	for _, amount := range []struct {
		name  string
		value math.Int
	}{{"yearly", e.Yearly}, {"max_supply", e.MaxSupply}} {
		if amount.value.IsNil() || amount.value.IsNegative() || amount.value.BigInt().BitLen() > MaxAmountBits {
			return ErrInvalidParams.Wrapf("emission.%s: expected 0 to 2^%d, found %s", amount.name, MaxAmountBits, amount.value)
		}
	}
	// x/mint reads a highest supply of zero as none at all.
	if e.MaxSupply.IsZero() && !e.Yearly.IsZero() {
		return ErrInvalidParams.Wrapf("emission.max_supply: expected a positive amount with a yearly amount of %s, found 0; to mint nothing, set yearly to 0", e.Yearly)
	}
	if e.Decay > DecayUnits {
		return ErrInvalidParams.Wrapf("emission.decay: expected 0 to %d, found %d", DecayUnits, e.Decay)
	}
	return nil
}

// Decayed returns the yearly amount that follows on an epoch with this one, truncated.
func (e Emission) Decayed(yearly math.Int) math.Int {
	return part(yearly, DecayUnits-int64(e.Decay), DecayUnits) //nolint:gosec // at most DecayUnits
}

// PerEpoch returns what a yearly amount mints in an epoch, truncated.
func PerEpoch(yearly math.Int, epoch time.Duration) math.Int {
	return part(yearly, int64(max(epoch, 0)), int64(Year))
}

// Room returns what may be minted until a supply reaches its highest value.
func (e Emission) Room(supply math.Int) math.Int {
	return math.MaxInt(e.MaxSupply.Sub(supply), math.ZeroInt())
}

// Validate checks a state from a genesis file.
func (s EmissionState) Validate() error {
	for _, amount := range []math.Int{s.Yearly, s.Due} {
		if amount.IsNil() || amount.IsNegative() || amount.BigInt().BitLen() > 2*MaxAmountBits {
			return ErrInvalidGenesis.Wrapf("emission: expected amounts of 0 to 2^%d, found %s", 2*MaxAmountBits, amount)
		}
	}
	if s.LastEpoch < 0 {
		return ErrInvalidGenesis.Wrapf("emission: expected a last epoch of 0 or more, found %d", s.LastEpoch)
	}
	return nil
}

// part returns numerator/denominator of an amount, truncated.
func part(amount math.Int, numerator, denominator int64) math.Int {
	product := new(big.Int).Mul(amount.BigInt(), big.NewInt(numerator))
	return math.NewIntFromBigInt(product.Quo(product, big.NewInt(denominator)))
}
