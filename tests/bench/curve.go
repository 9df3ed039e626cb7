//go:build cgo

package bench

// Signatures is the implementation that verifies the signatures of transactions.
const Signatures = "libsecp256k1 of go-ethereum"
