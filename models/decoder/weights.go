package decoder

import (
	"fmt"
	"slices"

	"github.com/thetaedge/theta/models/format"
	"github.com/thetaedge/theta/tensor"
)

// matrix is the weights of a linear layer: outputs N, inputs K.
type matrix struct {
	n, k uint32
	// weight is s8[N,K], or s4[N,K] with gain and zero, s8[N,K/group].
	weight, gain, zero tensor.Operand
	group              uint32
	// scale is scale[N]; bias is s32[N] with the places of the output, or left out.
	scale, bias tensor.Operand
}

// norm is the gain of a norm, s16.
type norm struct {
	gain   tensor.Operand
	places int32
	cols   uint32
}

// layer is the weights of a layer.
type layer struct {
	format.Layer
	attentionNorm, feedNorm norm
	// qNorm and kNorm are empty without norms of heads.
	qNorm, kNorm               norm
	q, k, v, o, gate, up, down matrix
}

// weights are the tensors of a model.
type weights struct {
	embedding, head matrix
	norm            norm
	layers          []layer
	// expanded is the number of elements of the largest matrix of four bits.
	expanded uint64
}

// loader loads tensors until the first error.
type loader struct {
	machine Machine
	file    *format.File
	err     error
}

// tensor loads a part; it has to have one of some types, and a shape.
func (l *loader) tensor(name string, shape []uint32, types ...tensor.Type) (format.Part, tensor.Operand) {
	p, position, found := l.file.Part(name)
	kind, _ := p.TensorType()
	switch {
	case l.err != nil:
		return p, tensor.Operand{}
	case !found:
		l.err = fmt.Errorf("expected a tensor %s in the model, found none; convert the model again", name)
	case !slices.Contains(types, kind) || !slices.Equal(shape, p.Shape):
		l.err = fmt.Errorf("expected tensor %s of %v and %v, found %s and %v; convert the model again", name, types, shape, p.Type, p.Shape)
	}
	if l.err != nil {
		return p, tensor.Operand{}
	}
	handle, err := l.machine.Alloc(tensor.Shape{Type: kind, Count: p.Count()})
	if err == nil {
		err = l.machine.Load(position, handle, 0, p.Length)
	}
	if err != nil {
		l.err = fmt.Errorf("tensor %s: %w", name, err)
	}
	return p, tensor.Operand{Tensor: handle}
}

// maybe loads a part if the file has it.
func (l *loader) maybe(name string, shape []uint32, types ...tensor.Type) (format.Part, tensor.Operand) {
	if _, _, found := l.file.Part(name); !found {
		return format.Part{}, tensor.Operand{}
	}
	return l.tensor(name, shape, types...)
}

// matrix loads the weights of a linear layer whose outputs have places after the point.
func (l *loader) matrix(name string, n, k uint32, places int32) matrix {
	m := matrix{n: n, k: k}
	var p format.Part
	p, m.weight = l.tensor(name+".weight", []uint32{n, k}, tensor.S8, tensor.S4)
	if kind, _ := p.TensorType(); kind == tensor.S4 {
		m.quarter(l, name)
	}
	_, m.scale = l.tensor(name+".scale", []uint32{n}, tensor.Scales)
	p, m.bias = l.maybe(name+".bias", []uint32{n}, tensor.S32)
	if !m.bias.None() && p.Places != places && l.err == nil {
		l.err = fmt.Errorf("expected %s.bias with %d places, found %d; convert the model again", name, places, p.Places)
	}
	return m
}

// quarter loads the factors of the groups of a matrix of four bits.
func (m *matrix) quarter(l *loader, name string) {
	p, _, found := l.file.Part(name + ".gain")
	if !found || len(p.Shape) != 2 || m.k%p.Shape[1] != 0 || m.k/p.Shape[1]%8 != 0 {
		if l.err == nil {
			l.err = fmt.Errorf("expected %s.gain with groups that are a multiple of 8 and divide %d inputs, found %v; convert the model again", name, m.k, p.Shape)
		}
		return
	}
	m.group = m.k / p.Shape[1]
	_, m.gain = l.tensor(name+".gain", []uint32{m.n, p.Shape[1]}, tensor.S8)
	_, m.zero = l.maybe(name+".zero", []uint32{m.n, p.Shape[1]}, tensor.S8)
}

// norm loads the gain of a norm.
func (l *loader) norm(name string, cols uint32) norm {
	p, gain := l.tensor(name+".gain", []uint32{cols}, tensor.S16)
	return norm{gain: gain, places: p.Places, cols: cols}
}

// load loads all weights.
func load(machine Machine, file *format.File) (*weights, error) {
	m := file.Header.Model
	l := &loader{machine: machine, file: file}
	w := &weights{embedding: l.matrix("embedding", m.Vocabulary, m.Width, activationPlaces), norm: l.norm("norm", m.Width)}
	if w.head = w.embedding; !m.Tied {
		w.head = l.matrix("head", m.Vocabulary, m.Width, activationPlaces)
	}
	if w.embedding.group != 0 && l.err == nil {
		l.err = fmt.Errorf("expected an embedding of s8, found s4; convert the model again")
	}
	for i, description := range m.Layers {
		w.layers = append(w.layers, l.layer(m, fmt.Sprintf("layers.%d.", i), description))
	}
	if l.err != nil {
		return nil, l.err
	}
	for _, matrix := range w.matrices() {
		if matrix.group != 0 {
			w.expanded = max(w.expanded, uint64(matrix.n)*uint64(matrix.k))
		}
	}
	return w, nil
}

func (l *loader) layer(m format.Model, name string, description format.Layer) layer {
	queries, keys := m.Heads*m.HeadDim, m.KVHeads*m.HeadDim
	out := layer{
		Layer:         description,
		attentionNorm: l.norm(name+"attention_norm", m.Width),
		q:             l.matrix(name+"q", queries, m.Width, activationPlaces),
		k:             l.matrix(name+"k", keys, m.Width, activationPlaces),
		v:             l.matrix(name+"v", keys, m.Width, activationPlaces),
		o:             l.matrix(name+"o", m.Width, queries, m.Places.Stream),
		feedNorm:      l.norm(name+"feed_norm", m.Width),
		gate:          l.matrix(name+"gate", m.Inner, m.Width, activationPlaces),
		up:            l.matrix(name+"up", m.Inner, m.Width, activationPlaces),
		down:          l.matrix(name+"down", m.Width, m.Inner, m.Places.Stream),
	}
	if _, _, found := l.file.Part(name + "q_norm.gain"); found {
		out.qNorm, out.kNorm = l.norm(name+"q_norm", m.HeadDim), l.norm(name+"k_norm", m.HeadDim)
	}
	return out
}

// matrices returns all matrices.
func (w *weights) matrices() []matrix {
	all := []matrix{w.head}
	for _, l := range w.layers {
		all = append(all, l.q, l.k, l.v, l.o, l.gate, l.up, l.down)
	}
	return all
}
