package vulkan

import (
	"github.com/thetaedge/theta/tensor"
	"github.com/thetaedge/theta/tensor/cpu"
)

// pieceSize is the size in bytes of what is copied at once between device and host.
const pieceSize = stagingSize

// onHost executes a call on copies of its tensors, for what cannot be divided into dispatches.
func (d *Device) onHost(call tensor.Call) error {
	if err := d.drain(); err != nil {
		return err
	}
	host := cpu.New()
	copies := map[*buffer]tensor.Buffer{}
	onHost := tensor.Call{Op: call.Op, Keys: call.Keys, Buffers: make([]tensor.Buffer, len(call.Buffers))}
	for i, held := range call.Buffers {
		if held == nil {
			continue
		}
		b := held.(*buffer)
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
	for b, c := range copies {
		if err := move(c, b); err != nil {
			return err
		}
	}
	return nil
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
