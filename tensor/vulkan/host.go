package vulkan

import (
	"errors"

	"github.com/thetaedge/theta/tensor"
	"github.com/thetaedge/theta/tensor/cpu"
)

// pieceSize is the size in bytes of what is copied at once between device and host.
const pieceSize = stagingSize

// onHost executes a call on copies of its tensors, for what cannot be divided into dispatches.
func (d *Device) onHost(call tensor.Call, held []*buffer) (err error) {
	if err := d.drain(); err != nil {
		return err
	}
	host := cpu.New()
	defer func() { err = errors.Join(err, host.Close()) }()
	copies := map[*buffer]tensor.Buffer{}
	onHost := tensor.Call{Op: call.Op, Keys: call.Keys, Buffers: make([]tensor.Buffer, len(call.Buffers))}
	for i, b := range held {
		if b == nil {
			continue
		}
		if copies[b] == nil {
			c, err := host.New(b.shape)
			if err != nil {
				return err
			}
			if err := move(b, c); err != nil {
				return err
			}
			copies[b] = c
		}
		onHost.Buffers[i] = copies[b]
	}
	if err := host.Submit([]tensor.Call{onHost}); err != nil {
		return err
	}
	found, err := host.Wait()
	if err != nil {
		return err
	}
	d.sums.found = append(d.sums.found, found...)
	written := map[*buffer]bool{}
	for _, b := range held[len(held)-outputs(call.Op):] {
		if b == nil || written[b] {
			continue
		}
		written[b] = true
		if err := move(copies[b], b); err != nil {
			return err
		}
	}
	return nil
}

// outputs returns the number of operands, from the last one on, that an operation writes.
func outputs(op tensor.Op) int {
	switch op.(type) {
	case *tensor.Quant, *tensor.RMSNorm, *tensor.LayerNorm, *tensor.Softmax, *tensor.TopK:
		return 2
	}
	return 1
}

// move copies all bytes of a tensor.
func move(from, to tensor.Buffer) error {
	s := from.Shape()
	size := s.Type.Bytes(s.Count)
	piece := make([]byte, min(size, pieceSize))
	for at := uint64(0); at < size; at += uint64(len(piece)) {
		piece = piece[:min(size-at, uint64(len(piece)))]
		if err := from.Read(at, piece); err != nil {
			return err
		}
		if err := to.Write(at, piece); err != nil {
			return err
		}
	}
	return nil
}
