package tfjs

import (
	"errors"
	"fmt"
	"slices"
)

// single checks that a layer has one input, and returns its channels.
func (t *topology) single(l *Layer) (int, error) {
	if len(l.From) != 1 {
		return 0, fmt.Errorf("expected one input, found %d", len(l.From))
	}
	return t.model.ChannelsOf(l.From[0]), nil
}

// conv reads the shape of a convolution whose output has the size of its input.
func (t *topology) conv(l *Layer, c config) error {
	inputs, err := t.single(l)
	if err != nil {
		return err
	}
	if c.Filters < 1 || c.Filters > MaxChannels {
		return fmt.Errorf("expected 1 to %d filters, found %d", MaxChannels, c.Filters)
	}
	if len(c.Kernel) != 2 {
		return fmt.Errorf("expected a kernel of two sides, found %d", len(c.Kernel))
	}
	for _, side := range c.Kernel {
		if side < 1 || side > MaxKernel || side%2 == 0 {
			return fmt.Errorf("expected odd sides of kernels up to %d, found %d", MaxKernel, side)
		}
	}
	l.Channels, l.Height, l.Width = c.Filters, c.Kernel[0], c.Kernel[1]
	if l.Height*l.Width*inputs*l.Channels > MaxWeights {
		return fmt.Errorf("expected at most %d weights, found %d", MaxWeights, l.Height*l.Width*inputs*l.Channels)
	}
	one := []int{1, 1}
	switch {
	case !slices.Equal(c.Strides, one) || len(c.Dilation) > 0 && !slices.Equal(c.Dilation, one):
		return fmt.Errorf("expected strides and dilations of 1, found %v and %v", c.Strides, c.Dilation)
	case c.Padding != "same" && (c.Padding != "valid" || l.Height != 1 || l.Width != 1):
		return fmt.Errorf(`expected the padding "same", found %q`, c.Padding)
	case c.DataFormat != "channels_last":
		return fmt.Errorf(`expected the data format "channels_last", found %q`, c.DataFormat)
	case c.Groups != nil && *c.Groups != 1:
		return fmt.Errorf("expected one group, found %d", *c.Groups)
	case c.Activation != "linear":
		return fmt.Errorf(`expected the activation "linear" and a layer of its own for others, found %q`, c.Activation)
	}
	t.biased[len(t.model.Layers)] = c.UseBias == nil || *c.UseBias
	return nil
}

// activation reads the only activation that there is.
func (t *topology) activation(l *Layer, c config) (err error) {
	if c.Activation != "relu" {
		return fmt.Errorf(`expected the activation "relu", found %q`, c.Activation)
	}
	l.Channels, err = t.single(l)
	return err
}

// sum reads a sum of two layers.
func (t *topology) sum(l *Layer) error {
	if len(l.From) != 2 {
		return fmt.Errorf("expected two inputs, found %d", len(l.From))
	}
	a, b := t.model.ChannelsOf(l.From[0]), t.model.ChannelsOf(l.From[1])
	if a != b {
		return fmt.Errorf("expected inputs of equal channels, found %d and %d", a, b)
	}
	l.Channels = a
	return nil
}

// concat reads a join of channels.
func (t *topology) concat(l *Layer, c config) error {
	if c.Axis != 3 && c.Axis != -1 {
		return fmt.Errorf("expected a join of channels, axis 3, found axis %d", c.Axis)
	}
	if len(l.From) < 2 {
		return fmt.Errorf("expected at least two inputs, found %d", len(l.From))
	}
	for _, place := range l.From {
		l.Channels += t.model.ChannelsOf(place)
	}
	if l.Channels > MaxChannels {
		return fmt.Errorf("expected at most %d channels, found %d", MaxChannels, l.Channels)
	}
	return nil
}

// upsample reads an enlargement that repeats pixels.
func (t *topology) upsample(l *Layer, c config) (err error) {
	if len(c.Size) != 2 || c.Size[0] != c.Size[1] || c.Size[0] < 2 || c.Size[0] > MaxFactor {
		return fmt.Errorf("expected one factor from 2 to %d for both sides, found %v", MaxFactor, c.Size)
	}
	if c.Interpolation != "nearest" || c.DataFormat != "channels_last" {
		return errors.New(`expected the interpolation "nearest" and the data format "channels_last"`)
	}
	l.Factor = c.Size[0]
	l.Channels, err = t.single(l)
	return err
}
