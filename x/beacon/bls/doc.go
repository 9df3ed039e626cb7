// Package bls verifies and creates signatures of drand's scheme bls-unchained-g1-rfc9380:
// BLS12-381, signatures on G1, public keys on G2, message sha256(round as 8 bytes, big
// endian).
//
// The arithmetic is kyber-bls12381, the library with which the drand network itself signs and
// verifies, so that chain and network cannot disagree about which rounds are valid. It does
// not need a C compiler, and field arithmetic is exact, so every machine comes to the same
// result. Its decoder refuses coordinates that are not below the field's modulus, and points
// outside of the subgroup of prime order. This package adds two checks that the scheme
// requires: it refuses the point at infinity, and any encoding that differs from the one that
// the point encodes to. A round therefore has exactly one valid signature, byte for byte.
package bls
