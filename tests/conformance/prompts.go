package conformance

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"

	"github.com/thetaedge/theta/models/convert"
	"github.com/thetaedge/theta/models/decoder"
	"github.com/thetaedge/theta/models/format"
	"github.com/thetaedge/theta/models/published"
	"github.com/thetaedge/theta/tensor"
	"github.com/thetaedge/theta/tensor/ref"
)

// Sizes of prompts and answers in tokens.
const (
	shortest     = 4
	longest      = 64
	answerTokens = 16
)

// model is a decoder in the format that programs load, with prompts.
type model struct {
	content []byte
	file    *format.File
	prompts [][]int32
}

// openModel converts the decoder that the repository holds, and cuts prompts of several lengths out of
// the last twentieth of its book, which it was not trained on.
func openModel(root string, count int) (m *model, err error) {
	source, err := published.Open(filepath.Join(root, "models", "testdata", "prose"))
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, source.Close()) }()
	var file bytes.Buffer
	if err := convert.Convert(&file, source.Weights, source.Config, convert.Options{Bits: 8}); err != nil {
		return nil, err
	}
	m = &model{content: file.Bytes()}
	if m.file, err = format.Open(bytes.NewReader(m.content), int64(len(m.content))); err != nil {
		return nil, err
	}
	book, err := os.ReadFile(filepath.Join(root, "examples", "textgen", "corpus", "pride-and-prejudice.txt"))
	if err != nil {
		return nil, err
	}
	if m.prompts, err = source.Windows(string(book[len(book)*95/100:]), count, longest); err != nil {
		return nil, err
	}
	if len(m.prompts) != count {
		return nil, fmt.Errorf("expected at most %d prompts, which the text gives, found %d", len(m.prompts), count)
	}
	for i, p := range m.prompts {
		m.prompts[i] = p[:shortest+i*23%(longest-shortest+1)]
	}
	return m, nil
}

// answer is what the decoder says to a prompt.
type answer struct {
	// digest is that of all logits, tokens and traces.
	digest [32]byte
	tokens int
	// steps are the logits of each step with the token that was chosen, and traces the end.
	steps  [][]int32
	traces [][32]byte
}

// answer continues a prompt with the likeliest tokens. Prompts take turns in how many tokens a
// submission has, because kernels for few rows differ from those for many.
func (m *model) answer(d tensor.Device, i int) (a answer, err error) {
	keys := [][32]byte{sha256.Sum256(binary.LittleEndian.AppendUint64(nil, uint64(i)))} //nolint:gosec // an index
	if i%3 == 0 {
		keys = append(keys, sha256.Sum256(keys[0][:]))
	}
	s := tensor.NewSession(d, memory, keys...)
	defer func() { err = errors.Join(err, s.Close()) }()
	batch := []uint32{1, 7, 16, 64}[i%4]
	model, err := decoder.New(decoder.OnSession(s, bytes.NewReader(m.content)), m.file, decoder.Options{Batch: batch})
	if err != nil {
		return a, err
	}
	hash, next := sha256.New(), m.prompts[i]
	for range answerTokens {
		logits, err := model.Step(next)
		if err != nil {
			return a, err
		}
		next = []int32{likeliest(logits)}
		a.steps = append(a.steps, append(logits, next...))
		for _, number := range a.steps[len(a.steps)-1] {
			_, _ = hash.Write(binary.LittleEndian.AppendUint32(nil, uint32(number))) //nolint:gosec // its bits
		}
	}
	a.tokens = model.Position()
	if a.traces, err = s.Traces(); err != nil {
		return a, err
	}
	for _, t := range a.traces {
		_, _ = hash.Write(t[:])
	}
	a.digest = [32]byte(hash.Sum(nil))
	return a, nil
}

// memory bounds the tensors of the decoder, in bytes.
const memory = 1 << 28

// likeliest returns the token of the largest logit, and of equal ones the lowest token.
func likeliest(logits []int32) int32 {
	best := 0
	for i, l := range logits {
		if l > logits[best] {
			best = i
		}
	}
	return int32(best) //nolint:gosec // a token
}

// same answers a prompt on a device and on the reference, and says where they differ.
func (m *model) same(d tensor.Device, i int) error {
	want, err := m.answer(ref.NewDevice(), i)
	if err != nil {
		return err
	}
	got, err := m.answer(d, i)
	if err != nil {
		return err
	}
	for step := range want.steps {
		for j, number := range want.steps[step] {
			if got.steps[step][j] != number {
				return fmt.Errorf("step %d: expected logit %d to be %d, found %d", step, j, number, got.steps[step][j])
			}
		}
	}
	if !slices.Equal(want.traces, got.traces) {
		return fmt.Errorf("expected the traces %x, found %x", want.traces, got.traces)
	}
	return nil
}
