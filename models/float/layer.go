package float

import (
	"fmt"

	"github.com/thetaedge/theta/models/checkpoint"
)

// layer is the weights of a layer.
type layer struct {
	config      checkpoint.Config
	window      int
	frequencies []float64
	// norms before attention and feed-forward, and of the heads of q and k (or nil).
	attentionNorm, feedNorm, qNorm, kNorm []float32
	q, k, v, o, gate, up, down            []float32
	// biases, or nil.
	qBias, kBias, vBias, oBias, gateBias, upBias, downBias []float32
}

// loadLayer reads the weights of a layer.
func loadLayer(s checkpoint.Source, c checkpoint.Config, index int) (*layer, error) {
	l := &layer{config: c, window: c.Window(index)}
	if c.Rotated(index) {
		l.frequencies = frequencies(c)
	}
	width, inner := c.HiddenSize, c.IntermediateSize
	queries, keys := c.NumAttentionHeads*c.HeadDim, c.NumKeyValueHeads*c.HeadDim
	for _, t := range []struct {
		into *[]float32
		name string
		when bool
		dims []int
	}{
		{&l.attentionNorm, "input_layernorm.weight", true, []int{width}},
		{&l.feedNorm, "post_attention_layernorm.weight", true, []int{width}},
		{&l.qNorm, "self_attn.q_norm.weight", c.HeadNorms(), []int{c.HeadDim}},
		{&l.kNorm, "self_attn.k_norm.weight", c.HeadNorms(), []int{c.HeadDim}},
		{&l.q, "self_attn.q_proj.weight", true, []int{queries, width}},
		{&l.k, "self_attn.k_proj.weight", true, []int{keys, width}},
		{&l.v, "self_attn.v_proj.weight", true, []int{keys, width}},
		{&l.o, "self_attn.o_proj.weight", true, []int{width, queries}},
		{&l.gate, "mlp.gate_proj.weight", true, []int{inner, width}},
		{&l.up, "mlp.up_proj.weight", true, []int{inner, width}},
		{&l.down, "mlp.down_proj.weight", true, []int{width, inner}},
		{&l.qBias, "self_attn.q_proj.bias", c.InputBias(), []int{queries}},
		{&l.kBias, "self_attn.k_proj.bias", c.InputBias(), []int{keys}},
		{&l.vBias, "self_attn.v_proj.bias", c.InputBias(), []int{keys}},
		{&l.oBias, "self_attn.o_proj.bias", c.OutputBias(), []int{width}},
		{&l.gateBias, "mlp.gate_proj.bias", c.MLPBias, []int{inner}},
		{&l.upBias, "mlp.up_proj.bias", c.MLPBias, []int{inner}},
		{&l.downBias, "mlp.down_proj.bias", c.MLPBias, []int{width}},
	} {
		if !t.when {
			continue
		}
		elements, err := checkpoint.Load(s, fmt.Sprintf("model.layers.%d.%s", index, t.name), t.dims...)
		if err != nil {
			return nil, err
		}
		*t.into = elements
	}
	return l, nil
}

// run adds what the layer computes to the rows of the residual stream.
func (l *layer) run(x []float32, seen func(Point, []float32)) {
	c := l.config
	y := normalize(x, l.attentionNorm, c.RMSNormEps)
	seen(AttentionIn, y)
	q, k, v := linear(y, l.q, l.qBias, c.HiddenSize), linear(y, l.k, l.kBias, c.HiddenSize), linear(y, l.v, l.vBias, c.HiddenSize)
	if l.qNorm != nil {
		q, k = normalize(q, l.qNorm, c.RMSNormEps), normalize(k, l.kNorm, c.RMSNormEps)
	}
	seen(Queries, q)
	seen(Keys, k)
	rotate(q, c.NumAttentionHeads, c.HeadDim, l.frequencies)
	rotate(k, c.NumKeyValueHeads, c.HeadDim, l.frequencies)
	mixed := attend(c, q, k, v, l.window)
	seen(AttentionOut, mixed)
	add(x, linear(mixed, l.o, l.oBias, c.NumAttentionHeads*c.HeadDim))
	y = normalize(x, l.feedNorm, c.RMSNormEps)
	seen(FeedIn, y)
	g, u := linear(y, l.gate, l.gateBias, c.HiddenSize), linear(y, l.up, l.upBias, c.HiddenSize)
	gate(g, u)
	seen(FeedOut, g)
	add(x, linear(g, l.down, l.downBias, c.IntermediateSize))
}
