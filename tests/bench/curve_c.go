//go:build libsecp256k1_sdk

package bench

// Signatures is what checks signatures.
const Signatures = "libsecp256k1"
