package guard

import (
	"bytes"
	"encoding/binary"
	"slices"

	"github.com/thetaedge/theta/tensor"
	"github.com/thetaedge/theta/tensor/ref"
)

// examine executes a call alone and compares parts of it with the reference. Everything before it
// has been submitted.
func (d *Device) examine(call tensor.Call, e effort) error {
	before, after := newView(d.inner), newView(d.inner)
	list, err := probes(d.random, call, e, func(operand int, at uint64) (int32, error) {
		word, err := before.bytes(call.Buffers[operand], 4*(tensor.Operands(call.Op)[operand].Offset+at), 4)
		if err != nil {
			return 0, err
		}
		return int32(binary.LittleEndian.Uint32(word)), nil
	})
	if err != nil {
		return err
	}
	list = affordable(list)
	small := make([]tensor.Call, len(list))
	for i, p := range list {
		if small[i], err = before.fetch(call, p); err != nil {
			return err
		}
	}
	if err := d.settle(); err != nil {
		return err
	}
	if err := d.begin([]tensor.Call{call}); err != nil {
		return err
	}
	known := len(d.sums)
	if err := d.settle(); err != nil {
		return err
	}
	if err := d.sameSums(call, after, d.sums[known:]); err != nil {
		return err
	}
	for i, p := range list {
		if err := ref.Run(small[i]); err != nil {
			return err
		}
		if err := d.same(call, after, p, small[i]); err != nil {
			return err
		}
	}
	return nil
}

// same compares the outputs of a probe with those of the device.
func (d *Device) same(call tensor.Call, after *view, p probe, small tensor.Call) error {
	operands := tensor.Operands(p.op)
	shapes := func(h tensor.Handle) (tensor.Shape, bool) {
		i := slices.IndexFunc(operands, func(o *tensor.Operand) bool { return o.Tensor == h })
		return small.Buffers[i].Shape(), true
	}
	for _, place := range tensor.Places(p.op, shapes) {
		if !place.Output {
			continue
		}
		i := place.Operand
		got, err := after.content(call.Buffers[i], p.pieces[i])
		if err != nil {
			return err
		}
		want := make([]byte, len(got))
		if err := small.Buffers[i].Read(0, want); err != nil {
			return err
		}
		if !bytes.Equal(want, got) {
			return d.doubt("%v: expected other elements of operand %d: %+v", p.op.Code(), i, call.Op)
		}
	}
	return nil
}

// sameSums compares the checksums of a traced call with those of its whole output.
func (d *Device) sameSums(call tensor.Call, after *view, sums []uint64) error {
	if !call.Op.Code().Traced() || len(call.Keys) == 0 {
		return nil
	}
	if len(sums) != len(call.Keys) {
		return d.doubt("expected %d checksums of %v, found %d", len(call.Keys), call.Op.Code(), len(sums))
	}
	operands := tensor.Operands(call.Op)
	last := len(operands) - 1
	left, at := uint64(ref.Outputs(call.Op)), operands[last].Offset
	want := make([]uint64, len(call.Keys))
	const most = 1 << 18
	for first := uint64(0); left > 0; {
		count := min(left, most)
		content, err := after.content(call.Buffers[last], block(4*(at+first), 4*count))
		if err != nil {
			return err
		}
		elements := make([]int32, count)
		for i := range elements {
			elements[i] = int32(binary.LittleEndian.Uint32(content[4*i:]))
		}
		for i, key := range call.Keys {
			want[i] += tensor.Checksum(key, first, elements)
		}
		first, left = first+count, left-count
	}
	if !slices.Equal(want, sums) {
		return d.doubt("%v: expected the checksums %x of its output, found %x", call.Op.Code(), want, sums)
	}
	return nil
}
