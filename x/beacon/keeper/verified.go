package keeper

import (
	"crypto/sha256"
	"encoding/binary"
	"sync"

	"github.com/thetaedge/theta/x/beacon/types"
)

// rememberedRounds bounds the number of remembered results, which take up some megabytes.
const rememberedRounds = 16_384

// verified remembers the results of signature checks. A pairing takes more than a
// millisecond, and the same submission is checked when it arrives, each time the mempool
// checks it again, and when a block is proposed, judged and executed. A result depends only
// on the arguments of the check, so that the state never depends on what is remembered.
type verified struct {
	mu      sync.Mutex
	results map[[sha256.Size]byte]error
	// order is the ring of remembered keys; next is the index of the one to forget next.
	order [][sha256.Size]byte
	next  int
}

// check is verify with remembered results.
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
