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

// weights are what the guard knows of a matrix: the sums over its rows.
type weights struct {
	// columns are the sums, modulo 2^32.
	columns []uint32
	// block divides N. The sum of so many columns of a product fits 32 bits, whatever it is multiplied
	// with. It is 1 if there is no such number that is worth it.
	block uint64
	// digits is where the sums, times a factor, lie on the device as numbers of eight bits. A device that
	// is wrong in the same way in two products is found by the factor, which is random and odd.
	digits place
	factor uint32
}

// place is a place in a tensor of the device; the zero value is none.
type place struct {
	held   tensor.Buffer
	offset uint64
}

const (
	// mostBlock bounds the rows that are added in lanes of 16 bits.
	mostBlock = 256
	// leastBlock is the number of columns from which on their sum takes less time than a copy.
	leastBlock = 8
)

// divisor returns the largest divisor of n that is at most `most`, which is at least 1.
func divisor(n, most uint64) uint64 {
	for d := min(n, max(most, 1)); ; d-- {
		if n%d == 0 {
			return d
		}
	}
}

// counter adds up the rows of a matrix in blocks.
type counter struct {
	n, k, block uint64
	// lanes are sums of eight elements in two words: of the even ones and of the odd ones, each with
	// 128 more, in 16 bits.
	lanes []uint64
	// rows is the number of rows in lanes.
	rows    uint64
	columns []uint32
	// largest is the largest sum of the magnitudes of the sums of a block.
	largest uint64
}

func newCounter(n, k uint64) *counter {
	c := &counter{n: n, k: k, block: divisor(n, mostBlock), lanes: make([]uint64, 2*((k+7)/8)), columns: make([]uint32, k)}
	if c.block < leastBlock {
		c.block = mostBlock
	}
	return c
}

const (
	evenBytes = 0x00ff00ff00ff00ff
	moreBytes = 0x8080808080808080
)

// add adds rows.
func (c *counter) add(content []byte) {
	for ; len(content) > 0; content = content[c.k:] {
		row, lanes := content[:c.k], c.lanes
		for ; len(row) >= 8; row, lanes = row[8:], lanes[2:] {
			v := binary.LittleEndian.Uint64(row) ^ moreBytes
			_ = lanes[1]
			lanes[0] += v & evenBytes
			lanes[1] += v >> 8 & evenBytes
		}
		if len(row) > 0 { // rows begin at multiples of four
			v := uint64(binary.LittleEndian.Uint32(row)) ^ moreBytes
			lanes[0] += v & evenBytes
			lanes[1] += v >> 8 & evenBytes
		}
		if c.rows++; c.rows == c.block {
			c.fold()
		}
	}
}

// fold ends a block.
func (c *counter) fold() {
	less, sizes := int32(128*c.rows), uint64(0)
	for i := range c.columns {
		lane := c.lanes[i/8*2+i%2] >> (16 * (i % 8 / 2))
		sum := int32(uint16(lane)) - less
		c.columns[i] += uint32(sum)
		sizes += uint64(max(sum, -sum))
	}
	clear(c.lanes)
	c.largest, c.rows = max(c.largest, sizes), 0
}

// mostElement is the largest magnitude of an element of A or W.
const mostElement = 128

// weights returns what was counted.
func (c *counter) weights() *weights {
	if c.rows > 0 {
		c.fold()
	}
	w := &weights{columns: c.columns, block: c.block}
	if w.block > c.n || c.n%w.block != 0 || c.largest*mostElement >= 1<<31 {
		// Whatever the weights are, a sum of products has at most this size.
		w.block = divisor(c.n, (1<<31-1)/(mostElement*mostElement*c.k))
	}
	if w.block < leastBlock {
		w.block = 1
	}
	return w
}

// library has what is known of weights.
type library struct {
	device *Device
	known  map[matrix]*weights
	// words counts the sums. held are tensors for their digits, of which the last one that is used is
	// `last`, up to `used`.
	words uint64
	held  []tensor.Buffer
	last  int
	used  uint64
	// free are places of digits that are not used any more, by the number of sums.
	free map[uint64][]place
}

const (
	// maxWords bounds the sums of weights. When there are more, it begins again.
	maxWords = 16 << 20
	// digits is the number of digits of a sum, and shelf the size of a tensor for them.
	digits = 4
	shelf  = 2 << 20
)

// full reports whether there may not be room for more. What it has may be in use until all calls have ended.
func (l *library) full() bool {
	return l.words > maxWords-tensor.MaxK || l.last >= maxWords*digits/shelf-1
}

// clear forgets all weights. No call that uses them may be under way.
func (l *library) clear() { l.known, l.free, l.words, l.last, l.used = nil, nil, 0, 0, 0 }

// forget drops what is known of the weights in a tensor. Calls under way may use it: what takes the places of
// digits is written after them.
func (l *library) forget(b *buffer) {
	for _, m := range b.summed {
		w, found := l.known[m]
		if !found {
			continue
		}
		delete(l.known, m)
		if l.words -= m.k; w.digits.held != nil {
			l.free[m.k] = append(l.free[m.k], w.digits)
		}
	}
	b.summed = nil
}

// of returns what is known of weights, which it reads once; nil if there is no time for it.
func (l *library) of(m matrix) (*weights, error) {
	if w, found := l.known[m]; found {
		return w, nil
	}
	if !l.device.pace.allows() {
		return nil, nil
	}
	defer l.device.pace.compare()()
	c := newCounter(m.n, m.k)
	const most = 1 << 20
	together := max(most/m.k, 1)
	for row := uint64(0); row < m.n; row += together {
		content, err := newView(l.device.inner).content(m.held.inner, block(m.offset+row*m.k, min(together, m.n-row)*m.k))
		if err != nil {
			return nil, err
		}
		c.add(content)
	}
	if l.known == nil {
		l.known, l.free = map[matrix]*weights{}, map[uint64][]place{}
	}
	w := c.weights()
	l.known[m], l.words = w, l.words+m.k
	m.held.summed = append(m.held.summed, m)
	return w, nil
}

// onDevice returns where the sums of weights, times their factor, lie on the device: four rows of K numbers
// of eight bits, of which the first ones count 1, the next ones 2^8, and so on.
func (l *library) onDevice(w *weights) (place, error) {
	if w.digits.held != nil {
		return w.digits, nil
	}
	k := uint64(len(w.columns))
	at, err := l.room(k)
	if err != nil {
		return place{}, err
	}
	content := make([]byte, digits*k)
	w.factor = l.device.random.Uint32() | 1
	for i, v := range w.columns {
		v *= w.factor
		for d := range uint64(digits) {
			digit := int8(v)
			content[d*k+uint64(i)] = byte(digit)
			v = (v - uint32(int32(digit))) >> 8
		}
	}
	w.digits = at
	return at, l.device.inner.write(at.held, at.offset, content)
}

// room returns a place for the digits of k sums.
func (l *library) room(k uint64) (place, error) {
	if free := l.free[k]; len(free) > 0 {
		l.free[k] = free[:len(free)-1]
		return free[len(free)-1], nil
	}
	if l.used+digits*k > shelf {
		l.last, l.used = l.last+1, 0
	}
	if l.last == len(l.held) {
		made, err := l.device.inner.New(tensor.Shape{Type: tensor.S8, Count: shelf})
		if err != nil {
			return place{}, err
		}
		l.held = append(l.held, made)
	}
	at := place{l.held[l.last], l.used}
	l.used += digits * k
	return at, nil
}

// joined returns the number that digits stand for, modulo 2^32.
func joined(words []byte) uint32 {
	var sum uint32
	for i := range len(words) / 4 {
		sum += binary.LittleEndian.Uint32(words[4*i:]) << (8 * i)
	}
	return sum
}
