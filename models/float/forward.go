package float

import (
	"fmt"

	"github.com/thetaedge/theta/models/checkpoint"
)

// Point is a place in a layer where activations can be observed.
type Point int

// Points of a layer.
const (
	// AttentionIn is what q, k and v multiply: rows of HiddenSize.
	AttentionIn Point = iota
	// Queries and Keys are seen before their rotation: rows of NumAttentionHeads·HeadDim and of
	// NumKeyValueHeads·HeadDim.
	Queries
	Keys
	// AttentionOut is what o multiplies: rows of NumAttentionHeads·HeadDim.
	AttentionOut
	// FeedIn is what gate and up multiply: rows of HiddenSize.
	FeedIn
	// FeedOut is what down multiplies: rows of IntermediateSize.
	FeedOut
	// Stream is the residual stream after the layer: rows of HiddenSize.
	Stream
)

// Watch sees activations of all layers.
type Watch struct {
	// Activations receives the rows of a point, one after the other. It may be nil, and must not
	// keep the slice.
	Activations func(layer int, at Point, rows []float32)
	// Logits receives the logits after each token of a window, VocabSize numbers each. It may be
	// nil, and must not keep the slice.
	Logits func(window, position int, logits []float32)
}

// Forward executes the model on windows of tokens; each begins at position 0. It fails if a tensor
// is missing or does not fit the configuration.
func Forward(s checkpoint.Source, c checkpoint.Config, windows [][]int32, watch Watch) error {
	streams := make([][]float32, len(windows))
	for i, window := range windows {
		x, err := embed(s, c, window)
		if err != nil {
			return err
		}
		streams[i] = x
	}
	for layer := range c.NumHiddenLayers {
		l, err := loadLayer(s, c, layer)
		if err != nil {
			return err
		}
		seen := func(at Point, rows []float32) {
			if watch.Activations != nil {
				watch.Activations(layer, at, rows)
			}
		}
		for _, x := range streams {
			l.run(x, seen)
			seen(Stream, x)
		}
	}
	if watch.Logits == nil {
		return nil
	}
	return head(s, c, streams, watch.Logits)
}

// embed returns the rows of the embedding for tokens.
func embed(s checkpoint.Source, c checkpoint.Config, tokens []int32) ([]float32, error) {
	const name = "model.embed_tokens.weight"
	if err := checkpoint.Require(s, name, c.VocabSize, c.HiddenSize); err != nil {
		return nil, err
	}
	x := make([]float32, len(tokens)*c.HiddenSize)
	for i, token := range tokens {
		if token < 0 || int(token) >= c.VocabSize {
			return nil, fmt.Errorf("expected tokens from 0 to %d, found %d", c.VocabSize-1, token)
		}
		if err := s.Read(name, int(token)*c.HiddenSize, x[i*c.HiddenSize:][:c.HiddenSize]); err != nil {
			return nil, err
		}
	}
	return x, nil
}

// head multiplies the last norm of each row with the matrix of the output, one row at a time.
func head(s checkpoint.Source, c checkpoint.Config, streams [][]float32, logits func(window, position int, logits []float32)) error {
	gain, err := checkpoint.Load(s, "model.norm.weight", c.HiddenSize)
	if err != nil {
		return err
	}
	name := "lm_head.weight"
	if c.TieWordEmbeddings {
		name = "model.embed_tokens.weight"
	}
	matrix, err := checkpoint.Load(s, name, c.VocabSize, c.HiddenSize)
	if err != nil {
		return err
	}
	for window, x := range streams {
		rows := normalize(x, gain, c.RMSNormEps)
		for position := range len(rows) / c.HiddenSize {
			logits(window, position, linear(rows[position*c.HiddenSize:][:c.HiddenSize], matrix, nil, c.HiddenSize))
		}
	}
	return nil
}
