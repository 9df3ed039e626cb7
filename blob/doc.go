// Package blob moves inputs and results between machines that cannot reach each
// other: a small content-addressed HTTP store (the relay) and the client for it.
//
// Blobs are public to whoever knows their digest. Drop boxes carry results back: whom a
// Ledger shows at work for a box may add to it, and only the holder of its token may read
// or list it. Where no ledger can be asked anybody may add, and addresses share the room.
// Nothing here trusts a peer: every byte is checked against the digest that was
// asked for, and every transfer is bounded in size and time.
package blob
