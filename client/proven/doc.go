// Package proven reads records of the chain without trust in the node that
// answers.
//
// A node gives a record with a Merkle proof up to the app hash of its block, which
// is in the header of the next block. Headers believes a header, either because
// CometBFT's light client has followed it from a trust root, or because several
// nodes that are independent of each other show the same one; Reader checks the
// record against it. A record that is not there is proven to be absent. Follower
// follows headers for as long as a daemon runs, and over its restarts. Endpoint asks a
// node over CometBFT's RPC, Service over gRPC.
package proven
