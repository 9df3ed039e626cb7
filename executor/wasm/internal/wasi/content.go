package wasi

import (
	"io"
)

// chunkBytes is the size of the pieces in which a file is held. A file that grows moves at
// most one piece, and no piece is held for zeros that the program has not written.
const chunkBytes = 64 << 10

// content is the content of a file below /out or /tmp. It takes at most twice its size of the
// host's memory. It consists of pieces of chunkBytes each, of which the last may be shorter. A
// nil piece stands for zeros.
type content struct {
	size   uint64
	chunks [][]byte
}

// resize sets the length, and fills new bytes with zeros.
func (c *content) resize(size uint64) {
	count := int((size + chunkBytes - 1) / chunkBytes)
	if size < c.size {
		clear(c.chunks[count:])
		c.chunks = c.chunks[:count]
		if last := count - 1; last >= 0 {
			c.chunks[last] = shrunk(c.chunks[last], int(size-uint64(last)*chunkBytes))
		}
	}
	for len(c.chunks) < count {
		c.chunks = append(c.chunks, nil)
	}
	if cap(c.chunks) > 2*count+8 {
		c.chunks = append([][]byte(nil), c.chunks...)
	}
	c.size = size
}

// shrunk drops the bytes beyond size, and their memory.
func shrunk(chunk []byte, size int) []byte {
	if len(chunk) <= size {
		return chunk
	}
	chunk = chunk[:size]
	if cap(chunk) > 2*size {
		chunk = append([]byte(nil), chunk...)
	}
	return chunk
}

// chunkOf returns the piece that contains an offset, and the position of the offset in this
// piece.
func chunkOf(offset uint64) (chunk, at int) {
	return int(offset / chunkBytes), int(offset % chunkBytes)
}

// writeAt stores bytes within the size.
func (c *content) writeAt(src []byte, offset uint64) {
	for len(src) > 0 {
		i, at := chunkOf(offset)
		n := min(len(src), chunkBytes-at)
		c.chunks[i] = grown(c.chunks[i], at+n)
		copy(c.chunks[i][at:], src[:n])
		src, offset = src[n:], offset+uint64(n)
	}
}

// grown returns a piece of at least size bytes. The new bytes are zero.
func grown(chunk []byte, size int) []byte {
	if size <= len(chunk) {
		return chunk
	}
	if size > cap(chunk) {
		room := min(chunkBytes, max(size, 2*cap(chunk)))
		chunk = append(make([]byte, 0, room), chunk...)
	}
	old := len(chunk)
	chunk = chunk[:size]
	clear(chunk[old:])
	return chunk
}

// readAt fills dst from an offset within the size and returns how many bytes it has read.
func (c *content) readAt(dst []byte, offset uint64) int {
	dst = dst[:min(uint64(len(dst)), c.size-offset)]
	for rest := dst; len(rest) > 0; {
		i, at := chunkOf(offset)
		n := min(len(rest), chunkBytes-at)
		held := 0
		if at < len(c.chunks[i]) {
			held = copy(rest[:n], c.chunks[i][at:])
		}
		clear(rest[held:n])
		rest, offset = rest[n:], offset+uint64(n)
	}
	return len(dst)
}

// Content is the content of an output after the program has ended.
type Content struct{ content *content }

// Size returns the size in bytes.
func (c Content) Size() uint64 { return c.content.size }

// WriteTo writes the whole content.
func (c Content) WriteTo(w io.Writer) (int64, error) {
	buffer := make([]byte, chunkBytes)
	var done uint64
	for done < c.content.size {
		n, err := w.Write(buffer[:c.content.readAt(buffer, done)])
		done += uint64(n)
		if err != nil {
			return int64(done), err
		}
	}
	return int64(done), nil
}
