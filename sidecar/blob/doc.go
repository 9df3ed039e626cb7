// Package blob moves inputs and results between machines that cannot reach each
// other: a small content-addressed HTTP store (the relay) and the client for it.
//
// Blobs are public to whoever knows their digest. Drop boxes carry results back:
// anybody may add to a box, only the holder of its token may read or list it.
// Nothing here trusts a peer: every byte is checked against the digest that was
// asked for, and every transfer is bounded in size and time.
package blob
