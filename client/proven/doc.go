// Package proven reads records of the chain without trusting the node that answers.
//
// A node returns a record with a Merkle proof up to the app hash of its block, which is in
// the header of the next block. Headers provides trusted headers: either CometBFT's light
// client has followed the header from a trust root, or several independent nodes show the
// same one. Reader checks the record against the header. If a record does not exist, its
// absence is proven. Follower follows headers while a daemon runs, and across its restarts.
// Endpoint reads from a node over CometBFT's RPC, and Service over gRPC.
package proven
