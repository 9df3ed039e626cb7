package guard

import (
	"encoding/binary"

	"github.com/thetaedge/theta/tensor"
)

// matrix is N rows of K elements of a tensor, as they were at a time.
type matrix struct {
	held         *buffer
	version      uint64
	offset, n, k uint64
}

// products checks products of matrices by their sums: over the columns of each row of the product, the
// sum is that row of A times the sum over the rows of W, modulo 2^32. It keeps copies of rows of A and
// of the product on the device, until all calls have ended. W must have been written by the
// program, so that its sums are known.
type products struct {
	device *Device
	// rows holds rows of A, and out those of products.
	rows, out tensor.Buffer
	// usedRows and usedOut count their elements.
	usedRows, usedOut uint64
	pending           []product
	// known are the sums over the rows of weights, and words counts their numbers.
	known map[matrix][]uint32
	words uint64
}

// product is a number of rows whose copies begin at `rows` and `out`.
type product struct {
	rows, out, count, n, k uint64
	columns                []uint32
	op                     *tensor.Gemm
}

// Bounds of the copies.
const (
	productRows = 64
	roomRows    = 2 << 20
	roomOut     = 1 << 20
	// maxWords bounds the sums of weights. When there are more, it begins again.
	maxWords = 16 << 20
)

// full reports whether there may not be room for the copies of another product.
func (p *products) full() bool {
	return p.usedRows > roomRows/2 || p.usedOut > roomOut/2 || len(p.pending) >= maxMarks
}

// watch returns the calls that keep rows of a product, to be submitted after it.
func (p *products) watch(call tensor.Call, buffers []*buffer) ([]tensor.Call, error) {
	o, is := call.Op.(*tensor.Gemm)
	if !is || buffers[1].computed {
		return nil, nil
	}
	m, n, k := uint64(o.M), uint64(o.N), uint64(o.K)
	count := min(m, productRows, roomRows/2/k, roomOut/2/n)
	if count == 0 {
		return nil, nil // a row is larger than half of the room
	}
	b := p.device.random.Uint64N(uint64(o.Batch))
	first := b*m + p.device.random.Uint64N(m-count+1)
	weights := matrix{held: buffers[1], version: buffers[1].version, offset: o.W.Offset, n: n, k: k}
	if !o.SharedW {
		weights.offset += b * n * k
	}
	if _, found := p.known[weights]; !found && !p.device.pace.allows() {
		return nil, nil
	}
	columns, err := p.columns(weights)
	if err != nil {
		return nil, err
	}
	if err := p.prepare(); err != nil {
		return nil, err
	}
	kept := product{rows: p.usedRows, out: p.usedOut, count: count, n: n, k: k, columns: columns, op: o}
	p.usedRows, p.usedOut = p.usedRows+count*k, p.usedOut+count*n
	p.pending = append(p.pending, kept)
	return []tensor.Call{
		keep(call.Buffers[0], o.A.Offset+first*k, p.rows, kept.rows, count*k),
		keep(call.Buffers[2], o.Out.Offset+first*n, p.out, kept.out, count*n),
	}, nil
}

// keep returns a call that copies elements.
func keep(from tensor.Buffer, at uint64, to tensor.Buffer, place, count uint64) tensor.Call {
	o := &tensor.Copy{
		From: tensor.Operand{Tensor: 1, Offset: at}, To: tensor.Operand{Tensor: 2, Offset: place},
		Size: [tensor.Dims]uint32{1, 1, 1, 1, uint32(count)}, FromStride: [tensor.Dims]uint32{tensor.Dims - 1: 1},
	}
	return tensor.Call{Op: o, Buffers: []tensor.Buffer{from, to}}
}

// prepare makes the tensors of the copies.
func (p *products) prepare() (err error) {
	if p.rows == nil {
		if p.rows, err = p.device.inner.New(tensor.Shape{Type: tensor.S8, Count: roomRows}); err != nil {
			return err
		}
	}
	if p.out == nil {
		p.out, err = p.device.inner.New(tensor.Shape{Type: tensor.S32, Count: roomOut})
	}
	return err
}

// columns returns the sums over the rows of weights, which it reads once.
func (p *products) columns(w matrix) ([]uint32, error) {
	if sums, found := p.known[w]; found {
		return sums, nil
	}
	defer p.device.pace.compare()()
	sums := make([]uint32, w.k)
	const most = 1 << 20
	together := max(most/w.k, 1)
	for row := uint64(0); row < w.n; row += together {
		count := min(together, w.n-row)
		content, err := newView(p.device.inner).content(w.held.inner, block(w.offset+row*w.k, count*w.k))
		if err != nil {
			return nil, err
		}
		for len(content) > 0 {
			for i, v := range content[:w.k] {
				sums[i] += uint32(int32(int8(v)))
			}
			content = content[w.k:]
		}
	}
	if p.words += w.k; p.known == nil || p.words > maxWords {
		p.known, p.words = map[matrix][]uint32{}, w.k
	}
	p.known[w] = sums
	return sums, nil
}

// check compares the sums of all products that have been waited for.
func (p *products) check() error {
	if len(p.pending) == 0 {
		return nil
	}
	rows, out := make([]byte, p.usedRows), make([]byte, 4*p.usedOut)
	if err := p.device.inner.read(p.rows, 0, rows); err != nil {
		return err
	}
	if err := p.device.inner.read(p.out, 0, out); err != nil {
		return err
	}
	for _, kept := range p.pending {
		for i := range kept.count {
			want := weighted(rows[kept.rows+i*kept.k:][:kept.k], kept.columns)
			got := total(out[4*(kept.out+i*kept.n):][:4*kept.n])
			if want != got {
				return p.device.doubt("gemm: expected the sum %d of a row, found %d: %+v", want, got, kept.op)
			}
		}
	}
	p.pending, p.usedRows, p.usedOut = p.pending[:0], 0, 0
	return nil
}

// weighted returns the sum of bytes, which have signs, times numbers.
func weighted(row []byte, numbers []uint32) uint32 {
	numbers = numbers[:len(row)]
	var a, b, c, d uint32
	for ; len(row) >= 4; row, numbers = row[4:], numbers[4:] {
		a += uint32(int32(int8(row[0]))) * numbers[0]
		b += uint32(int32(int8(row[1]))) * numbers[1]
		c += uint32(int32(int8(row[2]))) * numbers[2]
		d += uint32(int32(int8(row[3]))) * numbers[3]
	}
	for i, v := range row {
		a += uint32(int32(int8(v))) * numbers[i]
	}
	return a + b + c + d
}

// total returns the sum of words.
func total(words []byte) uint32 {
	var low, high uint64
	for ; len(words) >= 16; words = words[16:] {
		a, b := binary.LittleEndian.Uint64(words), binary.LittleEndian.Uint64(words[8:])
		low += a&(1<<32-1) + b&(1<<32-1)
		high += a>>32 + b>>32
	}
	for ; len(words) > 0; words = words[4:] {
		low += uint64(binary.LittleEndian.Uint32(words))
	}
	return uint32(low + high)
}
