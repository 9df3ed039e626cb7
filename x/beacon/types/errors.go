package types

import "cosmossdk.io/errors"

// Errors of x/beacon, one for each decision that a caller makes.
var (
	// ErrInvalidParams: correct the named parameter.
	ErrInvalidParams = errors.Register(ModuleName, 2, "invalid parameter")
	// ErrFutureRound: wait until the round is due.
	ErrFutureRound = errors.Register(ModuleName, 3, "round is not due yet")
	// ErrDuplicateRound: the round is known already, so the caller is done.
	ErrDuplicateRound = errors.Register(ModuleName, 4, "round is already known")
	// ErrOldRound: the round is past retention and will never be accepted.
	ErrOldRound = errors.Register(ModuleName, 5, "round is older than retention")
	// ErrInvalidSignature: fetch the round again, because the bytes are not a signature.
	ErrInvalidSignature = errors.Register(ModuleName, 6, "invalid signature encoding")
	// ErrForgedRound: the source lies, or serves another network.
	ErrForgedRound = errors.Register(ModuleName, 7, "signature does not verify under the beacon's public key")
	// ErrUnknownRound: the round is not known on this chain.
	ErrUnknownRound = errors.Register(ModuleName, 8, "round is not known")
	// ErrUnknownHeight: the height is not pinned yet, or was pruned.
	ErrUnknownHeight = errors.Register(ModuleName, 9, "height is not pinned")
	// ErrInvalidRound: pass a round number of at least 1.
	ErrInvalidRound = errors.Register(ModuleName, 10, "invalid round number")
)
