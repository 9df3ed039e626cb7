// Package drand speaks drand's HTTP API on both sides: a client that checks every signature
// itself, a signer that serves a devnet's own rounds, and a relay that submits rounds from
// an endpoint to the chain.
package drand
