// Package devnet runs a whole network of real binaries on this machine: a
// validator, a beacon signer and its relay of rounds, a blob relay, a faucet and
// edge nodes. Ports come from the kernel, everything lies under one folder, and
// all that was started is stopped again.
//
// It serves people (cmd/devnet), the demo (cmd/demo) and the system tests.
package devnet
