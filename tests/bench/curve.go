//go:build !libsecp256k1_sdk

package bench

// Signatures is what checks signatures: a build of the chain uses libsecp256k1.
const Signatures = "go"
