package guard

import "github.com/thetaedge/theta/tensor"

// partsOf divides an operation into rows, of which `count` exist. part is nil if it is not divided.
func partsOf(op tensor.Op) (count uint64, part func(from uint64, n uint32) tensor.Op) {
	switch o := op.(type) {
	case *tensor.Conv2D:
		return uint64(o.Batch) * uint64(o.Window.OutHeight), func(from uint64, n uint32) tensor.Op {
			p := *o
			p.Batch = 1
			image, row := from/uint64(o.Window.OutHeight), from%uint64(o.Window.OutHeight)
			n = min(n, o.Window.OutHeight-uint32(row))
			p.Window, p.X.Offset = below(o.Window, row, n, o.X.Offset, image, uint64(o.Channels))
			p.Out.Offset += from * uint64(o.Window.OutWidth) * uint64(o.OutChannels)
			return &p
		}
	case *tensor.Depthwise2D:
		return uint64(o.Batch) * uint64(o.Window.OutHeight), func(from uint64, n uint32) tensor.Op {
			p := *o
			p.Batch = 1
			image, row := from/uint64(o.Window.OutHeight), from%uint64(o.Window.OutHeight)
			n = min(n, o.Window.OutHeight-uint32(row))
			p.Window, p.X.Offset = below(o.Window, row, n, o.X.Offset, image, uint64(o.Channels))
			p.Out.Offset += from * uint64(o.Window.OutWidth) * uint64(o.Channels)
			return &p
		}
	case *tensor.Rope:
		return uint64(o.Rows), func(from uint64, n uint32) tensor.Op {
			p, at := *o, from*uint64(o.Heads)*uint64(o.Dim)
			skip := (uint64(o.From) + from) * uint64(o.Rotated/2)
			p.Rows, p.From, p.X.Offset, p.Out.Offset = n, 0, o.X.Offset+at, o.Out.Offset+at
			p.Cos.Offset, p.Sin.Offset = o.Cos.Offset+skip, o.Sin.Offset+skip
			return &p
		}
	case *tensor.Expand4:
		return uint64(o.N), func(from uint64, n uint32) tensor.Op {
			p, groups := *o, uint64(o.K/o.Group)
			p.N, p.W.Offset, p.Out.Offset = n, o.W.Offset+from*uint64(o.K), o.Out.Offset+from*uint64(o.K)
			p.Gain.Offset += from * groups
			if !o.Zero.None() {
				p.Zero.Offset += from * groups
			}
			return &p
		}
	case *tensor.Fill:
		return uint64(o.Count+3) / 4, func(from uint64, n uint32) tensor.Op {
			p := *o
			p.Count, p.Out.Offset = min(4*n, o.Count-uint32(4*from)), o.Out.Offset+4*from
			return &p
		}
	}
	return divided(op)
}

// divided uses the rows of the package tensor, of which a row of a single element stands for four of
// them, so that it begins at a multiple of four bytes.
func divided(op tensor.Op) (count uint64, part func(from uint64, n uint32) tensor.Op) {
	all, _, inner := tensor.Rows(op)
	if inner == nil {
		return 0, nil
	}
	switch op.(type) {
	case *tensor.Lookup, *tensor.Gate, *tensor.Clamp, *tensor.Cast:
		return uint64(all+3) / 4, func(from uint64, n uint32) tensor.Op {
			return inner(4*from, min(4*n, uint32(all)-uint32(4*from)))
		}
	}
	return uint64(all), inner
}

// below returns the window of rows of an output, and the offset of the input that they see.
func below(v tensor.Window, row uint64, count uint32, offset, image, channels uint64) (tensor.Window, uint64) {
	line := uint64(v.Width) * channels
	first, frame := row*uint64(v.StrideY), uint64(v.PadTop)
	skip := min(max(first, frame)-frame, uint64(v.Height-1))
	v.OutHeight, v.Height = count, v.Height-uint32(skip)
	offset += (image*uint64(v.Height+uint32(skip)) + skip) * line
	if first > frame+skip {
		// The rows see nothing but the frame below the image.
		v.Height, v.PadTop = 1, 1<<30
		return v, offset
	}
	v.PadTop = uint32(frame + skip - first)
	seen := uint64(count-1)*uint64(v.StrideY) + uint64(v.KernelHeight-1)*uint64(v.DilationY) + 1
	v.Height = uint32(min(uint64(v.Height), max(seen, uint64(v.PadTop)+1)-uint64(v.PadTop)))
	return v, offset
}
