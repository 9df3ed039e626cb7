package safetensors

import (
	"encoding/binary"
	"fmt"
	"io"
	"maps"
	"slices"
)

// File is an open file. Its methods may be called concurrently if the source allows it.
type File struct {
	source   io.ReaderAt
	start    int64 // of the elements
	entries  map[string]entry
	metadata map[string]string
}

// Read reads and checks the header of a file of size bytes. Elements stay in source.
func Read(source io.ReaderAt, size int64) (*File, error) {
	var prefix [8]byte
	if _, err := source.ReadAt(prefix[:], 0); err != nil {
		return nil, fmt.Errorf("read the length of the header: %w", err)
	}
	length := binary.LittleEndian.Uint64(prefix[:])
	if length > MaxHeader || int64(length) > size-8 {
		return nil, fmt.Errorf("expected a header of at most %d bytes in the file of %d bytes, found %d: is this a safetensors file?", MaxHeader, size, length)
	}
	header := make([]byte, length)
	if _, err := source.ReadAt(header, 8); err != nil && (err != io.EOF || length == 0) {
		return nil, fmt.Errorf("read the header: %w", err)
	}
	start := 8 + int64(length)
	entries, metadata, err := parseHeader(header, size-start)
	if err != nil {
		return nil, err
	}
	return &File{source: source, start: start, entries: entries, metadata: metadata}, nil
}

// Names returns the names of all tensors in order of the alphabet.
func (f *File) Names() []string { return slices.Sorted(maps.Keys(f.entries)) }

// Metadata returns a text of the header, such as "format".
func (f *File) Metadata(key string) string { return f.metadata[key] }

// Shape returns the dimensions of a tensor, the last of which lies closest together, and false if
// the file does not have the tensor. A tensor without dimensions has one element.
func (f *File) Shape(name string) (dims []int, found bool) {
	e, found := f.entries[name]
	if !found {
		return nil, false
	}
	shape := make([]int, len(e.Shape))
	for i, n := range e.Shape {
		shape[i] = int(n)
	}
	return shape, true
}

// Type returns the type of a tensor, and "" if the file does not have it.
func (f *File) Type(name string) Type { return f.entries[name].Type }

// Read reads len(out) elements of a tensor, from element number first on.
func (f *File) Read(name string, first int, out []float32) error {
	e, ok := f.entries[name]
	if !ok {
		return fmt.Errorf("expected a tensor %q, found none", name)
	}
	if !e.Type.floats() {
		return fmt.Errorf("tensor %q: expected F32, F16 or BF16, found %s", name, e.Type)
	}
	size := e.Type.size()
	count := (e.Offsets[1] - e.Offsets[0]) / size
	if first < 0 || int64(first) > count || int64(len(out)) > count-int64(first) {
		return fmt.Errorf("tensor %q: expected a range within %d elements, found %d from %d on", name, count, len(out), first)
	}
	// A piece at a time, so that a large tensor does not need its bytes in memory too.
	data := make([]byte, min(len(out), piece)*int(size))
	at := f.start + e.Offsets[0] + int64(first)*size
	for len(out) > 0 {
		n := min(len(out), piece)
		read, err := f.source.ReadAt(data[:n*int(size)], at)
		if read < n*int(size) {
			return fmt.Errorf("tensor %q: %w", name, err)
		}
		e.Type.decode(data, out[:n])
		out, at = out[n:], at+int64(n)*size
	}
	return nil
}

// piece is the number of elements that are read at once.
const piece = 1 << 16
