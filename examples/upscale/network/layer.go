package network

import (
	"errors"
	"fmt"
	"slices"
)

// Kind is what a layer does.
type Kind string

// Kinds of layers.
const (
	// Conv convolves with zeros around the picture, so that the size stays, adds a number to each
	// channel and, with Relu, sets negative numbers to zero.
	Conv Kind = "conv"
	// Add sums two layers of equal shape.
	Add Kind = "add"
	// Join puts the channels of layers one after the other.
	Join Kind = "join"
	// Shuffle turns the channels of each pixel into Scale times Scale pixels of Colours channels:
	// rows of pixels first, then pixels, then colours. It is the last layer, and only there.
	Shuffle Kind = "shuffle"
)

// Bounds of networks.
const (
	// MaxLayers bounds the layers.
	MaxLayers = 1024
	// MaxChannels bounds the channels of a layer.
	MaxChannels = 4096
	// MaxKernel bounds the sides of a kernel.
	MaxKernel = 31
	// MaxScale bounds the enlargement.
	MaxScale = 16
	// maxProducts bounds the products that a convolution sums up for an element.
	maxProducts = 65_536
)

// Channels of pictures.
const (
	// Colours is the number of colours of a pixel: red, green and blue, from 0 to 255.
	Colours = 3
	// Inputs is the number of channels that a network reads. Zero has to mean black, because
	// convolutions see zeros outside of the picture, and 255 does not fit a signed number of 8
	// bits. So each colour is the sum of the channels c, c + 3 and c + 6; the last three are 0.
	Inputs = 12
)

// Layer is a step of a network.
type Layer struct {
	Name string `json:"name"`
	Kind Kind   `json:"kind"`
	// From are the places of its inputs: 0 is the picture, and i the layer i-1 of the network.
	From []int `json:"from"`
	// Channels is the number of channels of the output, a multiple of 4.
	Channels int `json:"channels"`
	// Height and Width are the sides of the kernel of a Conv, both odd.
	Height int  `json:"height,omitempty"`
	Width  int  `json:"width,omitempty"`
	Relu   bool `json:"relu,omitempty"`
}

// Network is the layers from a picture with Inputs channels to a picture that is Scale times as
// high and wide.
type Network struct {
	Scale  int     `json:"scale"`
	Layers []Layer `json:"layers"`
}

// kindOf returns the kind of layer at a place; Join for the picture, which has eight bits as well.
func (n *Network) kindOf(place int) Kind {
	if place == 0 {
		return Join
	}
	return n.Layers[place-1].Kind
}

// channels returns the channels at a place.
func (n *Network) channels(place int) int {
	if place == 0 {
		return Inputs
	}
	return n.Layers[place-1].Channels
}

// Check verifies that the layers fit together and are within the bounds of the profile.
func (n *Network) Check() error {
	if n.Scale < 1 || n.Scale > MaxScale {
		return fmt.Errorf("expected a scale from 1 to %d, found %d", MaxScale, n.Scale)
	}
	if len(n.Layers) < 2 || len(n.Layers) > MaxLayers {
		return fmt.Errorf("expected 2 to %d layers, found %d", MaxLayers, len(n.Layers))
	}
	read := make([]bool, len(n.Layers)+1)
	for i, l := range n.Layers {
		if err := n.checkSources(i, l); err != nil {
			return fmt.Errorf("layer %d (%q): %w", i, l.Name, err)
		}
		if err := n.checkLayer(i, l); err != nil {
			return fmt.Errorf("layer %d (%q): %w", i, l.Name, err)
		}
		for _, place := range l.From {
			read[place] = true
		}
	}
	if unread := slices.Index(read, false); unread < len(n.Layers) {
		return fmt.Errorf("expected a layer that reads place %d, found none", unread)
	}
	return nil
}

// checkSources verifies what a layer reads.
func (n *Network) checkSources(i int, l Layer) error {
	least, most := 1, 1
	switch l.Kind {
	case Add:
		least, most = 2, 2
	case Join:
		least, most = 2, MaxLayers
	case Conv, Shuffle:
	default:
		return fmt.Errorf("expected conv, add, join or shuffle, found %q", l.Kind)
	}
	if len(l.From) < least || len(l.From) > most {
		return fmt.Errorf("expected %d to %d inputs of %s, found %d", least, most, l.Kind, len(l.From))
	}
	for _, place := range l.From {
		if place < 0 || place > i {
			return fmt.Errorf("expected inputs from 0 to %d, found %d", i, place)
		}
		if wide := l.Kind == Add || l.Kind == Shuffle; wide && n.kindOf(place) == Join {
			return fmt.Errorf("expected conv or add as input of %s, found %s or the picture", l.Kind, Join)
		}
	}
	return nil
}

// checkLayer verifies the shape of a layer.
func (n *Network) checkLayer(i int, l Layer) error {
	if l.Channels < 4 || l.Channels > MaxChannels || l.Channels%4 != 0 {
		return fmt.Errorf("expected channels that are a multiple of 4 up to %d, found %d", MaxChannels, l.Channels)
	}
	if (l.Kind == Shuffle) != (i == len(n.Layers)-1) {
		return errors.New("expected shuffle as the last layer, and only there")
	}
	if l.Kind != Conv && (l.Height != 0 || l.Width != 0 || l.Relu) {
		return fmt.Errorf("expected neither a kernel nor relu in %s", l.Kind)
	}
	switch l.Kind {
	case Conv:
		for _, side := range []int{l.Height, l.Width} {
			if side < 1 || side > MaxKernel || side%2 == 0 {
				return fmt.Errorf("expected odd sides of kernels up to %d, found %d", MaxKernel, side)
			}
		}
		if products := l.Height * l.Width * n.channels(l.From[0]); products > maxProducts {
			return fmt.Errorf("expected kernels of at most %d elements, found %d", maxProducts, products)
		}
	case Add:
		if a, b := n.channels(l.From[0]), n.channels(l.From[1]); a != l.Channels || b != l.Channels {
			return fmt.Errorf("expected inputs of %d channels, found %d and %d", l.Channels, a, b)
		}
	case Join:
		sum := 0
		for _, place := range l.From {
			sum += n.channels(place)
		}
		if sum != l.Channels {
			return fmt.Errorf("expected %d channels, found inputs of %d", l.Channels, sum)
		}
	case Shuffle:
		if c := n.channels(l.From[0]); c != l.Channels || c < n.Scale*n.Scale*Colours {
			return fmt.Errorf("expected at least %d channels, found %d and an input of %d", n.Scale*n.Scale*Colours, l.Channels, c)
		}
	}
	return nil
}

// Halo returns how many pixels around a pixel of the picture its enlargement depends on.
func (n *Network) Halo() int {
	far := make([]int, len(n.Layers)+1)
	for i, l := range n.Layers {
		for _, place := range l.From {
			far[i+1] = max(far[i+1], far[place]+max(l.Height, l.Width)/2)
		}
	}
	return far[len(n.Layers)]
}

// form says in which forms the output of a layer is needed.
type form struct {
	// narrow is 8 bits, for convolutions and joins; wide is 32 bits, for sums and the result.
	narrow, wide bool
	// last is the last layer that reads it.
	last int
}

// forms returns the forms of each place.
func (n *Network) forms() []form {
	forms := make([]form, len(n.Layers)+1)
	for i, l := range n.Layers {
		for _, place := range l.From {
			f := &forms[place]
			f.last = i
			if l.Kind == Conv || l.Kind == Join {
				f.narrow = true
			} else {
				f.wide = true
			}
		}
	}
	return forms
}
