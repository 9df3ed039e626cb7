package decoder

import (
	"encoding/binary"
	"fmt"
	"math/bits"

	"github.com/thetaedge/theta/models/format"
	"github.com/thetaedge/theta/tensor"
)

// Places after the point of fixed-point numbers.
const (
	// activationPlaces is that of queries, keys, values and what norms and gates work on.
	activationPlaces = 16
	// LogitPlaces is that of logits: a logit is its number divided by 2^16.
	LogitPlaces = activationPlaces
)

// Options are the sizes of a decoder.
type Options struct {
	// Context is the number of positions that the cache holds. 0 means as many as the model was
	// made for; more are not possible.
	Context uint32
	// Batch is the largest number of tokens of one submission; 0 means 64, and 512 is the most. It
	// does not affect results.
	Batch uint32
}

const (
	defaultBatch = 64
	maxBatch     = 512
)

// Decoder is a model on a machine, with the keys and values of the tokens that it has read.
type Decoder struct {
	machine Machine
	model   format.Model
	weights *weights
	caches  []cache
	work    *workspace
	context uint32
	batch   uint32
	// position is the number of tokens in the cache.
	position uint32
}

// cache is the keys and values of a layer in eight bits, with a scale for each head of each token.
type cache struct{ k, kScale, v, vScale tensor.Operand }

// New loads a model and allocates its cache. It fails if a tensor does not fit the header, if the
// options ask for more than the model has, or if the machine has too little memory.
func New(machine Machine, file *format.File, o Options) (*Decoder, error) {
	m := file.Header.Model
	if o.Context == 0 {
		o.Context = m.Context
	}
	if o.Context > m.Context {
		return nil, fmt.Errorf("expected a context of at most %d tokens, which the model was made for, found %d", m.Context, o.Context)
	}
	if o.Batch == 0 {
		o.Batch = defaultBatch
	}
	o.Batch = min(o.Batch, o.Context, maxBatch)
	w, err := load(machine, file)
	if err != nil {
		return nil, err
	}
	d := &Decoder{machine: machine, model: m, weights: w, context: o.Context, batch: o.Batch}
	a := &allocator{machine: machine}
	rows := uint64(o.Context) * uint64(m.KVHeads)
	for range m.Layers {
		d.caches = append(d.caches, cache{
			k: a.tensor(tensor.S8, rows*uint64(m.HeadDim)), kScale: a.tensor(tensor.Scales, rows),
			v: a.tensor(tensor.S8, rows*uint64(m.HeadDim)), vScale: a.tensor(tensor.Scales, rows),
		})
	}
	d.work = newWorkspace(a, m, o, w.expanded)
	if a.err != nil {
		return nil, fmt.Errorf("memory for a context of %d tokens: %w", o.Context, a.err)
	}
	return d, nil
}

// Model returns the architecture.
func (d *Decoder) Model() format.Model { return d.model }

// Position returns the number of tokens that the decoder has read.
func (d *Decoder) Position() int { return int(d.position) }

// Context returns the number of tokens that the decoder can read.
func (d *Decoder) Context() int { return int(d.context) }

// Rewind makes the decoder forget all tokens from a position on.
func (d *Decoder) Rewind(position int) error {
	if position < 0 || position > int(d.position) {
		return fmt.Errorf("expected a position from 0 to %d, found %d", d.position, position)
	}
	d.position = uint32(position)
	return nil
}

// Step reads tokens, and returns the logits after the last one: one for each token of the
// vocabulary, with LogitPlaces after the point. The result does not depend on how tokens are divided
// into steps. It fails if there is no token, if one is not in the vocabulary, or if the context is
// full.
func (d *Decoder) Step(tokens []int32) ([]int32, error) {
	return d.read(tokens, false)
}

// Every is Step, and returns the logits after each token, one row for each.
func (d *Decoder) Every(tokens []int32) ([]int32, error) {
	return d.read(tokens, true)
}

func (d *Decoder) read(tokens []int32, every bool) ([]int32, error) {
	if len(tokens) == 0 || len(tokens) > int(d.context-d.position) {
		return nil, fmt.Errorf("expected 1 to %d tokens, for which the context of %d has room, found %d", d.context-d.position, d.context, len(tokens))
	}
	for _, t := range tokens {
		if t < 0 || uint32(t) >= d.model.Vocabulary {
			return nil, fmt.Errorf("expected tokens from 0 to %d, found %d", d.model.Vocabulary-1, t)
		}
	}
	var logits []int32
	for len(tokens) > 0 {
		part := tokens[:min(len(tokens), int(d.batch))]
		tokens = tokens[len(part):]
		wanted := 0
		switch {
		case every:
			wanted = len(part)
		case len(tokens) == 0:
			wanted = 1
		}
		more, err := d.submit(part, wanted)
		if err != nil {
			return nil, err
		}
		logits = append(logits, more...)
		d.position += uint32(len(part))
	}
	return logits, nil
}

// submit executes the model on tokens, at most a batch, and returns the logits after the last ones.
func (d *Decoder) submit(tokens []int32, wanted int) ([]int32, error) {
	s := &step{d: d, w: d.work, rows: uint32(len(tokens)), past: d.position}
	if err := s.inputs(tokens); err != nil {
		return nil, err
	}
	s.embed()
	for i := range d.weights.layers {
		s.layer(&d.weights.layers[i], d.caches[i])
	}
	if wanted > 0 {
		if err := d.work.growLogits(d.machine, uint64(wanted)*uint64(d.model.Vocabulary)); err != nil {
			return nil, err
		}
		s.head(uint32(wanted))
	}
	if err := d.machine.Submit(s.ops...); err != nil || wanted == 0 {
		return nil, err
	}
	raw := make([]byte, 4*wanted*int(d.model.Vocabulary))
	if err := d.machine.Read(d.work.logits.Tensor, 0, raw); err != nil {
		return nil, err
	}
	logits := make([]int32, len(raw)/4)
	for i := range logits {
		logits[i] = int32(binary.LittleEndian.Uint32(raw[4*i:]))
	}
	return logits, nil
}

// epsilon returns what a norm adds to the sum of squares of a row with places after the point.
func (d *Decoder) epsilon(cols uint32, places int32) uint64 {
	high, low := bits.Mul64(d.model.Epsilon, uint64(cols))
	shift := uint(2 * places)
	return min(high<<shift|low>>(64-shift), tensor.MaxEpsilon)
}
