//go:build !cgo

package bench

// Signatures is the implementation that verifies the signatures of transactions: without cgo, the
// one in Go.
const Signatures = "go"
