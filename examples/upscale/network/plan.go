package network

import (
	"fmt"

	"github.com/thetaedge/theta/tensor"
)

// Plan is the operations that enlarge tiles of one size. They run again and again on the same
// tensors.
type Plan struct {
	device        Device
	scale         int
	height, width int
	input, output tensor.Handle
	ops           []tensor.Op
}

// planner makes a plan.
type planner struct {
	Plan
	network *Network
	weights map[string]tensor.Handle
	forms   []form
	// narrow and wide are the outputs by place.
	narrow, wide []tensor.Handle
	// free are tensors that no operation from now on reads.
	free   map[tensor.Shape][]tensor.Handle
	shapes map[tensor.Handle]tensor.Shape
}

// NewPlan loads the weights of a file onto a device and makes the tensors for tiles of a height and
// a width in pixels.
func NewPlan(d Device, f *File, height, width int) (*Plan, error) {
	weights, err := f.load(d)
	if err != nil {
		return nil, err
	}
	places := len(f.Network.Layers) + 1
	p := planner{
		Plan:    Plan{device: d, scale: f.Network.Scale, height: height, width: width},
		network: &f.Network, weights: weights, forms: f.Network.forms(),
		narrow: make([]tensor.Handle, places), wide: make([]tensor.Handle, places),
		free: map[tensor.Shape][]tensor.Handle{}, shapes: map[tensor.Handle]tensor.Shape{},
	}
	if p.input, err = p.take(tensor.S8, Inputs); err != nil {
		return nil, err
	}
	p.narrow[0] = p.input
	// The next tile's input is written before the operations run, so nothing may take its place.
	p.forms[0].last = -1
	for i, l := range f.Network.Layers {
		if err := p.layer(i, l); err != nil {
			return nil, fmt.Errorf("layer %q: %w", l.Name, err)
		}
		p.release(i)
	}
	return &p.Plan, nil
}

// pixels returns the number of pixels of a tile.
func (p *planner) pixels() int { return p.height * p.width }

// take returns a tensor with a number of channels, an old one if one is free.
func (p *planner) take(t tensor.Type, channels int) (tensor.Handle, error) {
	shape := tensor.Shape{Type: t, Count: uint64(channels) * uint64(p.pixels())}
	if old := p.free[shape]; len(old) > 0 {
		p.free[shape] = old[:len(old)-1]
		return old[len(old)-1], nil
	}
	handle, err := p.device.Alloc(shape)
	p.shapes[handle] = shape
	return handle, err
}

// give returns a tensor for further use.
func (p *planner) give(handle tensor.Handle) {
	if handle != 0 {
		shape := p.shapes[handle]
		p.free[shape] = append(p.free[shape], handle)
	}
}

// release gives back the outputs that no layer after layer i reads.
func (p *planner) release(i int) {
	for place, f := range p.forms {
		if f.last == i && place <= i {
			p.give(p.narrow[place])
			p.give(p.wide[place])
			p.narrow[place], p.wide[place] = 0, 0
		}
	}
}

func (p *planner) emit(ops ...tensor.Op) { p.ops = append(p.ops, ops...) }

func (p *planner) weight(layer int, part Part) tensor.Operand {
	return at(p.weights[Weight{Layer: layer, Part: part}.Name()])
}

func at(handle tensor.Handle) tensor.Operand { return tensor.Operand{Tensor: handle} }

// layer adds the operations of a layer.
func (p *planner) layer(i int, l Layer) error {
	switch l.Kind {
	case Conv:
		return p.conv(i, l)
	case Add:
		return p.add(i, l)
	case Join:
		return p.join(i, l)
	default:
		return p.shuffle(l)
	}
}

func (p *planner) conv(i int, l Layer) error {
	acc, err := p.take(tensor.S32, l.Channels)
	if err != nil {
		return err
	}
	rows, cols := uint32(p.pixels()), uint32(l.Channels)
	p.emit(&tensor.Conv2D{
		X: at(p.narrow[l.From[0]]), W: p.weight(i, Kernel), Out: at(acc),
		Batch: 1, Channels: uint32(p.network.channels(l.From[0])), OutChannels: cols,
		Window: p.window(l),
	}, &tensor.Binary{A: at(acc), B: p.weight(i, Bias), Out: at(acc), Rows: rows, Cols: cols, Kind: tensor.Plus, OneRow: true})
	if l.Relu {
		p.emit(&tensor.Clamp{X: at(acc), Out: at(acc), Count: rows * cols, Low: 0, High: 1<<31 - 1})
	}
	f := p.forms[i+1]
	if f.narrow {
		if err := p.toNarrow(i, acc, cols); err != nil {
			return err
		}
	}
	if !f.wide {
		p.give(acc)
		return nil
	}
	p.emit(&tensor.Rescale{Acc: at(acc), Col: p.weight(i, Wide), Out: at(acc), Rows: rows, Cols: cols})
	p.wide[i+1] = acc
	return nil
}

// window is that of a convolution which keeps the size of the tile.
func (p *planner) window(l Layer) tensor.Window {
	h, w := uint32(p.height), uint32(p.width)
	return tensor.Window{
		Height: h, Width: w, KernelHeight: uint32(l.Height), KernelWidth: uint32(l.Width), OutHeight: h, OutWidth: w,
		StrideY: 1, StrideX: 1, DilationY: 1, DilationX: 1, PadTop: uint32(l.Height / 2), PadLeft: uint32(l.Width / 2),
	}
}

// toNarrow adds the operation that makes the output of a layer of eight bits.
func (p *planner) toNarrow(i int, from tensor.Handle, cols uint32) error {
	out, err := p.take(tensor.S8, int(cols))
	if err != nil {
		return err
	}
	p.emit(&tensor.Rescale{Acc: at(from), Col: p.weight(i, Narrow), Out: at(out), Rows: uint32(p.pixels()), Cols: cols})
	p.narrow[i+1] = out
	return nil
}

func (p *planner) add(i int, l Layer) error {
	out, err := p.take(tensor.S32, l.Channels)
	if err != nil {
		return err
	}
	rows, cols := uint32(p.pixels()), uint32(l.Channels)
	p.emit(&tensor.Binary{A: at(p.wide[l.From[0]]), B: at(p.wide[l.From[1]]), Out: at(out), Rows: rows, Cols: cols, Kind: tensor.Plus})
	if p.forms[i+1].narrow {
		if err := p.toNarrow(i, out, cols); err != nil {
			return err
		}
	}
	if p.forms[i+1].wide {
		p.wide[i+1] = out
	} else {
		p.give(out)
	}
	return nil
}

func (p *planner) join(i int, l Layer) error {
	out, err := p.take(tensor.S8, l.Channels)
	if err != nil {
		return err
	}
	first := 0
	for _, place := range l.From {
		c := p.network.channels(place)
		p.emit(&tensor.Copy{
			From: at(p.narrow[place]), To: tensor.Operand{Tensor: out, Offset: uint64(first)},
			Size:       [tensor.Dims]uint32{1, 1, 1, uint32(p.pixels()), uint32(c)},
			FromStride: [tensor.Dims]uint32{0, 0, 0, uint32(c), 1},
			ToStride:   [tensor.Dims - 1]uint32{0, 0, 0, uint32(l.Channels)},
		})
		first += c
	}
	p.narrow[i+1] = out
	return nil
}

// shuffle makes the picture, as s32[Scale·height,Scale·width,Colours] from 0 to 255.
func (p *planner) shuffle(l Layer) error {
	from := p.wide[l.From[0]]
	output, err := p.take(tensor.S32, p.scale*p.scale*Colours)
	if err != nil {
		return err
	}
	p.output = output
	s, h, w, c := uint32(p.scale), uint32(p.height), uint32(p.width), uint32(l.Channels)
	p.emit(&tensor.Clamp{X: at(from), Out: at(from), Count: h * w * c, Low: 0, High: 255}, &tensor.Copy{
		From: at(from), To: at(p.output),
		Size:       [tensor.Dims]uint32{h, s, w, s, Colours},
		FromStride: [tensor.Dims]uint32{w * c, s * Colours, c, Colours, 1},
		ToStride:   [tensor.Dims - 1]uint32{s * w * s * Colours, w * s * Colours, s * Colours, Colours},
	})
	return nil
}
