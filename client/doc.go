// Package client is the requester's side of the compute market: it packs a job
// file, says what the job may cost, posts it, watches its nodes, and fetches a
// result that it checks against what the chain has recorded.
//
// It talks to the chain over any gRPC connection, and signs through Signer; the
// thetad command line is one user of it, a program of your own can be another.
package client
