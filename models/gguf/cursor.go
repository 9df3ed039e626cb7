package gguf

import (
	"bufio"
	"encoding/binary"
	"fmt"
	"io"
	"math"
)

// maxDepth bounds arrays of arrays.
const maxDepth = 4

// Numbers of the types of values of the metadata.
const (
	valueUint8 = iota
	valueInt8
	valueUint16
	valueInt16
	valueUint32
	valueInt32
	valueFloat32
	valueBool
	valueString
	valueArray
	valueUint64
	valueInt64
	valueFloat64
)

// cursor reads a header from its start on. After an error all further reads fail with it.
type cursor struct {
	reader *bufio.Reader
	at     int64 // bytes read
	size   int64 // bytes of the file
	err    error
}

func newCursor(source io.ReaderAt, size int64) *cursor {
	return &cursor{reader: bufio.NewReaderSize(io.NewSectionReader(source, 0, size), 1<<16), size: size}
}

func (c *cursor) fail(format string, args ...any) {
	if c.err == nil {
		c.err = fmt.Errorf("byte %d: "+format, append([]any{c.at}, args...)...)
	}
}

// bytes reads n bytes, and nil if the file does not have as many.
func (c *cursor) bytes(n uint64) []byte {
	if c.err != nil {
		return nil
	}
	if n > uint64(c.size-c.at) {
		c.fail("expected %d bytes, found %d up to the end of the file", n, c.size-c.at)
		return nil
	}
	out := make([]byte, n)
	if _, err := io.ReadFull(c.reader, out); err != nil {
		c.fail("%w", err)
		return nil
	}
	c.at += int64(n)
	return out
}

func (c *cursor) uint32() uint32 {
	if b := c.bytes(4); b != nil {
		return binary.LittleEndian.Uint32(b)
	}
	return 0
}

func (c *cursor) uint64() uint64 {
	if b := c.bytes(8); b != nil {
		return binary.LittleEndian.Uint64(b)
	}
	return 0
}

func (c *cursor) text() string { return string(c.bytes(c.uint64())) }

// count reads the number of things of at least size bytes that follow.
func (c *cursor) count(size int64) int {
	n := c.uint64()
	if c.err == nil && n > uint64((c.size-c.at)/size) {
		c.fail("expected at most %d things of %d bytes up to the end of the file, found %d", (c.size-c.at)/size, size, n)
	}
	if c.err != nil {
		return 0
	}
	return int(n)
}

// width returns the smallest number of bytes of a value of a type, and 0 if there is no such type.
func width(kind uint32) int64 {
	switch kind {
	case valueUint8, valueInt8, valueBool:
		return 1
	case valueUint16, valueInt16:
		return 2
	case valueUint32, valueInt32, valueFloat32:
		return 4
	case valueUint64, valueInt64, valueFloat64, valueString:
		return 8
	case valueArray:
		return 12
	}
	return 0
}

// value reads a value as uint64, int64, float64, bool, string, or []any of these.
func (c *cursor) value(kind uint32, depth int) any {
	switch kind {
	case valueString:
		return c.text()
	case valueArray:
		return c.array(depth)
	}
	b := c.bytes(uint64(width(kind)))
	if width(kind) == 0 {
		c.fail("expected a type of values from 0 to 12, found %d", kind)
	}
	if c.err != nil {
		return nil
	}
	var wide [8]byte
	copy(wide[:], b)
	word := binary.LittleEndian.Uint64(wide[:])
	switch kind {
	case valueInt8:
		return int64(int8(word))
	case valueInt16:
		return int64(int16(word))
	case valueInt32:
		return int64(int32(word))
	case valueInt64:
		return int64(word)
	case valueFloat32:
		return float64(math.Float32frombits(uint32(word)))
	case valueFloat64:
		return math.Float64frombits(word)
	case valueBool:
		return word != 0
	}
	return word
}

func (c *cursor) array(depth int) any {
	kind := c.uint32()
	if c.err == nil && width(kind) == 0 {
		c.fail("expected a type of values from 0 to 12, found %d", kind)
	}
	if depth >= maxDepth {
		c.fail("expected arrays in at most %d arrays", maxDepth)
	}
	if c.err != nil {
		return nil
	}
	n := c.count(width(kind))
	// Grown, since a value takes more memory than bytes of the file.
	var out []any
	for range n {
		out = append(out, c.value(kind, depth+1))
		if c.err != nil {
			return nil
		}
	}
	return out
}
