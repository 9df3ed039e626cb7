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
	ErrNotStaked       = errors.Register(ModuleName, 20, "earnings were not staked")
	ErrEpochNotKept    = errors.Register(ModuleName, 21, "no summary of the epoch")
	ErrInvalidGrant    = errors.Register(ModuleName, 30, "invalid grant")
	ErrGrantNotFound   = errors.Register(ModuleName, 31, "grant not found")
	ErrNotGrantee      = errors.Register(ModuleName, 32, "not the grantee")
	ErrGrantNotActive  = errors.Register(ModuleName, 33, "grant is not active")
	ErrNotGranted      = errors.Register(ModuleName, 34, "grant does not pay for this job")
	ErrGrantSpent      = errors.Register(ModuleName, 35, "budget of the grant is encumbered")
	ErrGrantDeposit    = errors.Register(ModuleName, 36, "deposit of the grant does not allow this")
	ErrGrantUnminted   = errors.Register(ModuleName, 37, "pay of the grant is not minted")
	ErrInvariantBroken = errors.Register(ModuleName, 9, "invariant broken")
)
