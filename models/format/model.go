package format

import "fmt"

// Model is the architecture of a decoder.
type Model struct {
	// Family is the model_type of the configuration it was converted from.
	Family string `json:"family"`
	// Width is the number of elements of the residual stream, Inner that between the matrices of
	// the feed-forward part.
	Width uint32 `json:"width"`
	Inner uint32 `json:"inner"`
	// Heads counts the heads of queries, KVHeads those of keys and values, which divides it.
	Heads   uint32 `json:"heads"`
	KVHeads uint32 `json:"kv_heads"`
	HeadDim uint32 `json:"head_dim"`
	// Vocabulary is the number of tokens, Context the number of positions the model was made for.
	Vocabulary uint32 `json:"vocabulary"`
	Context    uint32 `json:"context"`
	// Tied says that the matrix of the output is that of the embedding.
	Tied bool `json:"tied"`
	// Epsilon is what norms add to the mean square, in units of 2^-64.
	Epsilon uint64 `json:"epsilon"`
	// Unit is the scale (M, E), M·2^-E, from the product of a query and a key to the binary
	// logarithm of a weight.
	Unit Unit `json:"unit"`
	// Steps are the angles by which the pairs of a head turn per position, in units of 2^-64 of a
	// whole turn. There are HeadDim / 2.
	Steps  []uint64 `json:"steps"`
	Places Places   `json:"places"`
	Layers []Layer  `json:"layers"`
}

// Unit is the number M·2^-E.
type Unit struct {
	M int32 `json:"m"`
	E int32 `json:"e"`
}

// Places are the places after the point of fixed-point numbers that differ from model to model.
type Places struct {
	// Stream is that of the residual stream, Inner that of the activations that down multiplies.
	Stream int32 `json:"stream"`
	Inner  int32 `json:"inner"`
}

// Layer describes how one layer differs from others.
type Layer struct {
	// Window is the number of keys that a query sees, its own included; 0 means all.
	Window uint32 `json:"window"`
	// Rotated says that queries and keys are rotated by their positions.
	Rotated bool `json:"rotated"`
}

// Bounds of architectures. They keep all sizes of records and sums within those of the profile.
const (
	maxWidth      = 65_536
	maxVocabulary = 1 << 22
	maxLayers     = 1024
	maxContext    = 131_072
	maxPlaces     = 24
)

// Check verifies that a model is within the bounds of the profile.
func (m Model) Check() error {
	for _, s := range []struct {
		name           string
		value          uint32
		most, multiple uint32
	}{
		{"width", m.Width, maxWidth, 4},
		{"inner", m.Inner, maxWidth, 4},
		{"heads", m.Heads, maxWidth, 1},
		{"kv_heads", m.KVHeads, maxWidth, 1},
		{"head_dim", m.HeadDim, maxWidth, 4},
		{"vocabulary", m.Vocabulary, maxVocabulary, 1},
		{"context", m.Context, maxContext, 1},
		{"layers", uint32(min(len(m.Layers), maxLayers+1)), maxLayers, 1},
	} {
		if s.value < 1 || s.value > s.most || s.value%s.multiple != 0 {
			return fmt.Errorf("expected %s from 1 to %d and a multiple of %d, found %d", s.name, s.most, s.multiple, s.value)
		}
	}
	if m.Heads%m.KVHeads != 0 || uint64(m.Heads)*uint64(m.HeadDim) > maxWidth {
		return fmt.Errorf("expected heads that are a multiple of kv_heads, of at most %d elements together, found %d and %d of %d", maxWidth, m.Heads, m.KVHeads, m.HeadDim)
	}
	if len(m.Steps) != int(m.HeadDim/2) {
		return fmt.Errorf("expected %d steps, one for each pair of a head, found %d", m.HeadDim/2, len(m.Steps))
	}
	for _, p := range []int32{m.Places.Stream, m.Places.Inner} {
		if p < 0 || p > maxPlaces {
			return fmt.Errorf("expected places from 0 to %d, found %d", maxPlaces, p)
		}
	}
	for i, l := range m.Layers {
		if l.Window > 1<<31-1 {
			return fmt.Errorf("expected a window below 2^31 in layer %d, found %d", i, l.Window)
		}
	}
	return nil
}
