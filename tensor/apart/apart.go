// Package apart executes an operation of a device on the processor, on copies of what the operation reads and
// writes: for operations that a back end cannot divide into runs of its kernels.
package apart

import (
	"errors"
	"fmt"

	"github.com/thetaedge/theta/tensor"
	"github.com/thetaedge/theta/tensor/cpu"
)

// pieceSize is the size in bytes of what is copied at once between device and host.
const pieceSize = 8 << 20

// Run executes a call on the processor. It returns the checksums of its outputs, one for each key. The device has to
// have ended everything that it was asked for.
func Run(call tensor.Call) (found []uint64, err error) {
	host := cpu.New()
	defer func() { err = errors.Join(err, host.Close()) }()
	extents, err := extentsOf(call)
	if err != nil {
		return nil, err
	}
	plain, err := extents.call(call, host)
	if err != nil {
		return nil, err
	}
	for i, s := range extents {
		if err := s.move(s.buffer, plain.Buffers[i], s.from, 0); err != nil {
			return nil, err
		}
	}
	if err := host.Submit([]tensor.Call{plain}); err != nil {
		return nil, err
	}
	if found, err = host.Wait(); err != nil {
		return nil, err
	}
	for i, s := range extents {
		if !s.output {
			continue
		}
		if err := s.move(plain.Buffers[i], s.buffer, 0, s.from); err != nil {
			return nil, err
		}
	}
	return found, nil
}

// extent is what an operand takes of its tensor, in bytes, from a multiple of four on and to one, or to
// the end.
type extent struct {
	buffer   tensor.Buffer
	from, to uint64
	output   bool
}

// extents are those of a call, by the place of the operand.
type extents map[int]extent

// extentsOf returns the extents of a call.
func extentsOf(call tensor.Call) (extents, error) {
	shapes := map[tensor.Handle]tensor.Shape{}
	for i, o := range tensor.Operands(call.Op) {
		if call.Buffers[i] != nil {
			shapes[o.Tensor] = call.Buffers[i].Shape()
		}
	}
	found := extents{}
	for _, p := range tensor.Places(call.Op, func(h tensor.Handle) (tensor.Shape, bool) { s, is := shapes[h]; return s, is }) {
		b := call.Buffers[p.Operand]
		to := min((p.To+3)&^3, b.Shape().Type.Bytes(b.Shape().Count))
		if p.From%4 != 0 || p.To > to {
			return nil, fmt.Errorf("expected operand %d within its tensor at multiples of 4 bytes, found %d to %d", p.Operand, p.From, p.To)
		}
		found[p.Operand] = extent{b, p.From, to, p.Output}
	}
	return found, nil
}

// call returns the call on tensors of a host that hold the extents alone. Operands in one place have
// one tensor.
func (s extents) call(call tensor.Call, host *cpu.Device) (tensor.Call, error) {
	ops, err := tensor.Decode(tensor.Encode(call.Op))
	if err != nil {
		return call, err
	}
	call.Op, call.Buffers = ops[0], make([]tensor.Buffer, len(call.Buffers))
	made := map[extent]tensor.Buffer{}
	for i, o := range tensor.Operands(call.Op) {
		at, is := s[i]
		if !is {
			continue
		}
		at.output, o.Offset = false, 0
		if made[at] == nil {
			t := at.buffer.Shape().Type
			if made[at], err = host.New(tensor.Shape{Type: t, Count: (at.to - at.from) * 8 / t.Bits()}); err != nil {
				return call, err
			}
		}
		call.Buffers[i] = made[at]
	}
	return call, nil
}

// move copies the bytes of an extent from a place of one tensor to a place of another.
func (s extent) move(from, to tensor.Buffer, read, write uint64) error {
	size := s.to - s.from
	piece := make([]byte, min(size, pieceSize))
	for at := uint64(0); at < size; at += uint64(len(piece)) {
		piece = piece[:min(size-at, uint64(len(piece)))]
		if err := from.Read(read+at, piece); err != nil {
			return err
		}
		if err := to.Write(write+at, piece); err != nil {
			return err
		}
	}
	return nil
}
