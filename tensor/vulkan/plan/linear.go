package plan

import "github.com/thetaedge/theta/tensor"

// gemmKernel returns the kernel of a product of matrices for which these numbers are least, about the
// time of lanes that a processor takes: gemm computes whole tiles, gemv 4 rows with 8 columns, and
// gemmeach single elements, which needs many of them to keep a card busy. Without the choice, a program
// could pick a shape of which a kernel computes hundreds of times as much as fuel pays for.
func gemmKernel(batch, rows, cols, k uint64) string {
	tile := over(rows, tileSize) * over(cols, tileSize) * 8192 * k
	few := over(rows, 4) * (22*cols*k + 15_000*over(cols, 8))
	each := rows * cols * (40*k + 100)
	switch {
	case each < min(tile, few) && (batch*rows*cols >= 1024 || k <= 256):
		return "gemmeach"
	case few < tile:
		return "gemv"
	}
	return "gemm"
}

// tileSize is the number of rows and columns that a workgroup of gemm multiplies.
const tileSize = 64

// gemm is [Batch, M, N].
func (o operands) gemm(op *tensor.Gemm, l Limits) domain {
	m, n, k := uint64(op.M), uint64(op.N), uint64(op.K)
	strideW := n * k
	if op.SharedW {
		strideW = 0
	}
	return domain{
		sizes: []uint64{uint64(op.Batch), m, n},
		steps: []step{{0, 1}, {1, l.rowsWithin(4*n, tileSize)}, {2, tileSize}, {1, 1}, {2, 1}},
		part: func(b box) Dispatch {
			rows, cols, batch := b.size(1), b.size(2), b.size(0)
			d := Dispatch{
				Windows: []Window{
					o.window(0, (b.from[0]*m+b.from[1])*k, ((batch-1)*m+rows)*k),
					o.window(1, b.from[0]*strideW+b.from[2]*k, (batch-1)*strideW+cols*k),
					o.window(2, (b.from[0]*m+b.from[1])*n+b.from[2], ((batch-1)*m+rows-1)*n+cols),
				},
				Params: []uint32{uint32(rows), uint32(cols), uint32(k / 4), uint32(m * k / 4), uint32(strideW / 4), uint32(m * n), uint32(n), uint32(batch)},
				Groups: [3]uint64{over(cols, tileSize), over(rows, tileSize), batch},
				Work:   batch * over(rows, 4) * 4 * cols * over(k, 4),
			}
			switch d.Kernel = gemmKernel(batch, rows, cols, k); d.Kernel {
			case "gemv":
				d.Groups = [3]uint64{over(cols, 8), over(rows, 4), batch}
			case "gemmeach":
				d.Groups = line(batch * rows * cols)
			}
			return d
		},
	}
}

// expand4 is [N·K].
func (o operands) expand4(op *tensor.Expand4) domain {
	group := uint64(op.Group)
	return domain{
		sizes: []uint64{uint64(op.N) * uint64(op.K)},
		steps: []step{{0, 8}},
		part: func(b box) Dispatch {
			first, count := b.from[0], b.size(0)
			g := first / group
			groups := (b.to[0]-1)/group - g + 1
			return Dispatch{
				Kernel:  "expand4",
				Windows: []Window{o.window(0, first, count), o.window(1, g, groups), o.window(2, g, groups), o.window(3, first, count)},
				Params:  []uint32{uint32(count / 8), op.Group, uint32(first % group), o.skip(1, g), o.skip(2, g), flag(o.has(2), 1)},
				Groups:  line(count / 8),
				Work:    count * 8,
			}
		},
	}
}

// rescale is [Rows, Cols].
func (o operands) rescale(op *tensor.Rescale) domain {
	cols, each := uint64(op.Cols), uint64(1)
	flags := flag(o.bits(0) == 8, 1) | flag(o.bits(4) == 8, 2) | flag(o.has(1), 4) | flag(o.has(2), 8) |
		flag(op.OneRow, 16) | flag(op.OneCol, 32) | flag(o.has(3), 64)
	if flags&3 != 0 {
		each = 4
	}
	return domain{
		sizes: []uint64{uint64(op.Rows), cols},
		steps: []step{{0, 1}, {1, each}},
		part: func(b box) Dispatch {
			first, count := b.from[0]*cols+b.from[1], (b.size(0)-1)*cols+b.size(1)
			row, col := o.window(1, b.from[0], b.size(0)), o.window(2, b.from[1], b.size(1))
			if op.OneRow {
				row = o.window(1, 0, 1)
			}
			if op.OneCol {
				col = o.window(2, 0, 1)
			}
			threads := b.size(0) * b.size(1) / each
			return Dispatch{
				Kernel:  "rescale",
				Windows: []Window{o.window(0, first, count), row, col, o.window(3, first, count), o.window(4, first, count)},
				Params:  []uint32{uint32(threads), uint32(b.size(1)), op.Cols, uint32(op.Fraction), flags},
				Groups:  line(threads),
				Work:    threads * each * 60,
			}
		},
	}
}

// quant is [Rows].
func (o operands) quant(op *tensor.Quant) domain {
	cols := uint64(op.Cols)
	return domain{
		sizes: []uint64{uint64(op.Rows)},
		steps: []step{{0, 1}},
		part: func(b box) Dispatch {
			first, rows := b.from[0], b.size(0)
			return Dispatch{
				Kernel:  "quant",
				Windows: []Window{o.window(0, first*cols, rows*cols), o.window(1, first*cols, rows*cols), o.window(2, first, rows)},
				Params:  []uint32{op.Cols, uint32(op.Fraction)},
				Groups:  [3]uint64{rows, 1, 1},
				Work:    walked(rows, cols, 20),
			}
		},
	}
}
