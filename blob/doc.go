// Package blob holds what relays and their clients agree on: the digests that name content,
// the drop boxes that carry results back, the addresses of both, the signature of an upload,
// the tree over the inputs of an array, the trace and the remark that accompany a result, and the
// index and the bundles of the results of a chunk.
//
// Package relay serves content, and package transfer moves it. A blob is public to
// every party that knows its digest; only the holder of a box's token may read or list the box. No peer is
// trusted: every byte is checked against the digest that was asked for.
package blob
