package plan

import "github.com/thetaedge/theta/tensor"

// copy is the five dimensions of the operation.
func (o operands) copy(op *tensor.Copy) domain {
	bits := o.bits(0)
	each := max(32/bits, 1)
	var sizes [dims]uint64
	for i, n := range op.Size {
		sizes[i] = uint64(n)
	}
	return domain{
		sizes: sizes[:],
		steps: []step{{0, 1}, {1, 1}, {2, 1}, {3, 1}, {4, each}},
		widest: func(b box) step {
			widest, most := step{dims - 1, each}, uint64(0)
			for d := range dims {
				stride, unit := uint64(op.FromStride[d]), each
				if d < dims-1 {
					stride, unit = max(stride, uint64(op.ToStride[d])), 1
				}
				if reach := (b.size(d) - 1) * stride; reach > most && b.size(d) > unit {
					widest, most = step{d, unit}, reach
				}
			}
			return widest
		},
		part: func(b box) Dispatch {
			from, to := uint64(0), b.from[dims-1]
			fromSpan, toSpan := uint64(1), b.size(dims-1)
			threads := uint64(1)
			params := []uint32{0}
			for d := range dims {
				from += b.from[d] * uint64(op.FromStride[d])
				fromSpan += (b.size(d) - 1) * uint64(op.FromStride[d])
				if d < dims-1 {
					to += b.from[d] * uint64(op.ToStride[d])
					toSpan += (b.size(d) - 1) * uint64(op.ToStride[d])
				}
				threads *= b.size(d)
				params = append(params, uint32(b.size(d)))
			}
			threads /= each
			params[0] = uint32(threads)
			params = append(append(append(params, op.FromStride[:]...), op.ToStride[:]...), uint32(bits), o.skip(0, from))
			return Dispatch{
				Kernel:  "copy",
				Windows: []Window{o.window(0, from, fromSpan), o.window(1, to, toSpan)},
				Params:  params,
				Groups:  line(threads),
				Work:    threads * 60,
			}
		},
	}
}

// cast is [Count].
func (o operands) cast(op *tensor.Cast) domain {
	return domain{
		sizes: []uint64{uint64(op.Count)},
		steps: []step{{0, 4}},
		part: func(b box) Dispatch {
			first, n := b.from[0], b.size(0)
			return Dispatch{
				Kernel:  "cast",
				Windows: []Window{o.window(0, first, n), o.window(1, first, n)},
				Params:  []uint32{uint32(n), uint32(o.bits(0)), uint32(o.bits(1))},
				Groups:  line(over(n, 4)),
				Work:    n * 10,
			}
		},
	}
}

// gather is [Rows, Count]: each window of the table gives the rows that lie in it.
func (o operands) gather(op *tensor.Gather, l Limits) domain {
	cols := uint64(op.Cols)
	words := cols * o.bits(0) / 32
	bound := l.rowsWithin(words*4, uint64(op.Rows))
	return domain{
		sizes: []uint64{uint64(op.Rows), uint64(op.Count)},
		steps: []step{{0, bound}, {1, 1}},
		part: func(b box) Dispatch {
			row, rows, first, n := b.from[0], b.size(0), b.from[1], b.size(1)
			return Dispatch{
				Kernel:  "gather",
				Windows: []Window{o.window(0, row*cols, rows*cols), o.window(1, first, n), o.window(2, first*cols, n*cols)},
				Params:  []uint32{uint32(n * words), uint32(words), op.Rows - 1, uint32(row), uint32(rows)},
				Groups:  line(n * words),
				Work:    n * words * 12,
			}
		},
	}
}

// noise is [Count].
func (o operands) noise(op *tensor.Noise) domain {
	return domain{
		sizes: []uint64{uint64(op.Count)},
		steps: []step{{0, 4}},
		part: func(b box) Dispatch {
			first, n := b.from[0], b.size(0)
			block := op.First + first/4
			return Dispatch{
				Kernel:  "noise",
				Windows: []Window{o.window(0, first, n), entries(Tail)},
				Params: []uint32{
					uint32(n), flag(op.Gaussian, 1), op.Key0, op.Key1, op.Stream0, op.Stream1,
					uint32(block), uint32(block >> 32),
				},
				Groups: line(over(n, 4)),
				Work:   n * 60,
			}
		},
	}
}
