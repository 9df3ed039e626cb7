package convert

import (
	"fmt"
	"math"

	"github.com/thetaedge/theta/models/checkpoint"
)

// matrix is the weights of a linear layer in floats: n outputs, k inputs.
type matrix struct {
	name    string
	n, k    int
	weights []float32
	// bias is nil if there is none, and gets `places` after the point.
	bias   []float32
	places int32
}

// layer is the weights of a layer in floats.
type layer struct {
	config                     checkpoint.Config
	attentionNorm, feedNorm    []float32
	qNorm, kNorm               []float32
	q, k, v, o, gate, up, down matrix
}

// sizes returns the widths of all queries and of all keys of a token.
func sizes(c checkpoint.Config) (queries, keys int) {
	return c.NumAttentionHeads * c.HeadDim, c.NumKeyValueHeads * c.HeadDim
}

// activationPlaces is the places of the outputs of linear layers that are not added to the stream.
const activationPlaces = 16

// loadLayer reads a layer of a checkpoint.
func loadLayer(s checkpoint.Source, c checkpoint.Config, index int, stream int32) (*layer, error) {
	l := &layer{config: c}
	queries, keys := sizes(c)
	prefix := fmt.Sprintf("model.layers.%d.", index)
	for _, m := range []struct {
		to         *matrix
		name, from string
		n, k       int
		bias       bool
		places     int32
	}{
		{&l.q, "q", "self_attn.q_proj", queries, c.HiddenSize, c.InputBias(), activationPlaces},
		{&l.k, "k", "self_attn.k_proj", keys, c.HiddenSize, c.InputBias(), activationPlaces},
		{&l.v, "v", "self_attn.v_proj", keys, c.HiddenSize, c.InputBias(), activationPlaces},
		{&l.o, "o", "self_attn.o_proj", c.HiddenSize, queries, c.OutputBias(), stream},
		{&l.gate, "gate", "mlp.gate_proj", c.IntermediateSize, c.HiddenSize, c.MLPBias, activationPlaces},
		{&l.up, "up", "mlp.up_proj", c.IntermediateSize, c.HiddenSize, c.MLPBias, activationPlaces},
		{&l.down, "down", "mlp.down_proj", c.HiddenSize, c.IntermediateSize, c.MLPBias, stream},
	} {
		*m.to = matrix{name: m.name, n: m.n, k: m.k, places: m.places}
		var err error
		if m.to.weights, err = read(s, prefix+m.from+".weight", m.n, m.k); err != nil {
			return nil, err
		}
		if !m.bias {
			continue
		}
		if m.to.bias, err = read(s, prefix+m.from+".bias", m.n); err != nil {
			return nil, err
		}
	}
	for _, n := range []struct {
		to   *[]float32
		from string
		cols int
		when bool
	}{
		{&l.attentionNorm, "input_layernorm", c.HiddenSize, true},
		{&l.feedNorm, "post_attention_layernorm", c.HiddenSize, true},
		{&l.qNorm, "self_attn.q_norm", c.HeadDim, c.HeadNorms()},
		{&l.kNorm, "self_attn.k_norm", c.HeadDim, c.HeadNorms()},
	} {
		if !n.when {
			continue
		}
		gain, err := read(s, prefix+n.from+".weight", n.cols)
		if err != nil {
			return nil, err
		}
		*n.to = gain
	}
	return l, nil
}

// read reads a tensor and refuses numbers that are not finite.
func read(s checkpoint.Source, name string, dims ...int) ([]float32, error) {
	x, err := checkpoint.Load(s, name, dims...)
	if err != nil {
		return nil, err
	}
	return x, finite(name, x)
}

func finite(name string, x []float32) error {
	for i, v := range x {
		if math.IsNaN(float64(v)) || math.IsInf(float64(v), 0) {
			return fmt.Errorf("expected finite numbers in tensor %s, found %v at %d", name, v, i)
		}
	}
	return nil
}

// matrices returns the matrices in the order of the file.
func (l *layer) matrices() []*matrix {
	return []*matrix{&l.q, &l.k, &l.v, &l.o, &l.gate, &l.up, &l.down}
}

// norms returns the gains that there are, in the order of the file.
func (l *layer) norms() []gain {
	all := []gain{{"attention_norm", l.attentionNorm}, {"feed_norm", l.feedNorm}}
	if l.qNorm != nil {
		all = append(all, gain{"q_norm", l.qNorm}, gain{"k_norm", l.kNorm})
	}
	return all
}

// gain is the gain of a norm with its name.
type gain struct {
	name    string
	numbers []float32
}

// places returns the places after the point with which the gain fits 16 bits.
func (g gain) places() int32 { return placesFor(largest(g.numbers), 15, 14) }

// largest returns the largest magnitude.
func largest(x []float32) float64 {
	most := 0.0
	for _, v := range x {
		most = max(most, math.Abs(float64(v)))
	}
	return most
}
