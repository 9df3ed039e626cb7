package tfjs

// Kind is what a layer does.
type Kind string

// Kinds of layers.
const (
	// Conv convolves with zeros around the picture, so that the size stays.
	Conv Kind = "Conv2D"
	// Relu sets negative numbers to zero.
	Relu Kind = "Activation"
	// Add sums two layers of equal shape.
	Add Kind = "Add"
	// Concat joins the channels of two or more layers.
	Concat Kind = "Concatenate"
	// Upsample repeats each pixel Factor times in both directions.
	Upsample Kind = "UpSampling2D"
)

// Bounds of what a model may ask for.
const (
	// MaxLayers bounds the layers.
	MaxLayers = 1024
	// MaxChannels bounds the channels of a layer.
	MaxChannels = 4096
	// MaxKernel bounds the sides of a kernel.
	MaxKernel = 15
	// MaxFactor bounds the enlargement.
	MaxFactor = 16
	// MaxWeights bounds the numbers in all weights.
	MaxWeights = 1 << 26
	// MaxTopology bounds the file of JSON, in bytes.
	MaxTopology = 4 << 20
)

// Layer is a step of a network. Its channels lie last.
type Layer struct {
	Name string
	Kind Kind
	// From are the places of its inputs: 0 is the picture, and i the layer i-1 of the model.
	From []int
	// Channels is the number of channels of its output.
	Channels int
	// Height and Width are the sides of the kernel of a Conv.
	Height, Width int
	// Factor is the enlargement of an Upsample.
	Factor int
	// Kernel holds [Height,Width,inputs,Channels] of a Conv, and Bias holds [Channels].
	Kernel, Bias []float32
}

// Model is a network from a picture with Inputs channels to the output of its last layer. Each
// layer comes after the layers that it reads.
type Model struct {
	Inputs int
	Layers []Layer
}

// ChannelsOf returns the channels at a place: 0 is the picture, and i the layer i-1.
func (m *Model) ChannelsOf(place int) int {
	if place == 0 {
		return m.Inputs
	}
	return m.Layers[place-1].Channels
}
