package types

import "cosmossdk.io/errors"

// Errors of x/feemarket, one for each decision that a caller makes.
var (
	ErrInvalidParams   = errors.Register(ModuleName, 3, "invalid params")
	ErrInvalidGenesis  = errors.Register(ModuleName, 4, "invalid genesis")
	ErrInvariantBroken = errors.Register(ModuleName, 5, "invariant broken")
	ErrTooMuchGas      = errors.Register(ModuleName, 6, "gas limit too high")
)
