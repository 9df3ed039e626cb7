package types

import "cosmossdk.io/errors"

// Errors of x/rewards, one for each decision that a caller makes.
var (
	ErrInvalidParams   = errors.Register(ModuleName, 3, "invalid params")
	ErrInvalidAddress  = errors.Register(ModuleName, 4, "invalid address")
	ErrInvalidCoin     = errors.Register(ModuleName, 5, "invalid coin")
	ErrInvalidDenoms   = errors.Register(ModuleName, 6, "invalid denoms")
	ErrNothingToClaim  = errors.Register(ModuleName, 7, "nothing to claim")
	ErrInvalidGenesis  = errors.Register(ModuleName, 8, "invalid genesis")
	ErrInvalidPayout   = errors.Register(ModuleName, 10, "invalid payout")
	ErrNotCollector    = errors.Register(ModuleName, 11, "not the operator nor its worker")
	ErrInvariantBroken = errors.Register(ModuleName, 9, "invariant broken")
)
