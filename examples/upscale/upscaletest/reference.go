package upscaletest

import (
	"math"

	"github.com/thetaedge/theta/examples/upscale/network"
	"github.com/thetaedge/theta/examples/upscale/tfjs"
)

// image is float64[height,width,channels].
type image struct {
	height, width, channels int
	values                  []float64
}

func (m image) at(y, x, c int) float64 {
	if y < 0 || y >= m.height || x < 0 || x >= m.width {
		return 0
	}
	return m.values[(y*m.width+x)*m.channels+c]
}

// fill sets each element by a function.
func fill(height, width, channels int, value func(y, x, c int) float64) image {
	m := image{height, width, channels, make([]float64, 0, height*width*channels)}
	for y := range height {
		for x := range width {
			for c := range channels {
				m.values = append(m.values, value(y, x, c))
			}
		}
	}
	return m
}

// Float enlarges a picture with a model layer by layer, in floating-point numbers of 64 bits. The
// result is not rounded.
func Float(m *tfjs.Model, p network.Picture) []float64 {
	images := []image{fill(p.Height, p.Width, m.Inputs, func(y, x, c int) float64 {
		return float64(p.Pixels[(y*p.Width+x)*network.Colours+c])
	})}
	for _, l := range m.Layers {
		a := images[l.From[0]]
		var out image
		switch l.Kind {
		case tfjs.Conv:
			out = convolve(l, a)
		case tfjs.Relu:
			out = fill(a.height, a.width, a.channels, func(y, x, c int) float64 { return max(a.at(y, x, c), 0) })
		case tfjs.Add:
			b := images[l.From[1]]
			out = fill(a.height, a.width, a.channels, func(y, x, c int) float64 { return a.at(y, x, c) + b.at(y, x, c) })
		case tfjs.Concat:
			out = fill(a.height, a.width, l.Channels, func(y, x, c int) float64 {
				for _, place := range l.From {
					if c < images[place].channels {
						return images[place].at(y, x, c)
					}
					c -= images[place].channels
				}
				return math.NaN()
			})
		default:
			out = fill(l.Factor*a.height, l.Factor*a.width, a.channels, func(y, x, c int) float64 {
				return a.at(y/l.Factor, x/l.Factor, c)
			})
		}
		images = append(images, out)
	}
	return images[len(images)-1].values
}

// convolve sums up products. It adds one input at a time to all outputs of a pixel, in the order
// in which the weights lie.
func convolve(l tfjs.Layer, in image) image {
	out := image{in.height, in.width, l.Channels, make([]float64, in.height*in.width*l.Channels)}
	for y := range in.height {
		for x := range in.width {
			sums := out.values[(y*in.width+x)*l.Channels:][:l.Channels]
			for o, b := range l.Bias {
				sums[o] = float64(b)
			}
			for i := range l.Height * l.Width * in.channels {
				ky, kx, c := i/in.channels/l.Width, i/in.channels%l.Width, i%in.channels
				v := in.at(y+ky-l.Height/2, x+kx-l.Width/2, c)
				if v == 0 {
					continue
				}
				for o, w := range l.Kernel[i*l.Channels:][:l.Channels] {
					sums[o] += v * float64(w)
				}
			}
		}
	}
	return out
}

// Round returns the picture nearest to a result of Float.
func Round(height, width int, values []float64) network.Picture {
	p := network.NewPicture(height, width)
	for i, v := range values {
		p.Pixels[i] = byte(math.Round(min(max(v, 0), 255)))
	}
	return p
}
