package table

import (
	"crypto/sha256"
	"encoding/binary"
)

// Sizes of the tables.
const (
	// Exp2Intervals is the number of intervals from 2^0 to 2^-1.
	Exp2Intervals = 1024
	// CurveIntervals is the number of intervals of a curve of gate.
	CurveIntervals = 2048
	// OctaveBits is the binary logarithm of the intervals of an octave of the normal tail.
	OctaveBits = 6
	// Octaves is the number of octaves of the normal tail.
	Octaves = 31
)

// Exp2 returns 2^-(i/1024) with 30 places after the point. No caller changes a table.
func Exp2() []int32 { return exp2[:] }

// Sigmoid returns 1/(1 + e^-x) at x = -16 + i/64 with 30 places after the point; the ends are
// 0 and 1.
func Sigmoid() []int32 { return sigmoid[:] }

// Normal returns the distribution function of the normal distribution at x = -8 + i/128 with 30
// places after the point; the ends are 0 and 1.
func Normal() []int32 { return normal[:] }

// NormalTanh returns ½(1 + tanh(√(2/π)(x + 0.044715x³))) at the same places in the same form.
func NormalTanh() []int32 { return normalTanh[:] }

// Tail returns the number that one of the normal distribution passes with the chance
// 2^(j-32)·(1 + i/64), entry 64j + i, with 24 places after the point.
func Tail() []int32 { return tail[:] }

// Digest returns the SHA-256 of a table's numbers, little-endian.
func Digest(table []int32) [32]byte {
	var bytes []byte
	for _, n := range table {
		bytes = binary.LittleEndian.AppendUint32(bytes, uint32(n))
	}
	return sha256.Sum256(bytes)
}
