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
// and 25 if the chunk is audited. With T = 40 and an audit this is less than two slots per place.
// The node needs one more for a chunk that it claims ahead, because draws do not open when a
// place becomes free, and the last one, which the chain keeps for audits.
func SlotsFor(places int, most uint32) uint32 {
	return uint32(min(2*uint64(max(places, 1))+2, uint64(most))) //nolint:gosec // at most most
}
