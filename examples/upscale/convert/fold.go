package convert

import (
	"github.com/thetaedge/theta/examples/upscale/network"
	"github.com/thetaedge/theta/examples/upscale/tfjs"
)

// conv adds a convolution. After an enlargement by s, it becomes one of the small picture with
// s·s times as many channels: those of the s·s pixels that each pixel becomes. Each place of the
// kernel falls on a pixel of the small picture, and the weights that fall on the same one are
// added up, so that the result does not change.
func (b *builder) conv(i int, l tfjs.Layer, from origin) (origin, error) {
	s := from.factor
	// A place of the kernel that is r pixels away falls at most ⌈r/s⌉ small pixels away.
	reachY, reachX := (l.Height/2+s-1)/s, (l.Width/2+s-1)/s
	inputs := b.graph.channels(from.place)
	made := layer{Layer: network.Layer{
		Name: l.Name, Kind: network.Conv, From: []int{from.place}, Channels: padded(s * s * l.Channels),
		Height: 2*reachY + 1, Width: 2*reachX + 1,
	}}
	made.kernel = make([]float32, made.Channels*made.Height*made.Width*inputs)
	made.bias = make([]float32, made.Channels)
	for y := range s {
		for x := range s {
			first := (y*s + x) * l.Channels
			copy(made.bias[first:], l.Bias)
			for ky := range l.Height {
				for kx := range l.Width {
					row, col := floorDiv(y+ky-l.Height/2, s)+reachY, floorDiv(x+kx-l.Width/2, s)+reachX
					made.accumulate(l, ky*l.Width+kx, row*made.Width+col, first, inputs, from.spots)
				}
			}
		}
	}
	conv := b.push(made, l.Channels)
	if s == 1 && i < len(b.model.Layers)-1 {
		return conv, nil
	}
	b.graph.scale = s
	return b.push(layer{Layer: network.Layer{
		Name: "picture", Kind: network.Shuffle, From: []int{conv.place}, Channels: made.Channels,
	}}, l.Channels), nil
}

// accumulate adds the weights of l at a place of its kernel to those of the layer at another
// place, for the outputs from `first` on.
func (made *layer) accumulate(l tfjs.Layer, place, to, first, inputs int, spots [][]int) {
	for c, sum := range spots {
		for o := range l.Channels {
			w := l.Kernel[(place*len(spots)+c)*l.Channels+o]
			for _, spot := range sum {
				made.kernel[((first+o)*made.Height*made.Width+to)*inputs+spot] += w
			}
		}
	}
}

// floorDiv divides and rounds down.
func floorDiv(a, b int) int {
	if a < 0 {
		return -((b - 1 - a) / b)
	}
	return a / b
}
