package decoder

import (
	"fmt"
	"io"

	"github.com/thetaedge/theta/tensor"
)

// Machine holds tensors and executes operations on them. A program of the profile implements it
// with the imported functions, and Session natively.
type Machine interface {
	// Alloc makes a tensor of zeros.
	Alloc(shape tensor.Shape) (tensor.Handle, error)
	// Free gives up a tensor.
	Free(handle tensor.Handle) error
	// Write and Read copy bytes into a tensor and out of it, from an offset in bytes on.
	Write(handle tensor.Handle, offset uint64, p []byte) error
	Read(handle tensor.Handle, offset uint64, p []byte) error
	// Load copies bytes of the model's file, from a position on, into a tensor.
	Load(position int64, handle tensor.Handle, offset, length uint64) error
	// Submit begins operations, which take effect one after the other.
	Submit(ops ...tensor.Op) error
}

// Session is a machine on a session in the same process.
type Session struct {
	*tensor.Session
	file io.ReaderAt
	fuel uint64
}

// OnSession returns a machine that loads from a model's file.
func OnSession(s *tensor.Session, file io.ReaderAt) *Session { return &Session{Session: s, file: file} }

// loadBytes is the size of the pieces in which tensors are loaded.
const loadBytes = 1 << 20

// Load copies bytes of the file into a tensor.
func (s *Session) Load(position int64, handle tensor.Handle, offset, length uint64) error {
	piece := make([]byte, min(length, loadBytes))
	for length > 0 {
		piece = piece[:min(length, loadBytes)]
		if n, err := s.file.ReadAt(piece, position); n < len(piece) {
			return fmt.Errorf("read %d bytes of the model from %d on: found %d: %w", len(piece), position, n, err)
		}
		if err := s.Write(handle, offset, piece); err != nil {
			return err
		}
		position, offset, length = position+int64(len(piece)), offset+uint64(len(piece)), length-uint64(len(piece))
	}
	return nil
}

// Submit validates operations and begins them.
func (s *Session) Submit(ops ...tensor.Op) error {
	submission, err := s.Check(tensor.Encode(ops...))
	if err != nil {
		return err
	}
	s.fuel += submission.Fuel
	return s.Run(submission)
}

// Fuel returns what the operations have cost so far, by the table of the profile.
func (s *Session) Fuel() uint64 { return s.fuel }
