// Package chain is the sidecar's view of the chain: queries over gRPC, and
// transactions signed with one key that are sent, waited for and retried.
//
// A batch becomes transactions that fit: dispatch decides what goes together and what comes
// of a refusal, Sender prices one transaction and sends it by package client/tx, FeeCaps bound
// what it costs.
//
// It holds no protocol logic. What it reads may be a block old; callers query
// again each block and send what the chain's state asks for, which every message
// of the protocol tolerates.
package chain
