//go:build libsecp256k1_sdk

package bench

// Signatures is the implementation that verifies signatures.
const Signatures = "libsecp256k1"
