package types

import "cosmossdk.io/math"

// DefaultGenesis returns the state of a chain without a block: the base fee is the floor.
func DefaultGenesis() *GenesisState {
	return &GenesisState{Params: DefaultParams(), BaseFee: math.ZeroInt()}
}

// Validate checks the parameters and the base fee. It returns ErrInvalidParams or
// ErrInvalidGenesis.
func (g GenesisState) Validate() error {
	if err := g.Params.Validate(); err != nil {
		return err
	}
	if !priced(g.BaseFee) {
		return ErrInvalidGenesis.Wrapf("base_fee: expected 0 to 2^%d, found %s", maxPriceBits, g.BaseFee)
	}
	return nil
}
