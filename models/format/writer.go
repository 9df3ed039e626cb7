package format

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
)

// Writer creates the file of a model from its beginning to its end.
type Writer struct {
	w      io.Writer
	header Header
	// next is the part that is being written, of which `done` bytes are there.
	next int
	done uint64
	// at counts the bytes of parts, with the zeros between them.
	at uint64
}

// NewWriter begins a file. It fills in the offsets and lengths of the parts; their other fields
// have to be there. It fails if the header breaks a rule of the format.
func NewWriter(w io.Writer, h Header) (*Writer, error) {
	parts, err := place(h.Parts)
	if err != nil {
		return nil, err
	}
	h.Parts = parts
	if err := h.check(); err != nil {
		return nil, err
	}
	text, err := h.encode()
	if err != nil {
		return nil, err
	}
	if len(text) > MaxHeader {
		return nil, fmt.Errorf("expected a header of at most %d bytes, found %d", MaxHeader, len(text))
	}
	start := append([]byte(magic), 0, 0, 0, 0, 0, 0, 0, 0)
	binary.LittleEndian.PutUint32(start[len(magic):], version)
	binary.LittleEndian.PutUint32(start[len(magic)+4:], uint32(len(text)))
	start = append(start, text...)
	start = append(start, make([]byte, align(uint64(len(start)))-uint64(len(start)))...)
	if _, err := w.Write(start); err != nil {
		return nil, err
	}
	return &Writer{w: w, header: h}, nil
}

// Write writes the next bytes of a part. Parts are written in the order of the header, each as a
// whole or piece by piece.
func (w *Writer) Write(name string, p []byte) error {
	if w.next < len(w.header.Parts) && w.done == w.header.Parts[w.next].Length {
		w.next, w.done = w.next+1, 0
	}
	if w.next == len(w.header.Parts) || w.header.Parts[w.next].Name != name {
		return fmt.Errorf("expected the parts in the order of the header, found %s out of order", name)
	}
	part := w.header.Parts[w.next]
	if uint64(len(p)) > part.Length-w.done {
		return fmt.Errorf("expected %d bytes of %s, found %d after %d", part.Length, name, len(p), w.done)
	}
	if w.at < part.Offset {
		if _, err := w.w.Write(make([]byte, part.Offset-w.at)); err != nil {
			return err
		}
		w.at = part.Offset
	}
	if _, err := w.w.Write(p); err != nil {
		return err
	}
	w.done += uint64(len(p))
	w.at += uint64(len(p))
	return nil
}

// Close fails if a part is missing or incomplete. It does not close the file below.
func (w *Writer) Close() error {
	if last := len(w.header.Parts) - 1; last >= 0 && (w.next != last || w.done != w.header.Parts[last].Length) {
		return errors.New("expected all parts of the header, found that some are missing")
	}
	return nil
}
