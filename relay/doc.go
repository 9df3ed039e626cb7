// Package relay serves content between machines that cannot reach each other: a small
// content-addressed HTTP store. Package blob has its formats, package transfer its client.
//
// Blobs are public to whoever knows their digest. Drop boxes carry results back: nodes that
// a Ledger shows at work for a box may add to it, and only the holder of its token may read
// or list it. Where no ledger can be asked, any client may add, and addresses share the room.
package relay
