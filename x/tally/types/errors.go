package types

import "cosmossdk.io/errors"

// Errors of x/tally, one for each decision that a caller makes.
var (
	ErrInvalidGenesis  = errors.Register(ModuleName, 2, "invalid genesis")
	ErrInvariantBroken = errors.Register(ModuleName, 3, "invariant broken")
	ErrNoVoting        = errors.Register(ModuleName, 4, "no voting")
	ErrInvalidAddress  = errors.Register(ModuleName, 5, "invalid address")
	ErrInvalidVote     = errors.Register(ModuleName, 6, "invalid vote")
	ErrTooManyBallots  = errors.Register(ModuleName, 7, "too many ballots")
	ErrInvalidParams   = errors.Register(ModuleName, 8, "invalid params")
	ErrNotProposer     = errors.Register(ModuleName, 9, "account may not make optimistic proposals")
	ErrNotRoutine      = errors.Register(ModuleName, 10, "message is not for optimistic proposals")
	ErrDeposit         = errors.Register(ModuleName, 11, "deposit incomplete")

	ErrTooManyProposals = errors.Register(ModuleName, 12, "too many optimistic proposals")
)
