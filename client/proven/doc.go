// Package proven reads records of the chain without trust in the node that
// answers.
//
// A node gives a record with a Merkle proof up to the app hash of its block, which
// is in the header of the next block. Headers believes a header, either because
// CometBFT's light client has followed it from a trust root, or because several
// nodes that are independent of each other show the same one; Reader checks the
// record against it. A record that is not there is proven to be absent.
package proven
