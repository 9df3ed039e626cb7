package plan

import "github.com/thetaedge/theta/tensor"

// image is what the convolutions have in common: X s8[Batch,Height,Width,Channels], W and
// Out s32[Batch,OutHeight,OutWidth,each].
type image struct {
	operands
	view     tensor.Window
	channels uint64
	// each is the number of elements of a pixel of the output.
	each uint64
}

// rows returns the first row of the images and the number of rows that rows of the output see.
func (m image) rows(from, to uint64) (first, count uint64) {
	v := m.view
	low := max(int64(from)*int64(v.StrideY)-int64(v.PadTop), 0)
	high := min(int64(to-1)*int64(v.StrideY)+int64(v.KernelHeight-1)*int64(v.DilationY)-int64(v.PadTop)+1, int64(v.Height))
	if low >= high { // only the frame
		return 0, 1
	}
	return uint64(low), uint64(high - low)
}

// part returns the dispatch of a part of [Batch, OutHeight, OutWidth, kernels].
func (m image) part(kernel string, b box, weights Window) Dispatch {
	v := m.view
	width, outWidth := uint64(v.Width), uint64(v.OutWidth)
	in, out := uint64(v.Height)*width*m.channels, uint64(v.OutHeight)*outWidth*m.each
	first, rows := m.rows(b.from[1], b.to[1])
	last := ((b.size(1)-1)*outWidth+b.size(2)-1)*m.each + b.size(3)
	pixels := b.size(1) * b.size(2)
	return Dispatch{
		Kernel: kernel,
		Windows: []Window{
			m.window(0, b.from[0]*in+first*width*m.channels, (b.size(0)-1)*in+rows*width*m.channels),
			weights,
			m.window(2, b.from[0]*out+(b.from[1]*outWidth+b.from[2])*m.each+b.from[3], (b.size(0)-1)*out+last),
		},
		Params: []uint32{
			v.Height, v.Width, v.KernelHeight, v.KernelWidth, v.StrideY, v.StrideX, v.DilationY, v.DilationX, v.PadTop, v.PadLeft,
			uint32(m.channels / 4), uint32(b.from[1]), uint32(b.from[2]), uint32(b.size(2)), uint32(pixels), uint32(b.size(3)),
			uint32(m.each), v.OutWidth, uint32(first), uint32(in / 4), uint32(out),
		},
	}
}

// conv is [Batch, OutHeight, OutWidth, OutChannels].
func (o operands) conv(op *tensor.Conv2D, l Limits) domain {
	v := op.Window
	m := image{o, v, uint64(op.Channels), uint64(op.OutChannels)}
	kernel := uint64(v.KernelHeight) * uint64(v.KernelWidth) * m.channels
	return domain{
		sizes: []uint64{uint64(op.Batch), uint64(v.OutHeight), uint64(v.OutWidth), m.each},
		steps: []step{{0, 1}, {1, 1}, {2, l.rowsWithin(4*m.each, uint64(v.OutWidth))}, {3, tileSize}, {2, tileSize}, {2, 1}, {3, 1}},
		part: func(b box) Dispatch {
			d := m.part("conv", b, o.window(1, b.from[3]*kernel, b.size(3)*kernel))
			pixels := b.size(1) * b.size(2)
			d.Groups = [3]uint64{over(b.size(3), tileSize), over(pixels, tileSize), b.size(0)}
			if 16*pixels*b.size(3) <= 8192*d.Groups[0]*d.Groups[1] {
				// A tile would be mostly empty. An element by itself takes several times as long as in a tile.
				d.Kernel, d.Groups = "conveach", [3]uint64{over(pixels*b.size(3), Lanes), 1, b.size(0)}
			}
			d.Work = b.size(0) * pixels * b.size(3) * over(kernel, 4)
			return d
		},
	}
}

// depthwise is [Batch, OutHeight, OutWidth].
func (o operands) depthwise(op *tensor.Depthwise2D) domain {
	v := op.Window
	m := image{o, v, uint64(op.Channels), uint64(op.Channels)}
	places := uint64(v.KernelHeight) * uint64(v.KernelWidth)
	return domain{
		sizes: []uint64{uint64(op.Batch), uint64(v.OutHeight), uint64(v.OutWidth)},
		steps: []step{{0, 1}, {1, 1}, {2, 1}},
		part: func(b box) Dispatch {
			b.from[3], b.to[3] = 0, m.channels
			d := m.part("depthwise", b, o.window(1, 0, places*m.channels))
			threads := b.size(1) * b.size(2) * m.channels / 4
			d.Groups = [3]uint64{over(threads, Lanes), 1, b.size(0)}
			d.Work = b.size(0) * threads * (places*16 + 8)
			return d
		},
	}
}
