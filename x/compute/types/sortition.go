package types

import (
	"encoding/binary"
	"math/big"
	"math/bits"

	"cosmossdk.io/math"

	sdk "github.com/cosmos/cosmos-sdk/types"
)

const (
	ticketSize = 16 // in bytes
	// RankSize is the length of a rank in bytes.
	RankSize = 29
	// rankShift scales tickets so that dividing by a weight keeps precision: weights are
	// below 2^96.
	rankShift = 96
	// maxWidening bounds how often redraws double the threshold.
	maxWidening = 16
)

// Rank returns an operator's rank in a draw, big endian: ticket / weight, where the ticket is
// uniformly distributed. Lower ranks come first. Because of the division, the chance of a low
// rank is proportional to the weight, so that a bond that is split over several nodes is not
// drawn more often than the same bond in one node.
//
// The weight must be above 0 and below 2^96.
func Rank(seed []byte, job JobID, task uint64, round, attempt uint32, operator sdk.AccAddress, weight math.Int) []byte {
	t := new(big.Int).SetBytes(ticket(seed, job, task, round, attempt, operator))
	t.Lsh(t, rankShift)
	t.Quo(t, weight.BigInt())
	return t.FillBytes(make([]byte, RankSize))
}

// Threshold returns the rank below which a node is eligible, big endian. About factor nodes
// are eligible per slot, whatever the size of the class. The threshold doubles with every
// redraw, so that a draw ends even if most nodes are asleep.
//
// The class weight must be above 0.
func Threshold(factor, slots, attempt uint32, classWeight math.Int) []byte {
	t := new(big.Int).SetUint64(uint64(factor) * uint64(slots))
	t.Lsh(t, ticketSize*8+rankShift+uint(min(attempt, maxWidening)))
	t.Quo(t, classWeight.BigInt())
	limit := new(big.Int).Lsh(big.NewInt(1), RankSize*8)
	if t.Cmp(limit) >= 0 {
		t.Sub(limit, big.NewInt(1))
	}
	return t.FillBytes(make([]byte, RankSize))
}

// AuditDrawn reports whether a seed draws the audit of a task, which happens with the
// probability points/10^4. The seed must not have been known to any party when the last
// replica committed.
func AuditDrawn(seed []byte, job JobID, task uint64, points uint32) bool {
	v := binary.BigEndian.Uint64(hash(auditDomain, seed, job.Bytes(), uint64Bytes(task)))
	// v/2^64 < points/10^4, without fractions: the high word of v * 10^4.
	high, _ := bits.Mul64(v, BasisPoints)
	return high < uint64(points)
}
