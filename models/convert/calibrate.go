package convert

import (
	"fmt"
	"math"

	"github.com/thetaedge/theta/models/checkpoint"
	"github.com/thetaedge/theta/models/float"
	"github.com/thetaedge/theta/models/format"
)

// maxima are the largest magnitudes of the activations of a layer, by channel.
type maxima struct {
	attentionIn, queries, keys, attentionOut, feedIn, feedOut []float32
}

// calibration is what a text shows of the sizes of activations.
type calibration struct {
	layers []maxima
	// stream and inner are the largest magnitudes of the residual stream and of what down
	// multiplies.
	stream, inner float64
}

// calibrate executes the model in floats on windows of tokens.
func calibrate(s checkpoint.Source, c checkpoint.Config, windows [][]int32) (*calibration, error) {
	queries, keys := sizes(c)
	result := &calibration{layers: make([]maxima, c.NumHiddenLayers)}
	for i := range result.layers {
		result.layers[i] = maxima{
			attentionIn: make([]float32, c.HiddenSize), queries: make([]float32, queries), keys: make([]float32, keys),
			attentionOut: make([]float32, queries), feedIn: make([]float32, c.HiddenSize), feedOut: make([]float32, c.IntermediateSize),
		}
	}
	err := float.Forward(s, c, windows, float.Watch{Activations: func(layer int, at float.Point, rows []float32) {
		m := &result.layers[layer]
		switch at {
		case float.AttentionIn:
			widen(m.attentionIn, rows)
		case float.Queries:
			widen(m.queries, rows)
		case float.Keys:
			widen(m.keys, rows)
		case float.AttentionOut:
			widen(m.attentionOut, rows)
		case float.FeedIn:
			widen(m.feedIn, rows)
		case float.FeedOut:
			widen(m.feedOut, rows)
			result.inner = max(result.inner, largest(rows))
		case float.Stream:
			result.stream = max(result.stream, largest(rows))
		}
	}})
	if err == nil {
		err = result.check()
	}
	return result, err
}

// check refuses activations that are not finite, with which nothing can be smoothed.
func (c *calibration) check() error {
	for i, m := range c.layers {
		for _, most := range [][]float32{m.attentionIn, m.queries, m.keys, m.attentionOut, m.feedIn, m.feedOut} {
			if size := largest(most); math.IsNaN(size) || math.IsInf(size, 0) {
				return fmt.Errorf("expected finite activations in layer %d, found %v; the weights may be damaged", i, size)
			}
		}
	}
	if math.IsNaN(c.stream) || math.IsInf(c.stream, 0) {
		return fmt.Errorf("expected finite numbers in the residual stream, found %v; the weights may be damaged", c.stream)
	}
	return nil
}

// widen raises the largest magnitudes of channels to those of rows.
func widen(most, rows []float32) {
	for i, v := range rows {
		most[i%len(most)] = max(most[i%len(most)], float32(math.Abs(float64(v))))
	}
}

// headroom is by how many binary places activations may exceed those of the calibration text.
const headroom = 3

// Bounds of the places of the stream and of inner activations.
const (
	leastPlaces, mostPlaces, usualPlaces = 4, 20, 16
)

// places returns the places after the point that leave headroom.
func (c *calibration) places() format.Places {
	if c == nil {
		return format.Places{Stream: usualPlaces, Inner: usualPlaces}
	}
	return format.Places{
		Stream: max(placesFor(c.stream, 31-headroom, mostPlaces), leastPlaces),
		Inner:  max(placesFor(c.inner, 31-headroom, mostPlaces), leastPlaces),
	}
}
