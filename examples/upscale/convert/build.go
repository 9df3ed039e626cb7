package convert

import (
	"errors"
	"fmt"

	"github.com/thetaedge/theta/examples/upscale/network"
	"github.com/thetaedge/theta/examples/upscale/tfjs"
)

// layer is a layer of the network with weights that are not rounded yet.
type layer struct {
	network.Layer
	// kernel is [Channels,Height,Width,inputs] and bias is [Channels].
	kernel, bias []float32
}

// graph is a network of layers. Its places are counted as in network.Network.
type graph struct {
	scale  int
	layers []layer
}

// origin says where the output of a layer of the model is in the graph.
type origin struct {
	place int
	// spots are the channels of the place that sum up to each channel of the model.
	spots [][]int
	// factor is the enlargement that a convolution still has to take in.
	factor int
}

// builder makes a graph out of a model.
type builder struct {
	model   *tfjs.Model
	graph   graph
	origins []origin
	// readers counts the layers that read each place of the model.
	readers []int
}

// build returns the graph of a model that ends with an enlargement and a convolution.
func build(m *tfjs.Model) (*graph, error) {
	b := builder{model: m, readers: make([]int, len(m.Layers)+1)}
	for _, l := range m.Layers {
		for _, place := range l.From {
			b.readers[place]++
		}
	}
	picture := origin{factor: 1}
	for c := range network.Colours {
		picture.spots = append(picture.spots, []int{c, c + network.Colours, c + 2*network.Colours})
	}
	b.origins = append(b.origins, picture)
	for i, l := range m.Layers {
		made, err := b.layer(i, l)
		if err != nil {
			return nil, fmt.Errorf("layer %q: %w", l.Name, err)
		}
		b.origins = append(b.origins, made)
	}
	if b.graph.scale == 0 || len(m.Layers) < 1 || m.ChannelsOf(len(m.Layers)) != network.Colours {
		return nil, fmt.Errorf("expected a network that enlarges and ends with %d colours", network.Colours)
	}
	return &b.graph, b.graph.network().Check()
}

// network returns the description of a graph.
func (g *graph) network() *network.Network {
	n := &network.Network{Scale: g.scale}
	for _, l := range g.layers {
		n.Layers = append(n.Layers, l.Layer)
	}
	return n
}

// push appends a layer and returns where it is.
func (b *builder) push(l layer, channels int) origin {
	b.graph.layers = append(b.graph.layers, l)
	made := origin{place: len(b.graph.layers), factor: 1}
	for c := range channels {
		made.spots = append(made.spots, []int{c})
	}
	return made
}

// layer adds a layer of the model.
func (b *builder) layer(i int, l tfjs.Layer) (origin, error) {
	from := make([]origin, len(l.From))
	for j, place := range l.From {
		from[j] = b.origins[place]
		if from[j].factor != 1 && l.Kind != tfjs.Conv {
			return origin{}, errors.New("expected a convolution after an enlargement")
		}
	}
	if b.graph.scale != 0 {
		return origin{}, errors.New("expected one convolution after the enlargement, as the last layer")
	}
	switch l.Kind {
	case tfjs.Conv:
		return b.conv(i, l, from[0])
	case tfjs.Relu:
		return b.relu(l, from[0])
	case tfjs.Add:
		return b.sum(l, from)
	case tfjs.Concat:
		return b.join(l, from), nil
	default:
		from[0].factor = l.Factor
		return from[0], nil
	}
}

// padded returns channels rounded up to a multiple of four.
func padded(channels int) int { return (channels + 3) / 4 * 4 }

// relu makes a convolution set negative numbers to zero.
func (b *builder) relu(l tfjs.Layer, from origin) (origin, error) {
	if from.place == 0 || b.graph.layers[from.place-1].Kind != network.Conv || b.readers[l.From[0]] != 1 {
		return origin{}, errors.New("expected the activation of a convolution that nothing else reads")
	}
	b.graph.layers[from.place-1].Relu = true
	return from, nil
}

// sum adds a sum of two layers, which are padded in the same way because neither is a join.
func (b *builder) sum(l tfjs.Layer, from []origin) (origin, error) {
	return b.push(layer{Layer: network.Layer{
		Name: l.Name, Kind: network.Add, From: []int{from[0].place, from[1].place}, Channels: padded(l.Channels),
	}}, l.Channels), nil
}

// join adds a join of channels.
func (b *builder) join(l tfjs.Layer, from []origin) origin {
	made := layer{Layer: network.Layer{Name: l.Name, Kind: network.Join}}
	var spots [][]int
	for _, o := range from {
		for _, sum := range o.spots {
			var moved []int
			for _, c := range sum {
				moved = append(moved, made.Channels+c)
			}
			spots = append(spots, moved)
		}
		made.From = append(made.From, o.place)
		made.Channels += b.graph.channels(o.place)
	}
	joined := b.push(made, 0)
	joined.spots = spots
	return joined
}

// channels returns the channels of a place.
func (g *graph) channels(place int) int {
	if place == 0 {
		return network.Inputs
	}
	return g.layers[place-1].Channels
}
