package format

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
)

// The first bytes of a file: the magic, the version and the length of the header in bytes.
const (
	magic       = "\x89theta\r\n"
	version     = 1
	prefixBytes = len(magic) + 8
)

// ErrNotModel says that a file does not begin like a converted model.
var ErrNotModel = errors.New("not a converted model")

// File is a converted model that was opened and checked. It does not read tensors; programs load
// them from the positions it gives.
type File struct {
	Header Header
	reader io.ReaderAt
	// start is where the parts begin.
	start uint64
	parts map[string]int
}

// Open reads the header of a file of a size in bytes. It checks everything except the elements of
// tensors: that each part has its length and place, and that the file ends with the last one.
func Open(r io.ReaderAt, size int64) (*File, error) {
	prefix := make([]byte, prefixBytes)
	if size < int64(prefixBytes) {
		return nil, fmt.Errorf("%w: expected at least %d bytes, found %d", ErrNotModel, prefixBytes, size)
	}
	if err := readAt(r, 0, prefix); err != nil {
		return nil, err
	}
	if string(prefix[:len(magic)]) != magic {
		return nil, fmt.Errorf("%w: expected %q at its beginning, found %q; use a file that `thetaedge model convert` has written", ErrNotModel, magic, prefix[:len(magic)])
	}
	if v := binary.LittleEndian.Uint32(prefix[len(magic):]); v != version {
		return nil, fmt.Errorf("expected version %d of the format, found %d; convert the model again", version, v)
	}
	length := uint64(binary.LittleEndian.Uint32(prefix[len(magic)+4:]))
	start := align(uint64(prefixBytes) + length)
	if length > MaxHeader || start > uint64(size) {
		return nil, fmt.Errorf("expected a header of at most %d bytes within the file of %d, found %d; the file may be incomplete", MaxHeader, size, length)
	}
	text := make([]byte, start-uint64(prefixBytes))
	if err := readAt(r, int64(prefixBytes), text); err != nil {
		return nil, err
	}
	if len(bytes.TrimRight(text[length:], "\x00")) > 0 {
		return nil, errors.New("expected zeros after the header, found other bytes; convert the model again")
	}
	h, err := decode(text[:length])
	if err != nil {
		return nil, err
	}
	if err := h.check(); err != nil {
		return nil, fmt.Errorf("header of the model: %w", err)
	}
	f := &File{Header: h, reader: r, start: start, parts: make(map[string]int, len(h.Parts))}
	end := start
	for i, p := range h.Parts {
		f.parts[p.Name] = i
		end = start + p.Offset + p.Length
	}
	if end != uint64(size) {
		return nil, fmt.Errorf("expected a file of %d bytes, found %d; it is incomplete or was changed", end, size)
	}
	return f, nil
}

// Part returns a part, and its position in the file in bytes.
func (f *File) Part(name string) (part Part, position int64, found bool) {
	i, found := f.parts[name]
	if !found {
		return Part{}, 0, false
	}
	p := f.Header.Parts[i]
	return p, int64(f.start + p.Offset), true
}

// Section reads a part of type bytes. It fails if there is none of that name.
func (f *File) Section(name string) ([]byte, error) {
	p, position, found := f.Part(name)
	if !found || p.Type != Section {
		return nil, fmt.Errorf("expected a section %s in the model, found none; convert the model again", name)
	}
	if p.Length > MaxSection {
		return nil, fmt.Errorf("expected a section %s of at most %d bytes, found %d", name, MaxSection, p.Length)
	}
	text := make([]byte, p.Length)
	if err := readAt(f.reader, position, text); err != nil {
		return nil, err
	}
	return text, nil
}

// readAt fills a slice.
func readAt(r io.ReaderAt, at int64, p []byte) error {
	if n, err := r.ReadAt(p, at); n < len(p) {
		return fmt.Errorf("read %d bytes of the model from %d on: found %d: %w", len(p), at, n, err)
	}
	return nil
}
