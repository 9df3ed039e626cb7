package types

import (
	"encoding/binary"
	"math/big"
	"math/bits"

	"cosmossdk.io/math"

	sdk "github.com/cosmos/cosmos-sdk/types"
)

const (
	ticketSize = 16 // bytes
	// RankSize is the length of a rank in bytes.
	RankSize = 29
	// rankShift scales tickets so that dividing by a weight keeps its
	// precision: weights are below 2^96.
	rankShift = 96
	// maxWidening bounds the doubling of the threshold over redraws.
	maxWidening = 16
)

// Rank returns an operator's place in a draw, big endian: ticket / weight with
// a uniform ticket. Lower goes first. Dividing by the weight makes the chance of
// a low rank proportional to it, so that a bond split over several nodes is
// drawn no more often than the same bond in one.
//
// The weight is above 0 and below 2^96.
func Rank(seed []byte, job JobID, task uint64, round, attempt uint32, operator sdk.AccAddress, weight math.Int) []byte {
	t := new(big.Int).SetBytes(ticket(seed, job, task, round, attempt, operator))
	t.Lsh(t, rankShift)
	t.Quo(t, weight.BigInt())
	return t.FillBytes(make([]byte, RankSize))
}

// Threshold returns the rank below which a node is eligible, big endian:
// about factor nodes per slot are, whatever the size of the class. It doubles
// with every redraw, so that a draw ends even where most nodes sleep.
//
// The class weight is above 0.
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

// AuditDrawn says whether a seed draws the audit of a task: with the probability
// points/10^4. The seed is one that nobody could know when the last replica
// committed.
func AuditDrawn(seed []byte, job JobID, task uint64, points uint32) bool {
	v := binary.BigEndian.Uint64(hash(auditDomain, seed, job.Bytes(), uint64Bytes(task)))
	// v/2^64 < points/10^4, without fractions: the high word of v * 10^4.
	high, _ := bits.Mul64(v, BasisPoints)
	return high < uint64(points)
}
