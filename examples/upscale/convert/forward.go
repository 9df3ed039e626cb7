package convert

import (
	"runtime"
	"sync"

	"github.com/thetaedge/theta/examples/upscale/network"
)

// plane is the output of a layer for a picture: float32[height,width,channels].
type plane struct {
	height, width, channels int
	values                  []float32
}

func newPlane(height, width, channels int) plane {
	return plane{height, width, channels, make([]float32, height*width*channels)}
}

// run returns the outputs of all places except the result for a picture.
func (g *graph) run(p network.Picture) []plane {
	input := newPlane(p.Height, p.Width, network.Inputs)
	for i, value := range p.Pixels {
		to := input.values[i/network.Colours*network.Inputs+i%network.Colours:]
		for part := range network.Colours {
			to[part*network.Colours] = float32(min(value, 127))
			value -= min(value, 127)
		}
	}
	planes := []plane{input}
	for _, l := range g.layers[:len(g.layers)-1] {
		out := newPlane(p.Height, p.Width, l.Channels)
		switch l.Kind {
		case network.Conv:
			l.conv(planes[l.From[0]], out)
		case network.Add:
			for i := range out.values {
				out.values[i] = planes[l.From[0]].values[i] + planes[l.From[1]].values[i]
			}
		default:
			first := 0
			for _, place := range l.From {
				join(planes[place], out, first)
				first += planes[place].channels
			}
		}
		planes = append(planes, out)
	}
	return planes
}

// join copies channels to those of `out` from `first` on.
func join(in, out plane, first int) {
	for i := range in.height * in.width {
		copy(out.values[i*out.channels+first:][:in.channels], in.values[i*in.channels:])
	}
}

// conv convolves on all cores.
func (l *layer) conv(in, out plane) {
	transposed := l.transposed(in.channels)
	var wait sync.WaitGroup
	cores := runtime.GOMAXPROCS(0)
	for core := range cores {
		wait.Go(func() {
			for y := core; y < in.height; y += cores {
				for x := range in.width {
					l.pixel(in, transposed, y, x, out.values[(y*in.width+x)*out.channels:][:out.channels])
				}
			}
		})
	}
	wait.Wait()
}

// transposed returns the kernel as [Height,Width,inputs,Channels].
func (l *layer) transposed(inputs int) []float32 {
	t := make([]float32, len(l.kernel))
	places := l.Height * l.Width * inputs
	for o := range l.Channels {
		for i := range places {
			t[i*l.Channels+o] = l.kernel[o*places+i]
		}
	}
	return t
}

// pixel computes the output at a pixel.
func (l *layer) pixel(in plane, kernel []float32, y, x int, out []float32) {
	copy(out, l.bias)
	for ky := range l.Height {
		for kx := range l.Width {
			row, col := y+ky-l.Height/2, x+kx-l.Width/2
			if row < 0 || row >= in.height || col < 0 || col >= in.width {
				continue
			}
			for c, v := range in.values[(row*in.width+col)*in.channels:][:in.channels] {
				if v == 0 {
					continue
				}
				weights := kernel[((ky*l.Width+kx)*in.channels+c)*l.Channels:][:len(out)]
				for o, w := range weights {
					out[o] += v * w
				}
			}
		}
	}
	if l.Relu {
		for o, v := range out {
			out[o] = max(v, 0)
		}
	}
}
