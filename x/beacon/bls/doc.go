// Package bls checks and makes signatures of drand's scheme
// bls-unchained-g1-rfc9380: BLS12-381, signatures on G1, public keys on G2,
// message sha256(round as 8 bytes, big endian).
//
// The arithmetic is kyber-bls12381, the library that the drand network itself
// signs and verifies with, so that chain and network cannot disagree about what
// a valid round is. It needs no C compiler, and field arithmetic is exact, so
// every machine reaches the same verdict. Its decoder refuses coordinates that
// are not below the field's modulus and points outside of the subgroup of prime
// order; this package adds what the scheme needs beyond it: no point at
// infinity, and encodings that are exactly what the point encodes to, so that a
// round has one valid signature, byte for byte.
package bls
