package gguf

import (
	"fmt"
	"io"
	"maps"
	"math"
	"slices"
)

// magic is "GGUF", read as a number.
const magic = 0x46554747

// Bounds of a header that no model comes near to.
const (
	maxDimensions = 4
	maxAlignment  = 1 << 20
)

// defaultAlignment is the bytes to a multiple of which tensors begin.
const defaultAlignment = 32

// tensor is an entry of the header. Shape has the last dimension closest together, in contrast to
// the file, which names the closest one first.
type tensor struct {
	kind  Type
	shape []int
	count int64
	begin int64 // from the start of the file
	bytes int64
}

// File is an open file. Its methods may be called concurrently if the source allows it.
type File struct {
	source  io.ReaderAt
	values  map[string]any
	tensors map[string]tensor
}

// Read reads and checks the header of a file of size bytes. Elements stay in source.
func Read(source io.ReaderAt, size int64) (*File, error) {
	c := newCursor(source, size)
	if m, v := c.uint32(), c.uint32(); c.err == nil && (m != magic || v != 2 && v != 3) {
		return nil, fmt.Errorf("expected a GGUF file of version 2 or 3, little-endian, found the words %#x and %#x", m, v)
	}
	tensors, values := c.count(24), c.count(12)
	f := &File{source: source, values: map[string]any{}, tensors: map[string]tensor{}}
	for range values {
		key := c.text()
		value := c.value(c.uint32(), 0)
		if _, twice := f.values[key]; twice {
			c.fail("expected each key once, found %q twice", key)
		}
		if c.err != nil {
			return nil, fmt.Errorf("metadata %q: %w", key, c.err)
		}
		f.values[key] = value
	}
	for range tensors {
		name := c.text()
		t := c.tensor()
		if _, twice := f.tensors[name]; twice {
			c.fail("expected each name once, found it twice")
		}
		if c.err != nil {
			return nil, fmt.Errorf("tensor %q: %w", name, c.err)
		}
		f.tensors[name] = t
	}
	if c.err != nil {
		return nil, c.err
	}
	return f, f.place(c.at, size)
}

// tensor reads an entry. Its begin counts from the first tensor until place is called.
func (c *cursor) tensor() tensor {
	dimensions := c.uint32()
	if dimensions > maxDimensions {
		c.fail("expected at most %d dimensions, found %d", maxDimensions, dimensions)
		return tensor{}
	}
	t := tensor{count: 1, shape: make([]int, dimensions)}
	for i := range t.shape {
		n := c.uint64()
		if n < 1 || n > math.MaxInt64/8/uint64(t.count) {
			c.fail("expected dimensions from 1 of at most 2^60 elements, found %d", n)
			return tensor{}
		}
		t.count *= int64(n)
		t.shape[len(t.shape)-1-i] = int(n)
	}
	t.kind = Type(c.uint32())
	elements, bytes := t.kind.block()
	if c.err == nil && elements == 0 {
		c.fail("expected elements of F32, F16, BF16 or Q8_0, found %s: start from a file of one of these", t.kind)
		return tensor{}
	}
	if elements > 1 && (len(t.shape) == 0 || int64(t.shape[len(t.shape)-1])%elements != 0) {
		c.fail("expected rows of a multiple of %d elements of %s, found the shape %v", elements, t.kind, t.shape)
		return tensor{}
	}
	begin := c.uint64()
	if begin > math.MaxInt64/2 {
		c.fail("expected an offset within the file, found %d", begin)
		return tensor{}
	}
	t.begin = int64(begin)
	if elements > 0 {
		t.bytes = t.count / elements * bytes
	}
	return t
}

// place turns offsets into places of the file, and refuses tensors that overlap or lie outside.
func (f *File) place(header, size int64) error {
	alignment := int64(defaultAlignment)
	if value, ok := f.values["general.alignment"]; ok {
		n, ok := value.(uint64)
		if !ok || n < 1 || n > maxAlignment || n&(n-1) != 0 {
			return fmt.Errorf("general.alignment: expected a power of two up to %d, found %v", maxAlignment, value)
		}
		alignment = int64(n)
	}
	start := (header + alignment - 1) / alignment * alignment
	names := slices.SortedFunc(maps.Keys(f.tensors), func(a, b string) int {
		return slices.Compare([]int64{f.tensors[a].begin}, []int64{f.tensors[b].begin})
	})
	var end int64
	for _, name := range names {
		t := f.tensors[name]
		if t.begin%alignment != 0 {
			return fmt.Errorf("tensor %q: expected an offset that is a multiple of %d, found %d", name, alignment, t.begin)
		}
		if t.begin < end {
			return fmt.Errorf("tensor %q: expected it behind byte %d, where another one ends, found %d", name, end, t.begin)
		}
		if t.bytes > size-start-t.begin {
			return fmt.Errorf("tensor %q: expected %d bytes from offset %d on, found %d: is the file complete?", name, t.bytes, t.begin, size-start)
		}
		end = t.begin + t.bytes
		t.begin += start
		f.tensors[name] = t
	}
	return nil
}

// Names returns the names of all tensors in order of the alphabet.
func (f *File) Names() []string { return slices.Sorted(maps.Keys(f.tensors)) }

// Shape returns the dimensions of a tensor, the last of which lies closest together, and false if
// the file does not have the tensor.
func (f *File) Shape(name string) (dims []int, found bool) {
	t, found := f.tensors[name]
	return slices.Clone(t.shape), found
}

// Value returns a value of the metadata: uint64, int64, float64, bool, string, []any of these, or
// nil if the file does not have it.
func (f *File) Value(key string) any { return f.values[key] }

// Read reads len(out) elements of a tensor, from element number first on.
func (f *File) Read(name string, first int, out []float32) error {
	t, ok := f.tensors[name]
	if !ok {
		return fmt.Errorf("expected a tensor %q, found none", name)
	}
	if first < 0 || int64(first) > t.count || int64(len(out)) > t.count-int64(first) {
		return fmt.Errorf("tensor %q: expected a range within %d elements, found %d from %d on", name, t.count, len(out), first)
	}
	elements, bytes := t.kind.block()
	var values [piece]float32
	var data [piece * 4]byte
	for len(out) > 0 {
		// Whole blocks around the range.
		block := int64(first) / elements
		skip := first - int(block*elements)
		n := min(len(out), piece-skip)
		blocks := (int64(skip+n) + elements - 1) / elements
		read, err := f.source.ReadAt(data[:blocks*bytes], t.begin+block*bytes)
		if int64(read) < blocks*bytes {
			return fmt.Errorf("tensor %q: %w", name, err)
		}
		t.kind.decode(data[:blocks*bytes], values[:blocks*elements])
		copy(out[:n], values[skip:])
		out, first = out[n:], first+n
	}
	return nil
}

// piece is the number of elements that are read at once: a multiple of the elements of a block.
const piece = 1 << 12
