package tensor

import (
	"errors"
	"fmt"
)

// Session is the tensors of one run of a program on a device. Its errors are a *Trap,
// ErrOutOfMemory, or trouble of the machine.
type Session struct {
	device  Device
	heap    *Heap
	buffers map[Handle]Buffer
	traces  []*Trace
	// pending are the traced operations whose sums have not been folded.
	pending []Op
}

// NewSession returns a session with a limit in bytes, traced under each key.
func NewSession(device Device, limit uint64, keys ...[32]byte) *Session {
	s := &Session{device: device, heap: NewHeap(limit), buffers: map[Handle]Buffer{}}
	for _, key := range keys {
		s.traces = append(s.traces, NewTrace(key))
	}
	return s
}

// Used returns the bytes that the live tensors count for.
func (s *Session) Used() uint64 { return s.heap.Used() }

// Fits checks that Alloc would make a tensor, and fails as it does. The device is not asked.
func (s *Session) Fits(shape Shape) error { return s.heap.Fits(shape) }

// Range checks that Write or Read may move bytes of a tensor. It fails with a *Trap.
func (s *Session) Range(handle Handle, offset, length uint64) error {
	return s.heap.Range(handle, offset, length)
}

// Alloc makes a tensor of zeros.
func (s *Session) Alloc(shape Shape) (Handle, error) {
	handle, err := s.heap.Alloc(shape)
	if err != nil {
		return 0, err
	}
	buffer, err := s.device.New(shape)
	if err != nil {
		return 0, fmt.Errorf("a tensor of %d bytes on %s: %w", Memory(shape), s.device.Name(), err)
	}
	s.buffers[handle] = buffer
	return handle, nil
}

// Free gives up a tensor.
func (s *Session) Free(handle Handle) error {
	if err := s.heap.Free(handle); err != nil {
		return err
	}
	buffer := s.buffers[handle]
	delete(s.buffers, handle)
	return buffer.Free()
}

// Buffer returns the tensor of the device behind a handle that Range has accepted.
func (s *Session) Buffer(handle Handle) Buffer { return s.buffers[handle] }

// Write copies bytes into a tensor.
func (s *Session) Write(handle Handle, offset uint64, p []byte) error {
	if err := s.heap.Range(handle, offset, uint64(len(p))); err != nil {
		return err
	}
	return s.buffers[handle].Write(offset, p)
}

// Read waits for everything that was submitted, and copies bytes out of a tensor.
func (s *Session) Read(handle Handle, offset uint64, p []byte) error {
	if err := s.heap.Range(handle, offset, uint64(len(p))); err != nil {
		return err
	}
	if err := s.Wait(); err != nil {
		return err
	}
	return s.buffers[handle].Read(offset, p)
}

// Submission is a number of operations that may run.
type Submission struct {
	Ops []Op
	// Fuel is what they cost, at most 2^64 - 1.
	Fuel uint64
}

// Check decodes and validates the records of a submission. Nothing runs.
func (s *Session) Check(records []byte) (Submission, error) {
	ops, err := Decode(records)
	if err != nil {
		return Submission{}, err
	}
	if err := Validate(ops, s.heap.Shape); err != nil {
		return Submission{}, err
	}
	return Submission{Ops: ops, Fuel: FuelOf(ops)}, nil
}

// Run begins a submission that Check returned; no tensor may have been freed in between.
func (s *Session) Run(submission Submission) error {
	calls := make([]Call, len(submission.Ops))
	for i, op := range submission.Ops {
		calls[i].Op = op
		for _, o := range Operands(op) {
			calls[i].Buffers = append(calls[i].Buffers, s.buffers[o.Tensor])
		}
		if !op.Code().Traced() || len(s.traces) == 0 {
			continue
		}
		for _, t := range s.traces {
			calls[i].Keys = append(calls[i].Keys, t.Next())
		}
		s.pending = append(s.pending, op)
	}
	return s.device.Submit(calls)
}

// Wait waits for everything that was submitted, and folds the sums.
func (s *Session) Wait() error {
	sums, err := s.device.Wait()
	if err != nil {
		return err
	}
	if len(sums) != len(s.pending)*len(s.traces) {
		return fmt.Errorf("expected %d checksums of %s, found %d", len(s.pending)*len(s.traces), s.device.Name(), len(sums))
	}
	for i, op := range s.pending {
		for j, t := range s.traces {
			t.Fold(op, sums[i*len(s.traces)+j])
		}
	}
	s.pending = nil
	return nil
}

// Traces waits for everything that was submitted, and returns the trace under each key.
func (s *Session) Traces() ([][32]byte, error) {
	if err := s.Wait(); err != nil {
		return nil, err
	}
	traces := make([][32]byte, len(s.traces))
	for i, t := range s.traces {
		traces[i] = t.Sum()
	}
	return traces, nil
}

// Close waits, and gives up all tensors, not the device. It gives them up whatever fails.
func (s *Session) Close() error {
	err := s.Wait()
	for handle, buffer := range s.buffers {
		err = errors.Join(err, buffer.Free())
		delete(s.buffers, handle)
	}
	return err
}
