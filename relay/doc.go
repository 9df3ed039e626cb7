// Package relay serves content between machines that cannot reach each other: a small
// content-addressed HTTP store. Package blob has its formats, package transfer its client.
//
// A blob is public to every party that knows its digest. Drop boxes carry results back: nodes
// that a Ledger shows at work for a box may add to it, and only the holder of its token may read
// or list it. Where no ledger can be asked, any client may add, and addresses share the room.
package relay
