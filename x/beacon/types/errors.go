package types

import "cosmossdk.io/errors"

// Refusals of the module, one per decision that a caller makes.
var (
	// ErrInvalidParams asks to correct the named parameter.
	ErrInvalidParams = errors.Register(ModuleName, 2, "invalid parameter")
	// ErrFutureRound asks to wait until the round's time has come.
	ErrFutureRound = errors.Register(ModuleName, 3, "round is not due yet")
	// ErrDuplicateRound says that nothing is left to do: the round is known.
	ErrDuplicateRound = errors.Register(ModuleName, 4, "round is already known")
	// ErrOldRound says that the round is past retention and never accepted again.
	ErrOldRound = errors.Register(ModuleName, 5, "round is older than retention")
	// ErrInvalidSignature asks to fetch the round anew: the bytes are no signature.
	ErrInvalidSignature = errors.Register(ModuleName, 6, "invalid signature encoding")
	// ErrForgedRound says that the source lies, or serves another network.
	ErrForgedRound = errors.Register(ModuleName, 7, "signature does not verify under the beacon's public key")
	// ErrUnknownRound says that the round is not known here.
	ErrUnknownRound = errors.Register(ModuleName, 8, "round is not known")
	// ErrUnknownHeight says that the height is not pinned: still to come, or pruned.
	ErrUnknownHeight = errors.Register(ModuleName, 9, "height is not pinned")
	// ErrInvalidRound asks for a round number from 1 up.
	ErrInvalidRound = errors.Register(ModuleName, 10, "invalid round number")
)
