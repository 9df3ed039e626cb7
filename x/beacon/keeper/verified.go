package keeper

import (
	"crypto/sha256"
	"encoding/binary"
	"sync"

	"github.com/thetaedge/theta/x/beacon/types"
)

// rememberedRounds bounds what is remembered: some megabytes.
const rememberedRounds = 16_384

// verified remembers what the check of a signature has found. A pairing takes over a
// millisecond, and the same submission is looked at when it arrives, each time the mempool
// looks again, and when a block is proposed, judged and executed. What is remembered
// follows from the question alone, so that state never depends on it.
type verified struct {
	mu      sync.Mutex
	results map[[sha256.Size]byte]error
	// order is the ring of what is remembered, the next one to forget at next.
	order [][sha256.Size]byte
	next  int
}

// check is verify, remembered.
func (v *verified) check(schedule types.Schedule, round uint64, signature []byte) error {
	question := sha256.New()
	for _, field := range [][]byte{
		binary.BigEndian.AppendUint32(nil, schedule.Id), []byte(schedule.PublicKey), binary.BigEndian.AppendUint64(nil, round), signature,
	} {
		question.Write(binary.BigEndian.AppendUint64(nil, uint64(len(field))))
		question.Write(field)
	}
	key := [sha256.Size]byte(question.Sum(nil))
	v.mu.Lock()
	result, known := v.results[key]
	v.mu.Unlock()
	if known {
		return result
	}
	result = verify(schedule, round, signature)
	v.mu.Lock()
	defer v.mu.Unlock()
	if _, known := v.results[key]; known {
		return result
	}
	if len(v.order) < rememberedRounds {
		v.order = append(v.order, key)
	} else {
		delete(v.results, v.order[v.next])
		v.order[v.next] = key
		v.next = (v.next + 1) % rememberedRounds
	}
	v.results[key] = result
	return result
}
