package guard

import (
	"crypto/sha256"
	"math/bits"
	"slices"
	"sync"

	"github.com/thetaedge/theta/tensor"
)

// kind names calls that a back end executes in the same way: those of one operation whose operands
// have the same types, places and in-place operands, and the same parameters. Numbers that count
// keys, queries or positions are taken as alike if they have the same length in bits and the same
// last four bits, because a program that writes text has others in each step. What calls itself by another
// name executes other kernels: a card whose driver multiplied matrices last time may not do so now.
type kind struct {
	device  [8]byte
	record  [tensor.RecordBytes]byte
	shapes  [tensor.MaxOperands]tensor.Type
	offsets [tensor.MaxOperands]uint8
	same    [tensor.MaxOperands]uint8
}

// Words of an operand in a record, and the place of the first one.
const (
	operandWords = 3
	firstOperand = 2
)

// kindOf returns the kind of a call on a device whose name has a digest.
func kindOf(device [sha256.Size]byte, call tensor.Call) kind {
	var k kind
	copy(k.device[:], device[:])
	copy(k.record[:], tensor.Encode(blurred(call.Op)))
	clear(k.record[4*firstOperand:][:4*operandWords*tensor.MaxOperands])
	operands := tensor.Operands(call.Op)
	for i, o := range operands {
		if o.None() {
			continue
		}
		t := call.Buffers[i].Shape().Type
		k.shapes[i], k.offsets[i] = t, uint8(o.Offset*t.Bits()/8%64)
		k.same[i] = uint8(1 + slices.IndexFunc(operands, func(p *tensor.Operand) bool { return *p == *o }))
	}
	return k
}

// clone returns a copy of an operation.
func clone(op tensor.Op) tensor.Op {
	ops, err := tensor.Decode(tensor.Encode(op))
	if err != nil { // an operation that was decoded can be decoded
		panic(err)
	}
	return ops[0]
}

// blurred returns an operation in which numbers that count keys, queries and positions are replaced.
func blurred(op tensor.Op) tensor.Op {
	mask := func(m tensor.Mask) tensor.Mask {
		return tensor.Mask{Causal: m.Causal, Base: alike(m.Base), Window: alike(m.Window)}
	}
	switch o := op.(type) {
	case *tensor.Rope:
		p := *o
		p.From = alike(o.From)
		return &p
	case *tensor.AttnScores:
		p := *o
		p.Keys, p.Mask = alike(o.Keys), mask(o.Mask)
		return &p
	case *tensor.Softmax:
		p := *o
		p.Keys, p.Mask = alike(o.Keys), mask(o.Mask)
		return &p
	case *tensor.AttnValues:
		p := *o
		p.Keys, p.Mask = alike(o.Keys), mask(o.Mask)
		return &p
	case *tensor.Fill:
		p := *o
		p.Value = 0
		return &p
	case *tensor.Noise:
		p := *o
		p.Key0, p.Key1, p.Stream0, p.Stream1, p.First = 0, 0, 0, 0, o.First%4
		return &p
	}
	return op
}

// alike returns the same number for those that have the same length and the same last four bits.
func alike(n uint32) uint32 { return uint32(bits.Len32(n))<<4 | n&15 }

// Qualified are the kinds of calls that a device has computed as the reference does. It may be
// shared by all guards of one device and driver, but not by those of others.
type Qualified struct {
	mu    sync.Mutex
	kinds map[kind]struct{}
	// earlier are those that Load has read, by their digests.
	earlier map[digest]struct{}
	// added counts those that were added after that.
	added int
}

// maxKinds bounds the memory of Qualified. When there are more, it begins again.
const maxKinds = 100_000

func (q *Qualified) has(k kind) bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	if _, found := q.kinds[k]; found {
		return true
	}
	if len(q.earlier) == 0 {
		return false
	}
	if _, found := q.earlier[k.digest()]; !found {
		return false
	}
	q.keep(k)
	return true
}

func (q *Qualified) add(k kind) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if _, found := q.kinds[k]; !found {
		q.added++
	}
	q.keep(k)
}

func (q *Qualified) keep(k kind) {
	if len(q.kinds) >= maxKinds {
		q.kinds, q.earlier = nil, nil
	}
	if q.kinds == nil {
		q.kinds = map[kind]struct{}{}
	}
	q.kinds[k] = struct{}{}
}
