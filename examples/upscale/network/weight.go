package network

import (
	"fmt"

	"github.com/thetaedge/theta/tensor"
)

// Part is what a tensor of a layer holds.
type Part string

// Parts of layers. acc is the sum of products that a convolution gives.
const (
	// Kernel is s8[Channels,Height,Width,inputs].
	Kernel Part = "kernel"
	// Bias is s32[Channels], which is added to acc.
	Bias Part = "bias"
	// Narrow is scale[Channels]: from acc of a Conv, or from the sum of an Add, to eight bits.
	Narrow Part = "narrow"
	// Wide is scale[Channels]: from acc to the numbers of 32 bits that are summed or shown.
	Wide Part = "wide"
)

// Weight is a tensor that a network needs.
type Weight struct {
	Layer int
	Part  Part
	Shape tensor.Shape
}

// Name returns the name of a weight in a file.
func (w Weight) Name() string { return fmt.Sprintf("%d.%s", w.Layer, w.Part) }

// Weights returns the tensors that a network needs, in the order of files. The network has to be
// checked.
func (n *Network) Weights() []Weight {
	var weights []Weight
	forms := n.forms()
	for i, l := range n.Layers {
		add := func(p Part, t tensor.Type, count int) {
			weights = append(weights, Weight{i, p, tensor.Shape{Type: t, Count: uint64(count)}})
		}
		if l.Kind == Conv {
			add(Kernel, tensor.S8, l.Channels*l.Height*l.Width*n.channels(l.From[0]))
			add(Bias, tensor.S32, l.Channels)
		}
		if f := forms[i+1]; l.Kind == Conv || l.Kind == Add {
			if f.narrow {
				add(Narrow, tensor.Scales, l.Channels)
			}
			if f.wide && l.Kind == Conv {
				add(Wide, tensor.Scales, l.Channels)
			}
		}
	}
	return weights
}
