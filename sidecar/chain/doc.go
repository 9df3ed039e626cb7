// Package chain is the sidecar's connection to the chain. It queries the chain over gRPC. It
// signs transactions with one key, sends them, waits for them and retries them.
//
// A batch is divided into transactions that fit. dispatch decides which items share a
// transaction and what happens after a refusal. Sender prices a transaction and sends it
// through package client/tx. FeeCaps bounds its cost.
//
// The package does not contain protocol logic. The state that it reads may be one block old.
// Callers query the chain again in each block and send what its state asks for; every message
// of the protocol tolerates that.
package chain
