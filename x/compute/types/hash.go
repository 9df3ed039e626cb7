package types

import (
	"crypto/sha256"
	"encoding/binary"

	sdk "github.com/cosmos/cosmos-sdk/types"
)

// HashSize is the length of digests, tags and commitments in bytes (SHA-256).
const HashSize = sha256.Size

// Domains separate hashes of different purposes. If the hashed fields change, the domain must
// change too.
const (
	tagDomain        = "theta/compute/tag/3"
	traceKeyDomain   = "theta/trace-key/1"
	commitmentDomain = "theta/compute/commitment/2"
	ticketDomain     = "theta/compute/ticket/1"
	auditDomain      = "theta/compute/audit/1"
)

// hash returns the SHA-256 of the domain and the fields. Each is preceded by its length as 8
// bytes, big endian, so that no two lists of fields have the same hash.
func hash(domain string, fields ...[]byte) []byte {
	h := sha256.New()
	write := func(b []byte) {
		var size [8]byte
		binary.BigEndian.PutUint64(size[:], uint64(len(b)))
		h.Write(size[:])
		h.Write(b)
	}
	write([]byte(domain))
	for _, f := range fields {
		write(f)
	}
	return h.Sum(nil)
}

func uint64Bytes(v uint64) []byte { return binary.BigEndian.AppendUint64(nil, v) }

// Tag returns the 32 bytes that represent a result in one round of one task. Equal results
// have equal tags in that round. A party without the result and its traces can neither test a
// guess against the tag nor reuse the tag in another round.
func Tag(chainID, jobID string, task uint64, shown Opening) []byte {
	fields := [][]byte{
		[]byte(chainID), []byte(jobID), uint64Bytes(task), uint64Bytes(uint64(shown.Round)),
		shown.Digest, uint64Bytes(shown.Fuel), uint64Bytes(uint64(shown.ExitCode)), shown.Trace,
	}
	if len(shown.OwnTrace) > 0 {
		fields = append(fields, shown.OwnTrace)
	}
	return hash(tagDomain, fields...)
}

// TraceKey returns the 32 bytes under which the executions of a round are traced. The seed is
// that of the round's first draw. It is not known to any party earlier, so that no trace can
// be prepared, and a trace of another job or round is useless.
func TraceKey(chainID, jobID string, task uint64, round uint32, seed []byte) []byte {
	return hash(traceKeyDomain, []byte(chainID), []byte(jobID), uint64Bytes(task), uint64Bytes(uint64(round)), seed)
}

// Commitment returns the 32 bytes that bind an operator to a tag and to what the operator
// states with it, without revealing them: the exit code of a single result, or the number of
// failed tasks of a chunk of several. They depend on the operator, so that a node that copies a
// commitment cannot reveal it.
func Commitment(operator sdk.AccAddress, tag []byte, stated uint32, salt []byte) []byte {
	return hash(commitmentDomain, operator, tag, uint64Bytes(uint64(stated)), salt)
}

// ticket returns the 16 bytes that determine an operator's rank in a draw.
func ticket(seed []byte, job JobID, task uint64, round, attempt uint32, operator sdk.AccAddress) []byte {
	return hash(ticketDomain, seed, job.Bytes(), uint64Bytes(task),
		uint64Bytes(uint64(round)), uint64Bytes(uint64(attempt)), operator)[:ticketSize]
}

// SpecDigest returns the SHA-256 of the encoded spec, 32 bytes.
func SpecDigest(spec *JobSpec) ([]byte, error) {
	bz, err := spec.Marshal()
	if err != nil {
		return nil, err
	}
	sum := sha256.Sum256(bz)
	return sum[:], nil
}
