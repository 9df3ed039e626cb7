package cuda

import (
	"fmt"

	"github.com/thetaedge/theta/tensor"
	"github.com/thetaedge/theta/tensor/apart"
	"github.com/thetaedge/theta/tensor/vulkan/plan"
)

// Submit begins calls.
func (d *Device) Submit(calls []tensor.Call) error {
	leave, err := d.enter()
	if err != nil {
		return err
	}
	defer leave()
	for _, call := range calls {
		if err := d.run(call); err != nil {
			return fmt.Errorf("%v on %s: %w", call.Op.Code(), d.Name(), err)
		}
	}
	return d.flush()
}

// run asks for a call, or executes it on the host.
func (d *Device) run(call tensor.Call) error {
	held, err := d.held(call)
	if err != nil {
		return err
	}
	types := make([]tensor.Type, len(held))
	for i, b := range held {
		if b != nil {
			types[i] = b.shape.Type
		}
	}
	if op, is := call.Op.(*tensor.Fill); is {
		return d.set(op, held[0])
	}
	parts, fit := plan.Of(call.Op, types, d.limits)
	if !fit {
		return d.onHost(call)
	}
	for _, part := range parts {
		if err := d.record(held, part); err != nil {
			return err
		}
	}
	return d.trace(call, held)
}

// onHost executes a call on copies of what it reads and writes, for what cannot be divided.
func (d *Device) onHost(call tensor.Call) error {
	if err := d.drain(); err != nil {
		return err
	}
	found, err := apart.Run(call)
	d.sums.found = append(d.sums.found, found...)
	return err
}

// set asks for a fill.
func (d *Device) set(op *tensor.Fill, b *buffer) error {
	word, t := uint32(op.Value), b.shape.Type
	switch t {
	case tensor.S8:
		word = word & 0xff * 0x01010101
	case tensor.S16:
		word = word & 0xffff * 0x00010001
	default:
	}
	from, size := t.Bytes(op.Out.Offset), t.Bytes(uint64(op.Count))
	if err := b.covers(from, size); err != nil {
		return err
	}
	return d.fill(b.place.at+uintptr(from), size, word)
}

// record asks for a run of a kernel on the tensors of a call.
func (d *Device) record(held []*buffer, part plan.Dispatch) error {
	p := &parameters{}
	copy(p.own[:plan.Params], part.Params)
	for i, w := range part.Windows {
		switch {
		case w.Operand >= 0:
			s := held[w.Operand].place
			if w.From >= w.To || w.To > s.size {
				return fmt.Errorf("expected operand %d within %d bytes, found %d to %d", w.Operand, s.size, w.From, w.To)
			}
			p.bind(i, s, w.From, w.To)
		case w.Table != plan.NoTable:
			at := d.tables.places[w.Table]
			p.bind(i, d.tables.all, at.from, at.to)
		case part.Kernel == plan.Trace:
			p.bind(i, d.sums.all, 0, d.sums.all.size)
		}
	}
	return d.launch(part, p)
}

func errDivide(op tensor.Op) error {
	return fmt.Errorf("expected parts of %v within the limits of the device, found none", op.Code())
}
