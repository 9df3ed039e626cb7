package guard

import (
	"fmt"

	"github.com/thetaedge/theta/tensor"
	"github.com/thetaedge/theta/tensor/ref"
)

// view reads tensors of a device while nothing writes to them. It reads small ones once and as a
// whole, because each read is a wait.
type view struct {
	device *watched
	whole  map[tensor.Buffer][]byte
}

func newView(device *watched) *view { return &view{device, map[tensor.Buffer][]byte{}} }

// Bounds of what is read, in bytes: of a piece, of one read, and of a tensor that is read as a whole.
const (
	maxPiece = 256 << 20
	maxRead  = 4 << 20
	maxWhole = 256 << 10
)

// fetch copies the operands of a probe into tensors of the reference.
func (v *view) fetch(call tensor.Call, p probe) (tensor.Call, error) {
	p.op = clone(p.op)
	small := tensor.Call{Op: p.op, Buffers: make([]tensor.Buffer, len(p.pieces))}
	for i, o := range tensor.Operands(p.op) {
		if o.None() {
			continue
		}
		content, err := v.content(call.Buffers[i], p.pieces[i])
		if err != nil {
			return small, err
		}
		t := call.Buffers[i].Shape().Type
		b, err := ref.NewBuffer(tensor.Shape{Type: t, Count: uint64(len(content)) * 8 / t.Bits()})
		if err != nil {
			return small, err
		}
		if err := b.Write(0, content); err != nil {
			return small, err
		}
		small.Buffers[i] = b
	}
	return small, nil
}

// content reads a piece of a tensor. The caller may not change it.
func (v *view) content(b tensor.Buffer, p piece) ([]byte, error) {
	if p.bytes() > maxPiece {
		return nil, v.device.fail(fmt.Errorf("expected at most %d bytes to compare, found %d", maxPiece, p.bytes()))
	}
	switch p.times {
	case 0:
		return make([]byte, p.size), nil
	case 1:
		return v.bytes(b, p.start, p.size)
	}
	content := make([]byte, 0, p.bytes())
	together := max(maxRead/max(p.stride, 1), 1)
	for done := uint64(0); done < p.times; done += together {
		count := min(together, p.times-done)
		read, err := v.bytes(b, p.start+done*p.stride, (count-1)*p.stride+p.size)
		if err != nil {
			return nil, err
		}
		for i := range count {
			content = append(content, read[i*p.stride:][:p.size]...)
		}
	}
	return content, nil
}

// bytes reads bytes that need not begin at a multiple of four.
func (v *view) bytes(b tensor.Buffer, start, size uint64) ([]byte, error) {
	shape := b.Shape()
	total := shape.Type.Bytes(shape.Count)
	if total > maxWhole {
		from, to := start&^3, min((start+size+3)&^3, total)
		read, err := v.device.read(b, from, to-from)
		if err != nil {
			return nil, err
		}
		return read[start-from:][:size], nil
	}
	if v.whole[b] == nil {
		read, err := v.device.read(b, 0, total)
		if err != nil {
			return nil, err
		}
		v.whole[b] = read
	}
	return v.whole[b][start:][:size], nil
}
