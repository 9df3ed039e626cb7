package types

import "github.com/thetaedge/theta/x/beacon/bls"

// Seed is the randomness that a height waited for.
type Seed struct {
	// Round that the height is pinned to.
	Round uint64
	// Randomness of the round, 32 bytes.
	Randomness []byte
	// Height at which the round was verified here.
	Height int64
}

// NewRound joins a stored proof with what names it.
func NewRound(schedule uint32, round uint64, proof Proof) Round {
	return Round{
		Schedule:   schedule,
		Round:      round,
		Signature:  proof.Signature,
		Randomness: bls.Randomness(proof.Signature),
		Height:     proof.Height,
	}
}
