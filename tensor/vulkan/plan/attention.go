package plan

import (
	"math/bits"

	"github.com/thetaedge/theta/tensor"
)

// masked returns a mask as parameters.
func masked(m tensor.Mask) []uint32 { return []uint32{flag(m.Causal, 1), m.Base, m.Window} }

// rope is [Rows, Heads].
func (o operands) rope(op *tensor.Rope) domain {
	heads, dim, half := uint64(op.Heads), uint64(op.Dim), uint64(op.Rotated/2)
	return domain{
		sizes: []uint64{uint64(op.Rows), heads},
		steps: []step{{0, 1}, {1, 1}},
		part: func(b box) Dispatch {
			first := (b.from[0]*heads + b.from[1]) * dim
			count := ((b.size(0)-1)*heads + b.size(1)) * dim
			angle, angles := (uint64(op.From)+b.from[0])*half, b.size(0)*half
			return Dispatch{
				Kernel:  "rope",
				Windows: []Window{o.window(0, first, count), o.window(1, angle, angles), o.window(2, angle, angles), o.window(3, first, count)},
				Params:  []uint32{uint32(count), uint32(b.size(1)), op.Dim, uint32(half)},
				Groups:  line(count),
				Work:    count * 40,
			}
		},
	}
}

// scores is [Heads, Queries, Keys]. Keys are divided first where not all of them can be bound.
func (o operands) scores(op *tensor.AttnScores, l Limits) domain {
	heads, kvHeads, queries, keys, dim := uint64(op.Heads), uint64(op.KVHeads), uint64(op.Queries), uint64(op.Keys), uint64(op.Dim)
	bound := l.rowsWithin(kvHeads*max(dim, 8), keys)
	return domain{
		sizes: []uint64{heads, queries, keys},
		steps: []step{{2, bound}, {0, 1}, {1, 1}, {2, 1}},
		part: func(b box) Dispatch {
			h, t, s := b.size(0), b.size(1), b.size(2)
			query, count := b.from[1]*heads, t*heads
			key, seen := b.from[2]*kvHeads, s*kvHeads
			return Dispatch{
				Kernel: "scores",
				Windows: []Window{
					o.window(0, query*dim, count*dim), o.window(1, query, count), o.window(2, key*dim, seen*dim), o.window(3, key, seen),
					o.window(4, (b.from[0]*queries+b.from[1])*keys+b.from[2], ((h-1)*queries+t-1)*keys+s),
				},
				Params: append(append([]uint32{op.Heads, uint32(heads / kvHeads), op.Dim / 4, uint32(s), uint32(op.UnitM), uint32(op.UnitE)}, masked(op.Mask)...),
					uint32(b.from[0]), uint32(b.from[1]), uint32(b.from[2]), op.KVHeads, op.Keys, uint32(queries*keys)),
				Groups: [3]uint64{over(s, Lanes), t, h},
				Work:   h * t * s * (dim + 60),
			}
		},
	}
}

// softmax is [Heads, Queries].
func (o operands) softmax(op *tensor.Softmax) domain {
	heads, kvHeads, queries, keys := uint64(op.Heads), uint64(op.KVHeads), uint64(op.Queries), uint64(op.Keys)
	return domain{
		sizes: []uint64{heads, queries},
		steps: []step{{0, 1}, {1, 1}},
		part: func(b box) Dispatch {
			first, rows := b.from[0]*queries+b.from[1], (b.size(0)-1)*queries+b.size(1)
			return Dispatch{
				Kernel: "softmax",
				Windows: []Window{
					o.window(0, first*keys, rows*keys), o.window(1, 0, keys*kvHeads), o.window(2, first*keys, rows*keys),
					o.window(3, first, rows), entries(Exp2),
				},
				Params: append(append([]uint32{op.Keys, flag(o.has(1), 1), op.KVHeads, uint32(heads / kvHeads)}, masked(op.Mask)...),
					uint32(b.from[0]), uint32(b.from[1]), op.Queries),
				Groups: [3]uint64{b.size(1), b.size(0), 1},
				Work:   walked(b.size(0)*b.size(1), keys, 80),
			}
		},
	}
}

// values is [Heads, Queries].
func (o operands) values(op *tensor.AttnValues) domain {
	heads, kvHeads, queries, keys, dim := uint64(op.Heads), uint64(op.KVHeads), uint64(op.Queries), uint64(op.Keys), uint64(op.Dim)
	words := dim / 4
	shared := uint32(min(bits.Len64(words-1), 7))
	return domain{
		sizes: []uint64{heads, queries},
		steps: []step{{0, 1}, {1, 1}},
		part: func(b box) Dispatch {
			h, t := b.size(0), b.size(1)
			first, rows := b.from[0]*queries+b.from[1], (h-1)*queries+t
			return Dispatch{
				Kernel: "values",
				Windows: []Window{
					o.window(0, first*keys, rows*keys), o.window(1, first, rows), o.window(2, 0, keys*kvHeads*dim),
					o.window(3, b.from[1]*heads*dim, t*heads*dim),
				},
				Params: append(append([]uint32{uint32(words), op.Keys, op.KVHeads, uint32(heads / kvHeads), op.Heads, uint32(op.Fraction)}, masked(op.Mask)...),
					uint32(b.from[0]), uint32(b.from[1]), op.Queries, shared),
				Groups: [3]uint64{over(words, 1<<shared), t, h},
				Work:   h * t * keys * dim * 4,
			}
		},
	}
}
