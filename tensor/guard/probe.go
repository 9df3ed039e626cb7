package guard

import (
	"math/rand/v2"

	"github.com/thetaedge/theta/tensor"
)

// piece is a number of blocks of bytes in a tensor, `stride` bytes apart. If there are no blocks, it
// means `size` zeros.
type piece struct{ start, size, stride, times uint64 }

// block returns bytes that lie together.
func block(start, size uint64) piece { return piece{start, size, size, 1} }

// bytes returns the size of the blocks together.
func (p piece) bytes() uint64 { return p.size * max(p.times, 1) }

// span returns the number of bytes that are read for the blocks: with what lies between them, unless
// they lie far apart.
func (p piece) span() uint64 {
	if p.times == 0 || p.stride > maxRead {
		return p.bytes()
	}
	return (p.times-1)*p.stride + p.size
}

// probe is a small operation on parts of the operands of a larger one. Its operand i is the piece i,
// unless the operand is left out.
type probe struct {
	op     tensor.Op
	pieces []piece
}

// rows is a number of rows from one on.
type rows struct{ from, count uint64 }

// spread returns the first rows of a number, the last ones, and some at random: all of them if there
// are at most `most`. None has more than `together`, of which there are at most `most` in all.
func spread(random *rand.Rand, count, most, together uint64) []rows {
	together = max(min(together, most, count), 1)
	if count <= most {
		var all []rows
		for from := uint64(0); from < count; from += together {
			all = append(all, rows{from, min(together, count-from)})
		}
		return all
	}
	parts := []rows{{0, together}, {count - together, together}}
	for used := 2 * together; used+together <= most; used += together {
		parts = append(parts, rows{random.Uint64N(count - together + 1), together})
	}
	return parts
}

// together is the number of rows of a probe.
const together = 8

// effort bounds the probes of a call: rows, and the fuel of all of them if they are more than two.
type effort struct{ rows, fuel uint64 }

// within returns the number of rows for an operation with the cost of one row.
func (e effort) within(row tensor.Op) uint64 {
	return min(e.rows, max(e.fuel/max(tensor.Fuel(row)-tensor.FuelLaunch, 1), 2))
}

// probes returns small operations that stand for a call. index reads a number of 32 bits of an
// operand.
func probes(random *rand.Rand, call tensor.Call, e effort, index func(operand int, at uint64) (int32, error)) ([]probe, error) {
	switch o := call.Op.(type) {
	case *tensor.Gemm:
		return gemmProbes(random, o, e), nil
	case *tensor.AttnScores:
		return pairs(random, o.Heads, o.Queries, e, func(h, t uint64) probe { return scoresProbe(o, h, t) }), nil
	case *tensor.Softmax:
		return pairs(random, o.Heads, o.Queries, e, func(h, t uint64) probe { return softmaxProbe(o, h, t) }), nil
	case *tensor.AttnValues:
		return pairs(random, o.Heads, o.Queries, e, func(h, t uint64) probe { return valuesProbe(o, h, t) }), nil
	case *tensor.Copy:
		return copyProbes(random, o, call.Buffers[0].Shape().Type, e), nil
	case *tensor.Gather:
		return gatherProbes(random, o, call.Buffers[0].Shape().Type, e, index)
	}
	count, part := partsOf(call.Op)
	if part == nil {
		return []probe{partProbe(call, clone(call.Op))}, nil
	}
	var list []probe
	for _, r := range spread(random, count, e.within(part(0, 1)), together) {
		list = append(list, partProbe(call, part(r.from, uint32(r.count))))
	}
	return list, nil
}

// partProbe returns the probe of an operation on the tensors of a call.
func partProbe(call tensor.Call, part tensor.Op) probe {
	part = clone(part)
	operands := tensor.Operands(part)
	shape := map[tensor.Handle]tensor.Shape{}
	for i, o := range operands {
		if !o.None() {
			shape[o.Tensor] = call.Buffers[i].Shape()
		}
	}
	p := probe{op: part, pieces: make([]piece, len(operands))}
	for _, place := range tensor.Places(part, func(h tensor.Handle) (tensor.Shape, bool) { s, found := shape[h]; return s, found }) {
		// A tensor is read from multiples of four bytes on, and so are operands.
		from := place.From &^ 3
		p.pieces[place.Operand] = block(from, place.To-from)
		o := operands[place.Operand]
		*o = tensor.Operand{Tensor: at(place.Operand).Tensor, Offset: (place.From - from) * 8 / shape[o.Tensor].Type.Bits()}
	}
	return p
}
