package ref

import "github.com/thetaedge/theta/tensor"

// Conv2D convolves images.
func Conv2D(o *tensor.Conv2D, x, w []int8, out []int32) {
	v, channels := o.Window, int(o.Channels)
	kernel := int(v.KernelHeight) * int(v.KernelWidth) * channels
	at := 0
	each(v, int(o.Batch), func(pixels []int) {
		for n := range int(o.OutChannels) {
			var sum int32
			for i, pixel := range pixels {
				if pixel >= 0 {
					sum += dot(x[pixel*channels:][:channels], w[n*kernel+i*channels:][:channels])
				}
			}
			out[at] = sum
			at++
		}
	})
}

// Depthwise2D convolves each channel with a kernel of its own.
func Depthwise2D(o *tensor.Depthwise2D, x, w []int8, out []int32) {
	channels := int(o.Channels)
	at := 0
	each(o.Window, int(o.Batch), func(pixels []int) {
		for c := range channels {
			var sum int32
			for i, pixel := range pixels {
				if pixel >= 0 {
					sum += int32(x[pixel*channels+c]) * int32(w[i*channels+c])
				}
			}
			out[at] = sum
			at++
		}
	})
}

// each visits the pixels of the output in order, with those of the input that a kernel sees: -1
// for one outside of the image.
func each(v tensor.Window, batch int, visit func(pixels []int)) {
	pixels := make([]int, int(v.KernelHeight)*int(v.KernelWidth))
	for b := range batch {
		for y := range int(v.OutHeight) {
			for x := range int(v.OutWidth) {
				for i := range pixels {
					row := y*int(v.StrideY) + i/int(v.KernelWidth)*int(v.DilationY) - int(v.PadTop)
					col := x*int(v.StrideX) + i%int(v.KernelWidth)*int(v.DilationX) - int(v.PadLeft)
					pixels[i] = -1
					if row >= 0 && row < int(v.Height) && col >= 0 && col < int(v.Width) {
						pixels[i] = (b*int(v.Height)+row)*int(v.Width) + col
					}
				}
				visit(pixels)
			}
		}
	}
}
