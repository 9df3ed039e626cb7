package convert

import (
	"math"

	"github.com/thetaedge/theta/models/checkpoint"
	"github.com/thetaedge/theta/models/format"
	"github.com/thetaedge/theta/tensor/fixed"
)

// architecture describes a configuration in integers.
func architecture(c checkpoint.Config, places format.Places) format.Model {
	unit := scaleOf(math.Log2E / math.Sqrt(float64(c.HeadDim)))
	m := format.Model{
		Family: c.ModelType, Width: uint32(c.HiddenSize), Inner: uint32(c.IntermediateSize),
		Heads: uint32(c.NumAttentionHeads), KVHeads: uint32(c.NumKeyValueHeads), HeadDim: uint32(c.HeadDim),
		Vocabulary: uint32(c.VocabSize), Context: uint32(c.MaxPositionEmbeddings), Tied: c.TieWordEmbeddings,
		Epsilon: uint64(math.Ldexp(min(c.RMSNormEps, 0.5), 64)), Unit: format.Unit{M: unit.M, E: unit.E},
		Steps: steps(c), Places: places,
	}
	for layer := range c.NumHiddenLayers {
		m.Layers = append(m.Layers, format.Layer{Window: uint32(c.Window(layer)), Rotated: c.Rotated(layer)})
	}
	return m
}

// steps returns the angles per position of the pairs of a head, in units of 2^-64 of a turn.
func steps(c checkpoint.Config) []uint64 {
	all := make([]uint64, c.HeadDim/2)
	for i := range all {
		radians := math.Pow(c.RopeTheta, -float64(2*i)/float64(c.HeadDim))
		all[i] = uint64(math.Ldexp(stretch(c, radians)/(2*math.Pi), 64))
	}
	return all
}

// stretch slows a rotation down as rope_scaling says. With llama3, pairs whose wave is shorter than
// original/high_freq_factor positions keep their speed, those whose wave is longer than
// original/low_freq_factor turn slower by the factor, and those in between lie on a line.
func stretch(c checkpoint.Config, radians float64) float64 {
	r := c.RopeScaling
	switch c.RopeKind() {
	case "linear":
		return radians / r.Factor
	case "llama3":
		original, wave := float64(r.OriginalMaxPositionEmbeddings), 2*math.Pi/radians
		switch {
		case wave < original/r.HighFreqFactor:
			return radians
		case wave > original/r.LowFreqFactor:
			return radians / r.Factor
		}
		smooth := (original/wave - r.LowFreqFactor) / (r.HighFreqFactor - r.LowFreqFactor)
		return (1-smooth)*radians/r.Factor + smooth*radians
	}
	return radians
}

// scaleOf returns the scale of a number from 0 on.
func scaleOf(x float64) fixed.Scale {
	if !(x > 0) {
		return fixed.Scale{}
	}
	fraction, exponent := math.Frexp(x)
	return fixed.Scale{M: int32(min(math.Round(math.Ldexp(fraction, 31)), fixed.Max)), E: int32(31 - exponent)}.Norm()
}

// placesFor returns the places after the point, at most `most`, with which numbers up to a size fit
// a number of bits without sign.
func placesFor(size float64, bits, most int) int32 {
	if !(size > 0) {
		return int32(most)
	}
	_, exponent := math.Frexp(size)
	return int32(min(bits-exponent, most))
}
