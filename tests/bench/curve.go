//go:build !libsecp256k1_sdk

package bench

// Signatures is the implementation that verifies signatures. A build of the chain uses
// libsecp256k1.
const Signatures = "go"
