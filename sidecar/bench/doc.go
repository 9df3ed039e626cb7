// Package bench measures how much fuel of each profile a machine burns in a second. It runs
// programs of its own as programs of requesters are run: by the node's executor, in worker
// processes, on the node's device, with a trace, and in as many places at once as the node has. The
// slowest of them bounds what the node can promise between two blocks.
//
// The programs of wasm/1 are small loops (programs.go). Those of tensor/1 (replay.go) repeat the
// operations that tensortest.Loads lists.
package bench
