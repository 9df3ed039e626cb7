package types

import (
	"encoding/binary"
	"encoding/json"
	"fmt"
	"math"
	"strconv"
	"strings"

	"cosmossdk.io/collections/codec"
)

// NoTxIndex is the transaction index of jobs that are posted outside of a transaction, such
// as those that governance posts at the end of a block.
const NoTxIndex = math.MaxUint32

const jobIDSize = 16

// JobID identifies a job by where it was posted: block height, index of the transaction in
// the block, number of the job in the transaction. Its order is that of age.
type JobID struct {
	Height uint64
	Tx     uint32
	N      uint32
}

// String returns "height-tx-n".
func (id JobID) String() string { return fmt.Sprintf("%d-%d-%d", id.Height, id.Tx, id.N) }

// Bytes returns the 16 bytes that hashes and store keys use, big endian.
func (id JobID) Bytes() []byte {
	out := make([]byte, 0, jobIDSize)
	out = binary.BigEndian.AppendUint64(out, id.Height)
	out = binary.BigEndian.AppendUint32(out, id.Tx)
	return binary.BigEndian.AppendUint32(out, id.N)
}

// ParseJobID reads "height-tx-n". It accepts only the output of String.
func ParseJobID(s string) (JobID, error) {
	parts := strings.Split(s, "-")
	if len(s) > 64 || len(parts) != 3 {
		return JobID{}, ErrInvalidJobID.Wrapf("expected \"height-tx-n\", found %.64q", s)
	}
	height, err1 := strconv.ParseUint(parts[0], 10, 63)
	tx, err2 := strconv.ParseUint(parts[1], 10, 32)
	n, err3 := strconv.ParseUint(parts[2], 10, 32)
	id := JobID{Height: height, Tx: uint32(tx), N: uint32(n)}
	if err1 != nil || err2 != nil || err3 != nil || id.String() != s {
		return JobID{}, ErrInvalidJobID.Wrapf("expected \"height-tx-n\" in decimal, found %.64q", s)
	}
	return id, nil
}

// JobIDKey is the key codec of JobID.
var JobIDKey codec.KeyCodec[JobID] = jobIDKey{}

type jobIDKey struct{}

func (jobIDKey) Encode(buffer []byte, id JobID) (int, error) {
	return copy(buffer, id.Bytes()), nil
}

func (jobIDKey) Decode(b []byte) (int, JobID, error) {
	if len(b) < jobIDSize {
		return 0, JobID{}, fmt.Errorf("%w: job id needs %d bytes, found %d", codec.ErrEncoding, jobIDSize, len(b))
	}
	return jobIDSize, JobID{
		Height: binary.BigEndian.Uint64(b),
		Tx:     binary.BigEndian.Uint32(b[8:]),
		N:      binary.BigEndian.Uint32(b[12:]),
	}, nil
}

func (jobIDKey) Size(JobID) int                                      { return jobIDSize }
func (jobIDKey) EncodeJSON(id JobID) ([]byte, error)                 { return json.Marshal(id.String()) }
func (jobIDKey) Stringify(id JobID) string                           { return id.String() }
func (jobIDKey) KeyType() string                                     { return "job_id" }
func (jobIDKey) SizeNonTerminal(JobID) int                           { return jobIDSize }
func (k jobIDKey) EncodeNonTerminal(b []byte, id JobID) (int, error) { return k.Encode(b, id) }
func (k jobIDKey) DecodeNonTerminal(b []byte) (int, JobID, error)    { return k.Decode(b) }

func (jobIDKey) DecodeJSON(b []byte) (JobID, error) {
	var s string
	if err := json.Unmarshal(b, &s); err != nil {
		return JobID{}, err
	}
	return ParseJobID(s)
}
