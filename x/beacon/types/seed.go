package types

import "github.com/thetaedge/theta/x/beacon/bls"

// Seed is the randomness for which a height waited.
type Seed struct {
	// Round to which the height is pinned.
	Round uint64
	// Randomness of the round, 32 bytes.
	Randomness []byte
	// Height at which the round was verified on this chain.
	Height int64
}

// NewRound joins a stored proof with its schedule and number.
func NewRound(schedule uint32, round uint64, proof Proof) Round {
	return Round{
		Schedule:   schedule,
		Round:      round,
		Signature:  proof.Signature,
		Randomness: bls.Randomness(proof.Signature),
		Height:     proof.Height,
	}
}
