package decoder_test

import (
	"bytes"
	"errors"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/thetaedge/theta/models/decoder"
	"github.com/thetaedge/theta/models/format"
	"github.com/thetaedge/theta/tensor"
	"github.com/thetaedge/theta/tensor/ref"
)

// tiny returns the header of a model of one layer.
func tiny() format.Header {
	h := format.Header{
		Model: format.Model{
			Family: "llama", Width: 8, Inner: 16, Heads: 2, KVHeads: 1, HeadDim: 4, Vocabulary: 3, Context: 32, Tied: true,
			Epsilon: 1 << 50, Unit: format.Unit{M: 1 << 30, E: 31}, Steps: []uint64{1 << 60, 1 << 55},
			Places: format.Places{Stream: 16, Inner: 16}, Layers: []format.Layer{{Rotated: true}},
		},
		Weights: format.Weights{Bits: 8},
	}
	add := func(name, kind string, shape ...uint32) {
		h.Parts = append(h.Parts, format.Part{Name: name, Type: kind, Shape: shape})
	}
	add("embedding.weight", "s8", 3, 8)
	add("embedding.scale", "scale", 3)
	for _, m := range []struct {
		name string
		n, k uint32
	}{{"q", 8, 8}, {"k", 4, 8}, {"v", 4, 8}, {"o", 8, 8}, {"gate", 16, 8}, {"up", 16, 8}, {"down", 8, 16}} {
		add("layers.0."+m.name+".weight", "s8", m.n, m.k)
		add("layers.0."+m.name+".scale", "scale", m.n)
	}
	add("layers.0.attention_norm.gain", "s16", 8)
	add("layers.0.feed_norm.gain", "s16", 8)
	add("norm.gain", "s16", 8)
	return h
}

// open writes a model, and loads it.
func open(t testing.TB, h format.Header, limit uint64, o decoder.Options) (*decoder.Decoder, error) {
	t.Helper()
	return load(t, written(t, h), limit, o)
}

// written returns a model whose bytes count up.
func written(t testing.TB, h format.Header) []byte {
	t.Helper()
	var file bytes.Buffer
	w, err := format.NewWriter(&file, h)
	require.NoError(t, err)
	next := byte(1)
	for _, p := range h.Parts {
		kind, _ := p.TensorType()
		content := make([]byte, kind.Bytes(p.Count()))
		for i := range content {
			content[i] = next
			next = next*5 + 3
		}
		require.NoError(t, w.Write(p.Name, content))
	}
	require.NoError(t, w.Close())
	return file.Bytes()
}

func load(t testing.TB, file []byte, limit uint64, o decoder.Options) (*decoder.Decoder, error) {
	t.Helper()
	f, err := format.Open(bytes.NewReader(file), int64(len(file)))
	if err != nil {
		return nil, err
	}
	session := tensor.NewSession(ref.NewDevice(), limit)
	return decoder.New(decoder.OnSession(session, bytes.NewReader(file)), f, o)
}

func TestATensorThatDoesNotFitTheHeaderIsRefused(t *testing.T) {
	for name, c := range map[string]struct {
		change func(h *format.Header)
		want   string
	}{
		"missing": {func(h *format.Header) { h.Parts = h.Parts[:len(h.Parts)-1] }, "expected a tensor norm.gain"},
		"shape":   {func(h *format.Header) { h.Parts[2].Shape = []uint32{8, 4} }, "expected tensor layers.0.q.weight of [s8 s4] and [8 8], found s8 and [8 4]"},
		"type":    {func(h *format.Header) { h.Parts[0].Type = "s32" }, "expected tensor embedding.weight"},
		"section": {func(h *format.Header) {
			h.Parts[0] = format.Part{Name: "embedding.weight", Type: "s16", Shape: []uint32{3, 8}}
		}, "expected tensor embedding.weight"},
		"4 bits without factors": {func(h *format.Header) { h.Parts[2].Type = "s4" }, "expected layers.0.q.gain with groups"},
		"embedding of 4 bits": {func(h *format.Header) {
			h.Parts[0].Type = "s4"
			h.Parts = append(h.Parts, format.Part{Name: "embedding.gain", Type: "s8", Shape: []uint32{3, 1}})
		}, "expected an embedding of s8"},
		"places of a bias": {func(h *format.Header) {
			h.Parts = append(h.Parts, format.Part{Name: "layers.0.o.bias", Type: "s32", Shape: []uint32{8}, Places: 12})
		}, "layers.0.o.bias with 16 places, found 12"},
		"one norm of heads": {func(h *format.Header) {
			h.Parts = append(h.Parts, format.Part{Name: "layers.0.q_norm.gain", Type: "s16", Shape: []uint32{4}})
		}, "expected a tensor layers.0.k_norm.gain"},
	} {
		h := tiny()
		c.change(&h)
		_, err := open(t, h, 1<<30, decoder.Options{})
		require.ErrorContains(t, err, c.want, name)
	}
}

func TestTheContextIsABound(t *testing.T) {
	_, err := open(t, tiny(), 1<<30, decoder.Options{Context: 33})
	require.ErrorContains(t, err, "at most 32 tokens")
	_, err = open(t, tiny(), 1<<17, decoder.Options{})
	require.ErrorIs(t, err, tensor.ErrOutOfMemory)
	d, err := open(t, tiny(), 1<<30, decoder.Options{Context: 5})
	require.NoError(t, err)
	_, err = d.Step([]int32{0, 1, 2, 0, 1, 2})
	require.ErrorContains(t, err, "expected 1 to 5 tokens")
	_, err = d.Step(nil)
	require.ErrorContains(t, err, "expected 1 to 5 tokens")
	_, err = d.Step([]int32{3})
	require.ErrorContains(t, err, "expected tokens from 0 to 2, found 3")
	logits, err := d.Step([]int32{0, 1, 2, 0, 1})
	require.NoError(t, err)
	require.Len(t, logits, 3)
	_, err = d.Step([]int32{0})
	require.ErrorContains(t, err, "expected 1 to 0 tokens")
	require.ErrorContains(t, d.Rewind(6), "expected a position from 0 to 5")
}

// FuzzNew loads models of strangers: those that are accepted execute without a trap.
func FuzzNew(f *testing.F) {
	file := written(f, tiny())
	f.Add(file)
	f.Add(file[:4096])
	four := tiny()
	four.Parts[2].Type = "s4"
	four.Parts = append(four.Parts, format.Part{Name: "layers.0.q.gain", Type: "s8", Shape: []uint32{8, 1}})
	f.Add(written(f, four))
	f.Fuzz(func(t *testing.T, file []byte) {
		d, err := load(t, file, 1<<24, decoder.Options{Batch: 3})
		if err != nil {
			return
		}
		_, err = d.Step(make([]int32, min(d.Context(), 7)))
		if !errors.Is(err, tensor.ErrOutOfMemory) {
			require.NoError(t, err)
		}
	})
}
