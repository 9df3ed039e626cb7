package guard

import (
	"encoding/binary"
	"time"

	"github.com/thetaedge/theta/tensor"
)

// products checks products of matrices by their sums: over the columns of each row of the product, the
// sum is that row of A times the sum over the rows of W, modulo 2^32. W must have been written by the
// program, so that its sums are known.
//
// The device adds up all rows of the product in blocks that fit 32 bits, and multiplies A with the sums of
// W, so that little is read back. The device that multiplies wrongly may do the same in both, if it has
// another A in mind. So some rows of A, drawn at random, are read back as well and multiplied here.
type products struct {
	device  *Device
	library library
	budget  budget
	// rows holds rows of A, and words holds sums.
	rows, words tensor.Buffer
	// usedRows and usedWords count their elements.
	usedRows, usedWords uint64
	pending             []product
	drawn               map[source]draw
	// took is the time in which sums and rows were read and compared.
	took time.Duration
}

// source is the rows of A that products multiply. Several products often share them.
type source struct {
	held         *buffer
	version      uint64
	offset, m, k uint64
}

// draw is a number of rows of a source, `step` apart from `first` on, of which copies lie at `place`.
type draw struct{ first, step, count, place uint64 }

// find returns the number of a row in a draw, and whether it is there.
func (d draw) find(row uint64) (i uint64, found bool) {
	if row < d.first || (row-d.first)%d.step != 0 {
		return 0, false
	}
	i = (row - d.first) / d.step
	return i, i < d.count
}

// product is a number of rows of a product from `first` on.
type product struct {
	op           *tensor.Gemm
	weights      *weights
	first, count uint64
	drawn        draw
	// multiplied reports whether the device multiplies A with the sums of W, which is needless if all rows
	// are drawn. place is where these products lie. The sums of blocks of
	// columns follow, of which each row has `each`.
	multiplied  bool
	place, each uint64
}

// sums returns where the sums of blocks of columns lie.
func (p product) sums() uint64 {
	if p.multiplied {
		return p.place + p.count*digits
	}
	return p.place
}

// words returns the number of words that the device writes.
func (p product) words() uint64 { return p.sums() - p.place + p.count*p.each }

// Bounds of what lies on the device.
const (
	// manyRows is the number of rows of A that are read while that takes little time, and fewRows if not.
	manyRows  = 16
	fewRows   = 2
	roomRows  = 8 << 20
	roomWords = 1 << 20
)

// full reports whether there may not be room for another product.
func (p *products) full() bool {
	return p.usedRows > roomRows/2 || p.usedWords > roomWords/2 || len(p.pending) >= maxMarks || p.library.full()
}

// watch returns the calls that add up a product, to be submitted after it.
func (p *products) watch(call tensor.Call, buffers []*buffer) ([]tensor.Call, error) {
	o, is := call.Op.(*tensor.Gemm)
	if !is || buffers[1].computed {
		return nil, nil
	}
	m, n, k := uint64(o.M), uint64(o.N), uint64(o.K)
	b := p.device.random.Uint64N(uint64(o.Batch))
	of := matrix{held: buffers[1], version: buffers[1].version, offset: o.W.Offset, n: n, k: k}
	if !o.SharedW {
		of.offset += b * n * k
	}
	w, err := p.library.of(of)
	if w == nil || err != nil {
		return nil, err
	}
	if err := p.prepare(); err != nil {
		return nil, err
	}
	from := source{held: buffers[0], version: buffers[0].version, offset: o.A.Offset + b*m*k, m: m, k: k}
	kept, known := product{op: o, weights: w, place: p.usedWords, each: n / w.block}, false
	if kept.drawn, known = p.drawn[from]; !known {
		kept.drawn = p.draw(m, k)
	}
	if kept.count = min(m, roomWords/2/(kept.each+digits)); kept.count == 0 {
		return nil, nil // a row is larger than the room
	}
	kept.first = p.device.random.Uint64N(m - kept.count + 1)
	kept.multiplied = kept.drawn.count < m
	calls, err := p.calls(call, kept, from, b, known)
	if err != nil || !p.budget.spend(p.device.random, cost(calls, kept)) {
		return nil, err
	}
	if !known {
		p.drawn[from] = kept.drawn
		p.usedRows += kept.drawn.count * k
	}
	p.usedWords += kept.words()
	p.pending = append(p.pending, kept)
	return calls, nil
}

// Bounds of the time that rows of A take here: a share of all time, and what is always allowed.
const (
	rowShare = 64
	rowGrace = 200 * time.Millisecond
)

// draw chooses among m rows of k elements. They are an odd number apart, because what a device does wrongly
// often has a period of a power of two.
func (p *products) draw(m, k uint64) draw {
	d := draw{count: min(m, fewRows), place: p.usedRows}
	if p.took <= rowGrace+p.device.pace.all/rowShare {
		d.count = min(m, manyRows)
	}
	d.step = max(min(m/d.count, tensor.MaxDim/k), 1)
	d.step -= 1 - d.step%2
	d.first = p.device.random.Uint64N(m - (d.count-1)*d.step)
	return d
}

// calls returns those for a product of the matrix b of a batch. The rows that are drawn are copied unless
// they are known.
func (p *products) calls(call tensor.Call, kept product, from source, b uint64, known bool) ([]tensor.Call, error) {
	n, k := uint64(kept.op.N), from.k
	out := kept.op.Out.Offset + (b*from.m+kept.first)*n
	var calls []tensor.Call
	if kept.multiplied {
		w, err := p.library.onDevice(kept.weights)
		if err != nil {
			return nil, err
		}
		calls = append(calls, tensor.Call{
			Op: &tensor.Gemm{
				A: tensor.Operand{Tensor: 1, Offset: from.offset + kept.first*k}, W: tensor.Operand{Tensor: 2, Offset: w.offset},
				Out: tensor.Operand{Tensor: 3, Offset: kept.place}, Batch: 1, M: uint32(kept.count), N: digits, K: uint32(k), SharedW: true,
			},
			Buffers: []tensor.Buffer{call.Buffers[0], w.held, p.words},
		})
	}
	if kept.each < n {
		sum := &tensor.Sum{
			X: tensor.Operand{Tensor: 1, Offset: out}, Out: tensor.Operand{Tensor: 2, Offset: kept.sums()},
			Rows: uint32(kept.count * kept.each), Cols: uint32(n / kept.each), M: 1,
		}
		calls = append(calls, tensor.Call{Op: sum, Buffers: []tensor.Buffer{call.Buffers[2], p.words}})
	} else {
		calls = append(calls, keep(call.Buffers[2], out, p.words, kept.sums(), 1, 0, kept.count*n))
	}
	if !known {
		calls = append(calls, keep(call.Buffers[0], from.offset+kept.drawn.first*k, p.rows, kept.drawn.place, kept.drawn.count, kept.drawn.step*k, k))
	}
	return calls, nil
}

// cost returns about the fuel of calls and of what follows here.
func cost(calls []tensor.Call, kept product) uint64 {
	sum := 4 * (kept.drawn.count*uint64(kept.op.K) + kept.words())
	for _, call := range calls {
		sum += tensor.Fuel(call.Op)
	}
	return sum
}

// keep returns a call that copies rows of elements that lie `step` elements apart.
func keep(from tensor.Buffer, at uint64, to tensor.Buffer, place, rows, step, count uint64) tensor.Call {
	o := &tensor.Copy{
		From: tensor.Operand{Tensor: 1, Offset: at}, To: tensor.Operand{Tensor: 2, Offset: place},
		Size: [tensor.Dims]uint32{1, 1, 1, uint32(rows), uint32(count)}, FromStride: [tensor.Dims]uint32{0, 0, 0, uint32(step), 1},
		ToStride: [tensor.Dims - 1]uint32{0, 0, 0, uint32(count)},
	}
	return tensor.Call{Op: o, Buffers: []tensor.Buffer{from, to}}
}

// prepare makes the tensors of the copies and sums.
func (p *products) prepare() (err error) {
	if p.rows == nil {
		if p.rows, err = p.device.inner.New(tensor.Shape{Type: tensor.S8, Count: roomRows}); err != nil {
			return err
		}
	}
	if p.words == nil {
		p.words, err = p.device.inner.New(tensor.Shape{Type: tensor.S32, Count: roomWords})
	}
	return err
}

// spans are where the rows of A and the sums of all products lie.
func (p *products) spans() (rows, words span) {
	return span{of: p.rows, size: p.usedRows}, span{of: p.words, size: 4 * p.usedWords}
}

// check compares the sums of all products that have been waited for, of which rows and words were read.
func (p *products) check(rows, words []byte) error {
	began := p.device.pace.clock.now()
	for _, kept := range p.pending {
		if err := p.same(kept, rows, words); err != nil {
			return err
		}
	}
	p.took += p.device.pace.clock.now() - began
	p.pending, p.usedRows, p.usedWords = p.pending[:0], 0, 0
	clear(p.drawn)
	if p.library.full() {
		p.library.clear()
	}
	return nil
}

// same compares the sums of a product with the products of sums.
func (p *products) same(kept product, rows, words []byte) error {
	k := uint64(kept.op.K)
	for i := range kept.count {
		sum := total(words[4*(kept.sums()+i*kept.each):][:4*kept.each])
		if kept.multiplied {
			want, got := joined(words[4*(kept.place+i*digits):][:4*digits]), sum*kept.weights.factor
			if got != want {
				return p.device.doubt("gemm: expected the sum of a row times %d to be %d, found %d: %+v", kept.weights.factor, want, got, kept.op)
			}
		}
		at, found := kept.drawn.find(kept.first + i)
		if !found {
			continue
		}
		if want := weighted(rows[kept.drawn.place+at*k:][:k], kept.weights.columns); sum != want {
			return p.device.doubt("gemm: expected the sum %d of a row, found %d: %+v", want, sum, kept.op)
		}
	}
	return nil
}

// weighted returns the sum of bytes, which have signs, times numbers.
func weighted(row []byte, numbers []uint32) uint32 {
	numbers = numbers[:len(row)]
	var a, b, c, d uint32
	for ; len(row) >= 4 && len(numbers) >= 4; row, numbers = row[4:], numbers[4:] {
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
	var sum uint32
	for ; len(words) >= 4; words = words[4:] {
		sum += binary.LittleEndian.Uint32(words)
	}
	return sum
}
