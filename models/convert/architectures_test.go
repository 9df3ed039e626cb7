package convert_test

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/thetaedge/theta/models/checkpoint"
	"github.com/thetaedge/theta/models/convert"
	"github.com/thetaedge/theta/models/decoder"
)

// architecture draws a configuration of any family, with sizes that do not fit each other well.
func architecture(r *rand.Rand) checkpoint.Config {
	c := small(checkpoint.Families()[r.IntN(len(checkpoint.Families()))])
	c.HiddenSize, c.IntermediateSize, c.NumHiddenLayers = 4*(4+r.IntN(20)), 4*(4+r.IntN(30)), 1+r.IntN(4)
	c.NumKeyValueHeads = 1 + r.IntN(3)
	c.NumAttentionHeads, c.HeadDim = c.NumKeyValueHeads*(1+r.IntN(4)), 4*(1+r.IntN(8))
	c.VocabSize, c.MaxPositionEmbeddings = 2+r.IntN(70), 40+r.IntN(60)
	window, use := 1+r.IntN(50), true
	if r.IntN(2) == 0 {
		c.SlidingWindow, c.UseSlidingWindow, c.MaxWindowLayers = &window, &use, r.IntN(3)
	}
	c.AttentionBias, c.MLPBias, c.TieWordEmbeddings = r.IntN(2) == 0, r.IntN(2) == 0, r.IntN(2) == 0
	return c
}

// Of any architecture, the decoder is near the floats, and the division into steps makes no difference.
func TestRandomArchitecturesAreNearTheirFloats(t *testing.T) {
	for seed := range uint64(40) {
		r := rand.New(rand.NewPCG(seed, 1))
		c := complete(t, architecture(r))
		name := fmt.Sprintf("seed %d: %+v", seed, c)
		source, tokens := random(c, seed), tokensOf(c, 1, 40)
		o := convert.Options{Bits: 8}
		if r.IntN(3) == 0 {
			o.Calibration = tokensOf(c, 1, 30)
		}
		sizes := decoder.Options{Batch: uint32(1 + r.IntN(20))}
		report, err := convert.Compare(source, c, open(t, source, c, o, sizes), tokens)
		require.NoError(t, err, name)
		require.Less(t, report.Error, .09, name)

		d := open(t, source, c, convert.Options{Bits: 4, Group: 8 * (1 + r.IntN(5))}, sizes)
		want, err := d.Every(tokens[0])
		require.NoError(t, err, name)
		require.NoError(t, d.Rewind(0))
		var got []int32
		for rest := tokens[0]; len(rest) > 0; {
			n := 1 + r.IntN(len(rest))
			logits, err := d.Every(rest[:n])
			require.NoError(t, err, name)
			got, rest = append(got, logits...), rest[n:]
		}
		require.Equal(t, want, got, name)
	}
}
