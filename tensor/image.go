package tensor

// Window says which pixels of an image [Height,Width] each pixel of the output [OutHeight,
// OutWidth] sees: at (y, x) and place (i, j) of a kernel [KernelHeight,KernelWidth], the pixel
// (y·StrideY + i·DilationY - PadTop, x·StrideX + j·DilationX - PadLeft). Pixels outside of the
// image are zero.
type Window struct {
	Height, Width, KernelHeight, KernelWidth, OutHeight, OutWidth uint32
	StrideY, StrideX, DilationY, DilationX, PadTop, PadLeft       uint32
}

func (v *Window) fields(w *words) {
	w.sizes(&v.Height, &v.Width, &v.KernelHeight, &v.KernelWidth, &v.OutHeight, &v.OutWidth,
		&v.StrideY, &v.StrideX, &v.DilationY, &v.DilationX, &v.PadTop, &v.PadLeft)
}

// Coordinates stay within this bound.
const maxCoordinate = 1 << 30

func (c *check) window(v Window) {
	c.sizes("of images and kernels", maxCoordinate, v.Height, v.Width, v.KernelHeight, v.KernelWidth, v.OutHeight, v.OutWidth)
	c.sizes("of strides and dilations", maxCoordinate, v.StrideY, v.StrideX, v.DilationY, v.DilationX)
	c.within("PadTop", int64(v.PadTop), 0, maxCoordinate)
	c.within("PadLeft", int64(v.PadLeft), 0, maxCoordinate)
	far := max(sum(product(v.OutHeight, v.StrideY), product(v.KernelHeight, v.DilationY)),
		sum(product(v.OutWidth, v.StrideX), product(v.KernelWidth, v.DilationX)))
	if far > maxCoordinate {
		c.fail("expected pixels up to %d, found %d", maxCoordinate, far)
	}
}

// Conv2D convolves images: Out[b,y,x,o] = Σ_i,j,c X[b,·,·,c]·W[o,i,j,c] over the pixels of
// Window. X is s8[Batch,Height,Width,Channels], W is
// s8[OutChannels,KernelHeight,KernelWidth,Channels], Out is
// s32[Batch,OutHeight,OutWidth,OutChannels].
type Conv2D struct {
	X, W, Out                    Operand
	Batch, Channels, OutChannels uint32
	Window                       Window
}

// Code returns the number of the operation.
func (*Conv2D) Code() Code { return CodeConv2D }

func (o *Conv2D) fields(w *words) {
	w.places(&o.X, &o.W, &o.Out)
	w.sizes(&o.Batch, &o.Channels, &o.OutChannels)
	o.Window.fields(w)
}

func (o *Conv2D) check(c *check) {
	v := o.Window
	c.sizes("Batch, Channels and OutChannels", MaxDim, o.Batch, o.Channels, o.OutChannels)
	c.window(v)
	kernel := product(v.KernelHeight, v.KernelWidth, o.Channels)
	if kernel > MaxK {
		c.fail("expected kernels of at most %d elements, found %d", MaxK, kernel)
	}
	c.reads("X", o.X, uint64(o.Channels), product(o.Batch, v.Height, v.Width, o.Channels), S8)
	c.reads("W", o.W, uint64(o.Channels), product(kernel, uint64(o.OutChannels)), S8)
	c.writes("Out", o.Out, uint64(o.OutChannels), product(o.Batch, v.OutHeight, v.OutWidth, o.OutChannels), S32)
}

func (o *Conv2D) work() Work {
	v := o.Window
	out := product(o.Batch, v.OutHeight, v.OutWidth, o.OutChannels)
	return Work{
		Products: product(out, product(v.KernelHeight, v.KernelWidth, o.Channels)),
		Steps:    sum(product(24, out), product(o.Batch, v.Height, v.Width, o.Channels)/8),
	}
}

// Depthwise2D convolves each channel with a kernel of its own:
// Out[b,y,x,c] = Σ_i,j X[b,·,·,c]·W[i,j,c] over the pixels of Window. X is
// s8[Batch,Height,Width,Channels], W is s8[KernelHeight,KernelWidth,Channels], Out is
// s32[Batch,OutHeight,OutWidth,Channels].
type Depthwise2D struct {
	X, W, Out       Operand
	Batch, Channels uint32
	Window          Window
}

// Code returns the number of the operation.
func (*Depthwise2D) Code() Code { return CodeDepthwise2D }

func (o *Depthwise2D) fields(w *words) {
	w.places(&o.X, &o.W, &o.Out)
	w.sizes(&o.Batch, &o.Channels)
	o.Window.fields(w)
}

func (o *Depthwise2D) check(c *check) {
	v := o.Window
	c.sizes("Batch and Channels", MaxDim, o.Batch, o.Channels)
	c.window(v)
	if kernel := product(v.KernelHeight, v.KernelWidth); kernel > MaxK {
		c.fail("expected kernels of at most %d elements, found %d", MaxK, kernel)
	}
	c.reads("X", o.X, uint64(o.Channels), product(o.Batch, v.Height, v.Width, o.Channels), S8)
	c.reads("W", o.W, uint64(o.Channels), product(v.KernelHeight, v.KernelWidth, o.Channels), S8)
	c.writes("Out", o.Out, uint64(o.Channels), product(o.Batch, v.OutHeight, v.OutWidth, o.Channels), S32)
}

func (o *Depthwise2D) work() Work {
	v := o.Window
	out := product(o.Batch, v.OutHeight, v.OutWidth, o.Channels)
	return Work{Products: product(16, out, product(v.KernelHeight, v.KernelWidth)), Steps: product(8, out)}
}
