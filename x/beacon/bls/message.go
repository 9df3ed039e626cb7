package bls

import (
	"crypto/sha256"
	"encoding/binary"
)

// Scheme is drand's name for the signature scheme.
const Scheme = "bls-unchained-g1-rfc9380"

// Message returns the message that the network signs for a round, 32 bytes.
func Message(round uint64) []byte {
	var b [8]byte
	binary.BigEndian.PutUint64(b[:], round)
	sum := sha256.Sum256(b[:])
	return sum[:]
}

// Randomness returns the randomness that a valid signature yields, 32 bytes.
func Randomness(signature []byte) []byte {
	sum := sha256.Sum256(signature)
	return sum[:]
}
