package convert

import (
	"fmt"

	"github.com/thetaedge/theta/models/checkpoint"
	"github.com/thetaedge/theta/models/format"
)

// Smoothed returns a copy of a checkpoint whose layers were smoothed after a calibration text.
func Smoothed(m checkpoint.Memory, c checkpoint.Config, windows [][]int32) (checkpoint.Memory, error) {
	sizes, err := calibrate(m, c, windows)
	if err != nil {
		return nil, err
	}
	out := checkpoint.Memory{}
	for name, a := range m {
		out[name] = a
	}
	for index := range c.NumHiddenLayers {
		l, err := loadLayer(m, c, index, 16)
		if err != nil {
			return nil, err
		}
		l.smooth(&sizes.layers[index])
		put := func(name string, x []float32) {
			if name = fmt.Sprintf("model.layers.%d.%s", index, name); x != nil {
				out[name] = checkpoint.Array{Dims: m[name].Dims, Elements: x}
			}
		}
		for i, name := range []string{"self_attn.q_proj", "self_attn.k_proj", "self_attn.v_proj", "self_attn.o_proj", "mlp.gate_proj", "mlp.up_proj", "mlp.down_proj"} {
			put(name+".weight", l.matrices()[i].weights)
			put(name+".bias", l.matrices()[i].bias)
		}
		put("input_layernorm.weight", l.attentionNorm)
		put("post_attention_layernorm.weight", l.feedNorm)
		put("self_attn.q_norm.weight", l.qNorm)
		put("self_attn.k_norm.weight", l.kNorm)
	}
	return out, nil
}

// Architecture describes a configuration in integers.
func Architecture(c checkpoint.Config) format.Model {
	return architecture(c, (*calibration)(nil).places())
}

// Four cuts rows of k weights to four bits, and returns what they stand for.
func Four(weights []float32, k, group int) []float64 {
	q := four(weights, k, group)
	out := make([]float64, len(weights))
	for i := range out {
		row, g := i/k, i/k*(k/group)+i%k/group
		w := int8(q.weight[i/2]>>(4*(i%2))<<4) >> 4
		eight := (int(w) - int(int8(q.zero[g]))) * int(int8(q.gain[g]))
		out[i] = float64(min(max(eight, -127), 127)) * largest(weights[row*k:][:k]) / fourRange
	}
	return out
}
