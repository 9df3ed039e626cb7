// Package client is the requester's side of the compute market. It packs a job file, shows
// what the job can cost, posts the job, watches its nodes, downloads its result, and checks
// the result against what the chain has recorded.
//
// It talks to the chain over any gRPC connection, and signs through Signer. The thetad
// command line uses it, and other programs can use it too.
package client
