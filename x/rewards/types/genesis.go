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
	if err := checkCoins("earnings", g.Earnings); err != nil {
		return err
	}
	if err := checkCoins("paid", g.Paid); err != nil {
		return err
	}
	seen := make(map[string]bool, len(g.Payouts))
	for _, rule := range g.Payouts {
		if seen[rule.Operator] {
			return ErrInvalidGenesis.Wrapf("payouts: expected each operator once, found %s twice", rule.Operator)
		}
		seen[rule.Operator] = true
		if err := rule.Payout.Validate(); err != nil {
			return ErrInvalidGenesis.Wrapf("payout of %s: %s", rule.Operator, err)
		}
	}
	if err := g.Pending.Validate(); err != nil {
		return ErrInvalidGenesis.Wrapf("pending: %s", err)
	}
	return nil
}

// checkCoins checks the coins of each operator.
func checkCoins(what string, all []Earnings) error {
	seen := make(map[string]bool, len(all))
	for _, one := range all {
		if seen[one.Operator] {
			return ErrInvalidGenesis.Wrapf("%s: expected each operator once, found %s twice", what, one.Operator)
		}
		seen[one.Operator] = true
		if err := ValidateCoins(one.Amount); err != nil {
			return ErrInvalidGenesis.Wrapf("%s of %s: %s", what, one.Operator, err)
		}
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
