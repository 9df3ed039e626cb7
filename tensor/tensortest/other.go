package tensortest

import "github.com/thetaedge/theta/tensor"

// other draws the operations that belong to no language model alone.
func (d *drawing) other(code tensor.Code) tensor.Op {
	switch code {
	case tensor.CodeLookup:
		o := &tensor.Lookup{Count: d.Size(300)}
		o.Out = d.operand(tensor.S32, n(o.Count))
		o.X = d.place(tensor.S32, n(o.Count), o.Out)
		o.Grid, o.Table = d.grid()
		return o
	case tensor.CodeGate:
		return d.gate()
	case tensor.CodeConv2D:
		return d.conv()
	case tensor.CodeDepthwise2D:
		return d.depthwise()
	case tensor.CodeCopy:
		return d.copy()
	case tensor.CodeFill:
		t := d.integer()
		o := &tensor.Fill{Count: d.aligned(300, t), Value: int32(d.Uint64())}
		o.Out = d.operand(t, n(o.Count))
		return o
	case tensor.CodeCast:
		o := &tensor.Cast{Count: d.aligned(300, tensor.S8)}
		o.Out = d.operand(d.integer(), n(o.Count))
		o.X = d.place(d.integer(), n(o.Count), o.Out)
		return o
	case tensor.CodeGather:
		return d.gather()
	default:
		return d.elementwise(code)
	}
}

// integer draws a type of whole bytes.
func (d *drawing) integer() tensor.Type {
	return []tensor.Type{tensor.S8, tensor.S16, tensor.S32}[d.Below(3)]
}

func (d *drawing) gate() tensor.Op {
	o := &tensor.Gate{Count: d.Size(300), Curve: tensor.Curve(d.Below(4))}
	count := n(o.Count)
	o.Out = d.operand(tensor.S32, count)
	o.X = d.place(tensor.S32, count, o.Out)
	if d.One(2) {
		o.U, o.Shift = d.place(tensor.S32, count, o.Out), d.Below(63)
	}
	if o.Curve == tensor.Own {
		o.Grid, o.Table = d.grid()
	}
	return o
}

// window draws the places of a convolution.
func (d *drawing) window() tensor.Window {
	return tensor.Window{
		Height: d.Size(9), Width: d.Size(9), KernelHeight: d.Size(4), KernelWidth: d.Size(4),
		OutHeight: d.Size(8), OutWidth: d.Size(8), StrideY: d.Size(3), StrideX: d.Size(3),
		DilationY: d.Size(3), DilationX: d.Size(3), PadTop: d.Below(4), PadLeft: d.Below(4),
	}
}

func (d *drawing) conv() tensor.Op {
	o := &tensor.Conv2D{Batch: d.Size(2), Channels: d.aligned(20, tensor.S8), OutChannels: d.Size(9), Window: d.window()}
	v := o.Window
	o.X = d.operand(tensor.S8, n(o.Batch, v.Height, v.Width, o.Channels))
	o.W = d.operand(tensor.S8, n(o.OutChannels, v.KernelHeight, v.KernelWidth, o.Channels))
	o.Out = d.operand(tensor.S32, n(o.Batch, v.OutHeight, v.OutWidth, o.OutChannels))
	return o
}

func (d *drawing) depthwise() tensor.Op {
	o := &tensor.Depthwise2D{Batch: d.Size(2), Channels: d.aligned(20, tensor.S8), Window: d.window()}
	v := o.Window
	o.X = d.operand(tensor.S8, n(o.Batch, v.Height, v.Width, o.Channels))
	o.W = d.operand(tensor.S8, n(v.KernelHeight, v.KernelWidth, o.Channels))
	o.Out = d.operand(tensor.S32, n(o.Batch, v.OutHeight, v.OutWidth, o.Channels))
	return o
}

func (d *drawing) copy() tensor.Op {
	t := append([]tensor.Type{tensor.Scales}, tensor.S8, tensor.S16, tensor.S32)[d.Below(4)]
	unit := uint32(max(32/t.Bits(), 1))
	o := &tensor.Copy{}
	for i := range o.Size {
		o.Size[i] = d.Size(5)
	}
	o.Size[tensor.Dims-1] = d.aligned(24, t)
	from, to := uint64(1), uint64(o.Size[tensor.Dims-1])
	for i := range o.FromStride {
		o.FromStride[i] = d.Below(12)
		from += n(o.Size[i]-1, o.FromStride[i])
	}
	for i := tensor.Dims - 2; i >= 0; i-- {
		o.ToStride[i] = (uint32(to)+unit-1)/unit*unit + unit*d.Below(3)
		to += n(o.Size[i]-1, o.ToStride[i])
	}
	o.From, o.To = d.operand(t, from), d.operand(t, to)
	return o
}

func (d *drawing) gather() tensor.Op {
	t := tensor.Types()[d.Below(5)]
	o := &tensor.Gather{Rows: d.Size(20), Cols: d.aligned(40, t), Count: d.Size(12)}
	o.Table, o.Index, o.Out = d.operand(t, n(o.Rows, o.Cols)), d.operand(tensor.S32, n(o.Count)), d.operand(t, n(o.Count, o.Cols))
	index := d.tensors[o.Index.Tensor-1].Bytes
	for i := 0; i < len(index); i += 4 {
		if d.One(2) { // a row of the table
			copy(index[i:], []byte{byte(d.Below(o.Rows)), 0, 0, 0})
		}
	}
	return o
}

// elementwise draws the operations on elements and rows.
func (d *drawing) elementwise(code tensor.Code) tensor.Op {
	switch code {
	case tensor.CodeBinary:
		return d.binary()
	case tensor.CodeClamp:
		o := &tensor.Clamp{Count: d.Size(300), Low: int32(d.Uint64()), High: int32(d.Uint64())}
		o.Out = d.operand(tensor.S32, n(o.Count))
		o.X = d.place(tensor.S32, n(o.Count), o.Out)
		return o
	case tensor.CodeLeaky:
		o := &tensor.Leaky{Rows: d.Size(12), Cols: d.Size(40), OneCol: d.One(2)}
		o.Out = d.operand(tensor.S32, n(o.Rows, o.Cols))
		o.X, o.Slope = d.place(tensor.S32, n(o.Rows, o.Cols), o.Out), d.operand(tensor.S32, n(o.Cols))
		return o
	case tensor.CodeSum:
		o := &tensor.Sum{Rows: d.Size(12), Cols: d.Size(200)}
		o.M, o.E = d.scale()
		o.X, o.Out = d.operand(tensor.S32, n(o.Rows, o.Cols)), d.operand(tensor.S32, n(o.Rows))
		return o
	case tensor.CodeArgmax:
		o := &tensor.Argmax{Rows: d.Size(12), Cols: d.Size(200)}
		o.X, o.Out = d.operand(tensor.S32, n(o.Rows, o.Cols)), d.operand(tensor.S32, n(o.Rows))
		return o
	case tensor.CodeTopK:
		o := &tensor.TopK{Rows: d.Size(6), Cols: d.Size(200)}
		o.K = d.Size(o.Cols)
		o.X = d.operand(tensor.S32, n(o.Rows, o.Cols))
		o.Values, o.Places = d.operand(tensor.S32, n(o.Rows, o.K)), d.operand(tensor.S32, n(o.Rows, o.K))
		return o
	default:
		o := &tensor.Noise{Count: d.Size(300), Gaussian: d.One(2), Key0: uint32(d.Uint64()), Key1: uint32(d.Uint64())}
		o.Stream0, o.Stream1, o.First = uint32(d.Uint64()), uint32(d.Uint64()), d.Uint64()
		if d.One(3) {
			o.First = 1<<64 - 1 - uint64(d.Below(9))
		}
		o.Out = d.operand(tensor.S32, n(o.Count))
		return o
	}
}

func (d *drawing) binary() tensor.Op {
	o := &tensor.Binary{Rows: d.Size(12), Cols: d.Size(40), Kind: tensor.Kind(d.Below(5)), OneRow: d.One(3), OneCol: d.One(3)}
	if o.Kind == tensor.Times {
		o.Shift = d.Below(63)
	}
	count := n(o.Rows, o.Cols)
	o.Out = d.operand(tensor.S32, count)
	o.A = d.place(tensor.S32, count, o.Out)
	if o.OneRow || o.OneCol {
		o.B = d.operand(tensor.S32, count)
	} else {
		o.B = d.place(tensor.S32, count, o.Out)
	}
	return o
}
