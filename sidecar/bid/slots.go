package bid

// SlotsFor returns the number of slots with which a node keeps a number of places busy, at most
// as many as the chain allows. A place runs one program at a time.
//
// A node holds a chunk from its claim until its settlement. A place finishes a chunk in every T
// blocks, and holds it for A blocks before the program starts and for L blocks after it ends, so
// that it needs
//
//	(A + T + L) / T
//
// slots. A chunk runs for one to five minutes, T = 40 to 200 blocks of 1.5 s. Its claim needs
// about A = 10 blocks. Commitment, seed of the audit, reveal and verdict need about L = 10 blocks,
// and 25 if the chunk is audited: two slots per place. A node claims the next chunk while one runs.
//
// The third slot per place is for audits. The chain keeps the last of several slots for them, and
// lets an array have one open chunk per 1 + 4 a slots of a class, if a share a of its chunks is
// audited. If that is a tenth, three slots per place are two open chunks per place. With more
// slots, an array opens chunks that no place can take. Each of their draws costs the requester a
// fee, and the pauses between them grow, so that some are left when the array could end.
func SlotsFor(places int, most uint32) uint32 {
	return uint32(min(3*uint64(max(places, 1)), uint64(most))) //nolint:gosec // at most most
}
