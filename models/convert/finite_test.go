package convert_test

import (
	"bytes"
	"math"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/thetaedge/theta/models/convert"
	"github.com/thetaedge/theta/models/decoder"
)

// With calibration, activations and smoothed weights that floats do not hold would become zeros.
func TestActivationsThatAreNotFiniteAreRefused(t *testing.T) {
	c := complete(t, small("llama"))
	for _, at := range []string{
		"model.layers.1.input_layernorm.weight", "model.layers.1.self_attn.q_proj.weight", "model.layers.1.self_attn.v_proj.weight",
		"model.layers.2.self_attn.o_proj.weight", "model.layers.1.mlp.up_proj.weight", "model.layers.3.mlp.down_proj.weight",
	} {
		m := random(c, 1)
		for i := range m[at].Elements {
			m[at].Elements[i] = math.MaxFloat32
		}
		err := convert.Convert(&bytes.Buffer{}, m, c, convert.Options{Bits: 8, Calibration: tokensOf(c, 1, 20)})
		require.ErrorContains(t, err, "finite", at)
	}
}

func TestALossWithoutFiniteFloatsIsNotReported(t *testing.T) {
	c := complete(t, small("llama"))
	m := random(c, 1)
	for i := range m["lm_head.weight"].Elements {
		m["lm_head.weight"].Elements[i] = math.MaxFloat32
	}
	_, err := convert.Compare(m, c, open(t, m, c, convert.Options{Bits: 8}, decoder.Options{}), tokensOf(c, 1, 20))
	require.ErrorContains(t, err, "finite")
}
