package tensortest

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"

	"github.com/thetaedge/theta/tensor"
)

// Case is an operation with the tensors that it names: handle i is Tensors[i-1].
type Case struct {
	Op      tensor.Op
	Tensors []Tensor
	// Keys are those of the traces.
	Keys [][32]byte
}

// Tensor is a shape with its bytes.
type Tensor struct {
	Shape tensor.Shape
	Bytes []byte
}

// Outcome is what a case leaves: all bytes of all tensors, and the traces.
type Outcome struct {
	Tensors [][]byte
	Traces  [][32]byte
}

// Digest returns the SHA-256 of an outcome: the tensors, each after its size, and the traces.
func (o Outcome) Digest() [32]byte {
	hash := sha256.New()
	for _, t := range o.Tensors {
		hash.Write(binary.LittleEndian.AppendUint64(nil, uint64(len(t))))
		hash.Write(t)
	}
	for _, t := range o.Traces {
		hash.Write(t[:])
	}
	return [32]byte(hash.Sum(nil))
}

// memory is more than the tensors of a case take.
const memory = 1 << 30

// Run executes a case on a device.
func (c Case) Run(d tensor.Device) (Outcome, error) {
	s := tensor.NewSession(d, memory, c.Keys...)
	for i, t := range c.Tensors {
		handle, err := s.Alloc(t.Shape)
		if err != nil {
			return Outcome{}, err
		}
		if int(handle) != i+1 {
			return Outcome{}, fmt.Errorf("expected handle %d, found %d", i+1, handle)
		}
		if err := s.Write(handle, 0, t.Bytes); err != nil {
			return Outcome{}, err
		}
	}
	submission, err := s.Check(tensor.Encode(c.Op))
	if err != nil {
		return Outcome{}, fmt.Errorf("expected an operation that may run: %w", err)
	}
	if err := s.Run(submission); err != nil {
		return Outcome{}, err
	}
	var o Outcome
	for i, t := range c.Tensors {
		bytes := make([]byte, len(t.Bytes))
		if err := s.Read(tensor.Handle(i+1), 0, bytes); err != nil {
			return Outcome{}, err
		}
		o.Tensors = append(o.Tensors, bytes)
	}
	if o.Traces, err = s.Traces(); err != nil {
		return Outcome{}, err
	}
	return o, s.Close()
}

// Prepare writes the tensors of a case to a device and returns the call, to be submitted as often
// as wanted.
func (c Case) Prepare(d tensor.Device) (tensor.Call, error) {
	call := tensor.Call{Op: c.Op}
	for _, o := range tensor.Operands(c.Op) {
		if o.None() {
			call.Buffers = append(call.Buffers, nil)
			continue
		}
		held := c.Tensors[o.Tensor-1]
		buffer, err := d.New(held.Shape)
		if err != nil {
			return call, err
		}
		if err := buffer.Write(0, held.Bytes); err != nil {
			return call, err
		}
		call.Buffers = append(call.Buffers, buffer)
	}
	return call, nil
}
