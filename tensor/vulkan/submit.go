package vulkan

import (
	"fmt"

	"github.com/thetaedge/theta/tensor"
	"github.com/thetaedge/theta/tensor/vulkan/plan"
)

// Submit records calls and begins them.
func (d *Device) Submit(calls []tensor.Call) error {
	if d.lost != nil {
		return d.lost
	}
	for _, call := range calls {
		if err := d.run(call); err != nil {
			return fmt.Errorf("%v on %s: %w", call.Op.Code(), d.Name(), err)
		}
	}
	return d.flush()
}

// run records a call, or executes it on the host.
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
	if err := d.barrier(); err != nil {
		return err
	}
	for _, part := range parts {
		if err := d.record(held, part); err != nil {
			return err
		}
	}
	return d.trace(call, held)
}

// set records a fill.
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
	return d.fill(b.place.buffer, b.place.from+from, size, word)
}

// record records a dispatch on the tensors of a call.
func (d *Device) record(held []*buffer, part plan.Dispatch) error {
	var windows [maxBindings]window
	var params [plan.Params + plan.Bindings]uint32
	copy(params[:plan.Params], part.Params)
	for i := range windows {
		// A binding that a kernel does not use shows the tables, because a driver may want a buffer.
		windows[i] = window{d.tables.all.buffer, 0, unit}
		if i >= len(part.Windows) {
			continue
		}
		switch w := part.Windows[i]; {
		case w.Operand >= 0:
			p := held[w.Operand].place
			if w.From >= w.To || w.To > p.to-p.from {
				return fmt.Errorf("expected operand %d within %d bytes, found %d to %d", w.Operand, p.to-p.from, w.From, w.To)
			}
			windows[i], params[plan.Params+i] = d.view(p.buffer, p.from+w.From, p.from+w.To)
		case w.Table != plan.NoTable:
			s := d.tables.spans[w.Table]
			windows[i], params[plan.Params+i] = d.view(d.tables.all.buffer, s.from, s.to)
		case part.Kernel == plan.Trace:
			windows[i] = window{d.sums.all.buffer, 0, d.sums.all.size}
		}
	}
	return d.dispatch(part.Kernel, &windows, &params, part.Groups, part.Work)
}

// view returns a window that begins where the device allows it, and the words before what is wanted.
func (d *Device) view(buffer handle, from, to uint64) (window, uint32) {
	align := max(d.facts.properties.limits.minStorageOffsetAlignment, 4)
	begin := from / align * align
	return window{buffer, begin, to - begin}, uint32((from - begin) / 4)
}

func errDivide(op tensor.Op) error {
	return fmt.Errorf("expected parts of %v within the limits of the device, found none", op.Code())
}
