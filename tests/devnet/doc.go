// Package devnet runs a whole network of real binaries on this machine: a validator, a beacon
// signer and its relay of rounds, a blob relay, a faucet and edge nodes. The kernel assigns
// ports, all files are under one folder, and every process that was started is stopped again.
//
// It is used by cmd/devnet, by the demo (cmd/demo) and by the system tests.
package devnet
