package tensor

import (
	"crypto/sha256"
	"encoding/binary"
	"slices"
)

// Mix64 returns what the element with an index adds to the sum over an output.
func Mix64(key, index uint64, element int32) uint64 {
	x := key + index*0x9e3779b97f4a7c15
	x ^= uint64(uint32(element)) * 0x1_0000_0001
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}

// Checksum returns the sum of Mix64 over an output whose first element has the given index,
// modulo 2^64. It can be had in parts, in any order.
func Checksum(key, first uint64, output []int32) uint64 {
	var sum uint64
	for i, element := range output {
		sum += Mix64(key, first+uint64(i), element)
	}
	return sum
}

// Trace shows that a run computed the outputs of its traced operations. It depends on a key that
// is not known before the run.
type Trace struct {
	key, state [32]byte
	// issued counts the keys of records.
	issued uint64
}

// NewTrace begins a trace.
func NewTrace(key [32]byte) *Trace {
	return &Trace{key: key, state: sha256.Sum256(append([]byte("theta/tensor/trace/1"), key[:]...))}
}

// Next returns the key for the sum of the next traced record.
func (t *Trace) Next() uint64 {
	text := append([]byte("theta/tensor/record/1"), t.key[:]...)
	hash := sha256.Sum256(binary.LittleEndian.AppendUint64(text, t.issued))
	t.issued++
	return binary.LittleEndian.Uint64(hash[:8])
}

// Fold adds a record and the sum over its output.
func (t *Trace) Fold(op Op, sum uint64) {
	text := slices.Concat(t.state[:], Encode(op))
	t.state = sha256.Sum256(binary.LittleEndian.AppendUint64(text, sum))
}

// Sum returns the trace of what has been folded.
func (t *Trace) Sum() [32]byte { return t.state }
