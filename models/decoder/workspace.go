package decoder

import (
	"github.com/thetaedge/theta/models/format"
	"github.com/thetaedge/theta/tensor"
)

// workspace is the tensors of a step, of which each layer uses the same ones.
type workspace struct {
	// tokens is s32[batch], and turns the cosines and then the sines of their positions.
	tokens, turns tensor.Operand
	// stream is the residual stream, s32[batch,width], and sums products that are added to it.
	stream, sums tensor.Operand
	// row is rows in eight bits of the width or of all heads, with their scales.
	row, rowScale tensor.Operand
	// q, k and v are s32; turned holds what a norm or a rotation makes of q or k.
	q, k, v, turned tensor.Operand
	q8, qScale      tensor.Operand
	// scores is s32[heads,batch,context].
	scores, scoreScale tensor.Operand
	gate, up           tensor.Operand
	inner, innerScale  tensor.Operand
	// expanded holds a matrix of four bits in eight.
	expanded tensor.Operand
	// logits grows to what is asked for.
	logits     tensor.Operand
	logitCount uint64
}

// allocator allocates tensors until the first error.
type allocator struct {
	machine Machine
	err     error
}

func (a *allocator) tensor(kind tensor.Type, count uint64) tensor.Operand {
	if a.err != nil {
		return tensor.Operand{}
	}
	handle, err := a.machine.Alloc(tensor.Shape{Type: kind, Count: count})
	a.err = err
	return tensor.Operand{Tensor: handle}
}

func newWorkspace(a *allocator, m format.Model, o Options, expanded uint64) *workspace {
	batch := uint64(o.Batch)
	width, inner := batch*uint64(m.Width), batch*uint64(m.Inner)
	queries, keys := batch*uint64(m.Heads)*uint64(m.HeadDim), batch*uint64(m.KVHeads)*uint64(m.HeadDim)
	w := &workspace{
		tokens: a.tensor(tensor.S32, batch), turns: a.tensor(tensor.S32, batch*uint64(m.HeadDim)),
		stream: a.tensor(tensor.S32, width), sums: a.tensor(tensor.S32, width),
		row: a.tensor(tensor.S8, max(width, queries)), rowScale: a.tensor(tensor.Scales, batch),
		q: a.tensor(tensor.S32, queries), k: a.tensor(tensor.S32, keys), v: a.tensor(tensor.S32, keys), turned: a.tensor(tensor.S32, queries),
		q8: a.tensor(tensor.S8, queries), qScale: a.tensor(tensor.Scales, batch*uint64(m.Heads)),
		scores:     a.tensor(tensor.S32, uint64(m.Heads)*batch*mostKeys(m, o)),
		scoreScale: a.tensor(tensor.Scales, uint64(m.Heads)*batch),
		gate:       a.tensor(tensor.S32, inner), up: a.tensor(tensor.S32, inner),
		inner: a.tensor(tensor.S8, inner), innerScale: a.tensor(tensor.Scales, batch),
	}
	if expanded > 0 {
		w.expanded = a.tensor(tensor.S8, expanded)
	}
	return w
}

// mostKeys returns the largest number of keys that a batch sees in a layer.
func mostKeys(m format.Model, o Options) uint64 {
	most := uint64(0)
	for _, l := range m.Layers {
		keys := uint64(o.Context)
		if l.Window > 0 {
			keys = min(keys, uint64(l.Window)+uint64(o.Batch)-1)
		}
		most = max(most, keys)
	}
	return most
}

// growLogits makes room for logits.
func (w *workspace) growLogits(machine Machine, count uint64) error {
	if count <= w.logitCount {
		return nil
	}
	if w.logitCount > 0 {
		if err := machine.Free(w.logits.Tensor); err != nil {
			return err
		}
		w.logitCount = 0
	}
	handle, err := machine.Alloc(tensor.Shape{Type: tensor.S32, Count: count})
	if err != nil {
		return err
	}
	w.logits, w.logitCount = tensor.Operand{Tensor: handle}, count
	return nil
}
