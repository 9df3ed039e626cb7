package types

import (
	sdk "github.com/cosmos/cosmos-sdk/types"
)

// DefaultGenesis returns the state of a chain without earnings.
func DefaultGenesis() *GenesisState {
	return &GenesisState{Params: DefaultParams()}
}

// Validate checks the records one by one and against each other.
func (g GenesisState) Validate() error {
	if err := g.Params.Validate(); err != nil {
		return err
	}
	seen := make(map[string]bool, len(g.Earnings))
	for _, earnings := range g.Earnings {
		if seen[earnings.Operator] {
			return ErrInvalidGenesis.Wrapf("expected each operator once, found %s twice", earnings.Operator)
		}
		seen[earnings.Operator] = true
		if err := ValidateCoins(earnings.Amount); err != nil {
			return ErrInvalidGenesis.Wrapf("earnings of %s: %s", earnings.Operator, err)
		}
	}
	if err := g.Pending.Validate(); err != nil {
		return ErrInvalidGenesis.Wrapf("pending: %s", err)
	}
	return nil
}

// EscrowBalance returns the part of the escrow account's balance that this state owes.
func (g GenesisState) EscrowBalance() sdk.Coins {
	sum := g.Pending.Total()
	for _, earnings := range g.Earnings {
		sum = sum.Add(earnings.Amount...)
	}
	return sum
}
