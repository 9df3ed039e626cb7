package guard

import (
	"math/rand/v2"

	"github.com/thetaedge/theta/tensor"
)

// at returns the operand that is the whole of a small tensor.
func at(i int) tensor.Operand { return tensor.Operand{Tensor: tensor.Handle(i + 1)} }

// gemmProbes pairs some rows of A with some rows of W.
func gemmProbes(random *rand.Rand, o *tensor.Gemm, e effort) []probe {
	n, k := uint64(o.N), uint64(o.K)
	across := spread(random, n, 64, together)
	cost := &tensor.Gemm{Batch: 1, M: 1, N: together, K: o.K}
	down := spread(random, uint64(o.Batch)*uint64(o.M), e.within(cost), together)
	var list []probe
	for i := range max(len(down), len(across)) {
		if uint64(i)*together >= max(e.within(cost), 3*together) {
			break
		}
		r, c := down[i%len(down)], across[i%len(across)]
		b := r.from / uint64(o.M)
		r.count = min(r.count, uint64(o.M)-r.from%uint64(o.M))
		weights := b * n
		if o.SharedW {
			weights = 0
		}
		list = append(list, probe{
			op: &tensor.Gemm{A: at(0), W: at(1), Out: at(2), Batch: 1, M: uint32(r.count), N: uint32(c.count), K: o.K},
			pieces: []piece{
				block(o.A.Offset+r.from*k, r.count*k),
				block(o.W.Offset+(weights+c.from)*k, c.count*k),
				{4 * (o.Out.Offset + r.from*n + c.from), 4 * c.count, 4 * n, r.count},
			},
		})
	}
	return list
}

// pairs returns probes for some heads and queries.
func pairs(random *rand.Rand, heads, queries uint32, e effort, probeOf func(h, t uint64) probe) []probe {
	var list []probe
	for _, r := range spread(random, uint64(heads)*uint64(queries), e.within(probeOf(0, 0).op), 1) {
		list = append(list, probeOf(r.from/uint64(queries), r.from%uint64(queries)))
	}
	return list
}

// seenBy returns the mask of one query.
func seenBy(m tensor.Mask, t uint64) tensor.Mask {
	if m.Causal {
		m.Base = uint32(min(uint64(m.Base)+t, tensor.MaxDim))
	}
	return m
}

// scaleBytes is the size of a scale.
const scaleBytes = 8

// ofHead returns the pieces of a head of keys or values for all keys.
func ofHead(o tensor.Operand, keys, heads, head, size uint64) piece {
	return piece{o.Offset*size + head*size, size, heads * size, keys}
}

func scoresProbe(o *tensor.AttnScores, h, t uint64) probe {
	d, s, g := uint64(o.Dim), uint64(o.Keys), uint64(o.KVHeads)
	head, query := h/(uint64(o.Heads)/g), t*uint64(o.Heads)+h
	keys := ofHead(tensor.Operand{}, s, g, head, d)
	keys.start += o.K.Offset
	return probe{
		op: &tensor.AttnScores{
			Q: at(0), QScale: at(1), K: at(2), KScale: at(3), Out: at(4), Queries: 1, Heads: 1, KVHeads: 1, Keys: o.Keys, Dim: o.Dim,
			UnitM: o.UnitM, UnitE: o.UnitE, Mask: seenBy(o.Mask, t),
		},
		pieces: []piece{
			block(o.Q.Offset+query*d, d), block(scaleBytes*(o.QScale.Offset+query), scaleBytes),
			keys, ofHead(o.KScale, s, g, head, scaleBytes),
			block(4*(o.Out.Offset+(h*uint64(o.Queries)+t)*s), 4*s),
		},
	}
}

func softmaxProbe(o *tensor.Softmax, h, t uint64) probe {
	s, g := uint64(o.Keys), uint64(o.KVHeads)
	row := h*uint64(o.Queries) + t
	op := &tensor.Softmax{X: at(0), Out: at(2), Scale: at(3), Queries: 1, Heads: 1, KVHeads: 1, Keys: o.Keys, Mask: seenBy(o.Mask, t)}
	pieces := []piece{
		block(4*(o.X.Offset+row*s), 4*s),
		{},
		block(4*(o.Out.Offset+row*s), 4*s), block(scaleBytes*(o.Scale.Offset+row), scaleBytes),
	}
	if !o.VScale.None() {
		op.VScale, pieces[1] = at(1), ofHead(o.VScale, s, g, h/(uint64(o.Heads)/g), scaleBytes)
	}
	return probe{op, pieces}
}

func valuesProbe(o *tensor.AttnValues, h, t uint64) probe {
	d, s, g := uint64(o.Dim), uint64(o.Keys), uint64(o.KVHeads)
	row := h*uint64(o.Queries) + t
	values := ofHead(tensor.Operand{}, s, g, h/(uint64(o.Heads)/g), d)
	values.start += o.V.Offset
	return probe{
		op: &tensor.AttnValues{
			U: at(0), Scale: at(1), V: at(2), Out: at(3), Queries: 1, Heads: 1, KVHeads: 1, Keys: o.Keys, Dim: o.Dim,
			Fraction: o.Fraction, Mask: seenBy(o.Mask, t),
		},
		pieces: []piece{
			block(4*(o.U.Offset+row*s), 4*s), block(scaleBytes*(o.Scale.Offset+row), scaleBytes), values,
			block(4*(o.Out.Offset+(t*uint64(o.Heads)+h)*d), 4*d),
		},
	}
}

// gatherProbes compares some rows with those of the table that the indices name.
func gatherProbes(random *rand.Rand, o *tensor.Gather, t tensor.Type, e effort, index func(operand int, at uint64) (int32, error)) ([]probe, error) {
	row := uint64(o.Cols) * t.Bits() / 8
	var list []probe
	for _, r := range spread(random, uint64(o.Count), e.within(&tensor.Gather{Rows: 1, Cols: o.Cols, Count: 1}), 1) {
		i, err := index(1, r.from)
		if err != nil {
			return nil, err
		}
		from := uint64(min(max(int64(i), 0), int64(o.Rows)-1))
		list = append(list, probe{
			op: &tensor.Gather{Table: at(0), Index: at(1), Out: at(2), Rows: 1, Cols: o.Cols, Count: 1},
			pieces: []piece{
				block(o.Table.Offset*t.Bits()/8+from*row, row),
				{size: 4},
				block(o.Out.Offset*t.Bits()/8+r.from*row, row),
			},
		})
	}
	return list, nil
}

// copyProbes compares some blocks of the innermost dimension.
func copyProbes(random *rand.Rand, o *tensor.Copy, t tensor.Type, e effort) []probe {
	size, inner, stride := t.Bits()/8, uint64(o.Size[tensor.Dims-1]), uint64(o.FromStride[tensor.Dims-1])
	chunk := min(inner, 256)
	chunks, outer := (inner+chunk-1)/chunk, uint64(1)
	for _, n := range o.Size[:tensor.Dims-1] {
		outer *= uint64(n)
	}
	var list []probe
	for _, r := range spread(random, outer*chunks, e.rows, 1) {
		first := r.from % chunks * chunk
		count := min(chunk, inner-first)
		from, to := o.From.Offset+first*stride, o.To.Offset+first
		for d, rest := tensor.Dims-2, r.from/chunks; d >= 0; d-- {
			i := rest % uint64(o.Size[d])
			rest /= uint64(o.Size[d])
			from, to = from+i*uint64(o.FromStride[d]), to+i*uint64(o.ToStride[d])
		}
		list = append(list, probe{
			op: &tensor.Copy{
				From: at(0), To: at(1), Size: [tensor.Dims]uint32{1, 1, 1, 1, uint32(count)}, FromStride: [tensor.Dims]uint32{tensor.Dims - 1: 1},
			},
			pieces: []piece{{from * size, size, stride * size, count}, block(to*size, count*size)},
		})
	}
	return list
}
