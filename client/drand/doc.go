// Package drand speaks drand's HTTP API from both sides: a client that checks
// every signature itself, a signer that serves a devnet's own rounds, and the
// relay that carries rounds from an endpoint to the chain.
package drand
