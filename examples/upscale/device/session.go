//go:build !wasip1

package device

import (
	"fmt"
	"io"
	"os"

	"github.com/thetaedge/theta/tensor"
	"github.com/thetaedge/theta/tensor/cpu"
)

// limit is the memory for tensors, in bytes.
const limit = 8 << 30

// Session runs operations in this process.
type Session struct{ *tensor.Session }

// New returns a session on all cores.
func New() Session { return Session{tensor.NewSession(cpu.New(), limit)} }

// Load copies a number of bytes of a file, from a position on, into a tensor.
func (s Session) Load(file *os.File, position int64, handle tensor.Handle, offset, length uint64) error {
	bytes := make([]byte, length)
	if _, err := io.ReadFull(io.NewSectionReader(file, position, int64(length)), bytes); err != nil {
		return fmt.Errorf("read %d bytes from %d on: %w", length, position, err)
	}
	return s.Write(handle, offset, bytes)
}

// Submit begins operations.
func (s Session) Submit(ops ...tensor.Op) error {
	submission, err := s.Check(tensor.Encode(ops...))
	if err != nil {
		return err
	}
	return s.Run(submission)
}
