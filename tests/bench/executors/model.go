package executors

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"

	"github.com/thetaedge/theta/models/checkpoint"
	"github.com/thetaedge/theta/models/convert"
	"github.com/thetaedge/theta/models/gguf"
)

// Shape is the sizes of a decoder like Llama, with a tied embedding.
type Shape struct {
	Layers     int `json:"layers"`
	Width      int `json:"width"`
	Inner      int `json:"inner"`
	Heads      int `json:"heads"`
	KVHeads    int `json:"kv_heads"`
	Vocabulary int `json:"vocabulary"`
	Context    int `json:"context"`
}

// Llama1B returns the shape of Llama 3.2 1B, for a short context.
func Llama1B() Shape {
	return Shape{Layers: 16, Width: 2048, Inner: 8192, Heads: 32, KVHeads: 8, Vocabulary: 128_256, Context: 2048}
}

// tiny is a shape with which the benchmark itself is tested.
func tiny() Shape {
	return Shape{Layers: 2, Width: 64, Inner: 160, Heads: 4, KVHeads: 2, Vocabulary: 512, Context: 256}
}

// matrix is a matrix of the model with n outputs and k inputs.
type matrix struct {
	name string
	n, k int
}

// matrices returns the matrices of a layer, by their names in GGUF.
func (s Shape) matrices() []matrix {
	keys := s.Width / s.Heads * s.KVHeads
	return []matrix{
		{"attn_q", s.Width, s.Width},
		{"attn_k", keys, s.Width},
		{"attn_v", keys, s.Width},
		{"attn_output", s.Width, s.Width},
		{"ffn_gate", s.Inner, s.Width},
		{"ffn_up", s.Inner, s.Width},
		{"ffn_down", s.Width, s.Inner},
	}
}

// Weights returns the number of weights that each token is multiplied with.
func (s Shape) Weights() int {
	count := s.Vocabulary * s.Width
	for _, m := range s.matrices() {
		count += s.Layers * m.n * m.k
	}
	return count
}

// Bytes of a weight of both formats: eight bits and a scale for each row, or for 32 weights.
const (
	q8Block      = 32
	q8BlockBytes = 34
	scaleBytes   = 8
)

// oursBytes returns the bytes of weights that a token reads in our format.
func (s Shape) oursBytes() int {
	rows := s.Vocabulary
	for _, m := range s.matrices() {
		rows += s.Layers * m.n
	}
	return s.Weights() + scaleBytes*rows
}

// theirsBytes is oursBytes for Q8_0.
func (s Shape) theirsBytes() int { return s.Weights() / q8Block * q8BlockBytes }

// spread is the standard deviation of weights, as that of models before they are trained.
const spread = 0.02

// writeGGUF writes a model of Q8_0 with random weights. Tensors take their weights from one list, at
// different places of it, so that it fits into memory.
func writeGGUF(path string, s Shape) error {
	random := rand.New(rand.NewPCG(1, 2)) //nolint:gosec // weights, not keys
	all := make([]float32, max(s.Vocabulary, s.Inner)*s.Width)
	for i := range all {
		// The sum of four uniform numbers is nearly normal.
		bits := random.Uint64()
		sum := int32(bits&0xffff) + int32(bits>>16&0xffff) + int32(bits>>32&0xffff) + int32(bits>>48) //nolint:gosec // 16 bits each
		all[i] = float32(sum-2*0xffff) * (spread * 1.7320508 / 0x10000)
	}
	weights := func(count int) []float32 {
		at := random.IntN(len(all) - count + 1)
		return all[at:][:count]
	}
	ones := make([]float32, s.Width)
	for i := range ones {
		ones[i] = 1
	}
	norm := func(name string) gguf.Tensor {
		return gguf.Tensor{Name: name, Type: gguf.F32, Shape: []int{s.Width}, Values: ones}
	}
	tensors := []gguf.Tensor{
		{Name: "token_embd.weight", Type: gguf.Q8, Shape: []int{s.Vocabulary, s.Width}, Values: weights(s.Vocabulary * s.Width)},
		norm("output_norm.weight"),
	}
	for i := range s.Layers {
		prefix := fmt.Sprintf("blk.%d.", i)
		tensors = append(tensors, norm(prefix+"attn_norm.weight"), norm(prefix+"ffn_norm.weight"))
		for _, m := range s.matrices() {
			tensors = append(tensors, gguf.Tensor{Name: prefix + m.name + ".weight", Type: gguf.Q8, Shape: []int{m.n, m.k}, Values: weights(m.n * m.k)})
		}
	}
	file, err := os.Create(path)
	if err != nil {
		return err
	}
	buffered := bufio.NewWriterSize(file, 1<<20)
	return errors.Join(gguf.Write(buffered, s.metadata(), tensors), buffered.Flush(), file.Sync(), file.Close())
}

// metadata describes the model and a tokenizer over bytes, whose other tokens no text has.
func (s Shape) metadata() map[string]any {
	tokens := make([]string, s.Vocabulary)
	kinds := make([]int32, s.Vocabulary)
	const normal, control = 1, 3
	next := rune(256)
	for i := range tokens {
		kinds[i] = normal
		switch {
		case i >= 256:
			tokens[i] = fmt.Sprintf("<|reserved_%d|>", i)
			kinds[i] = control
		case i > ' ' && i < 127 || i > 160 && i != 173:
			tokens[i] = string(rune(i))
		default: // bytes that cannot be seen are letters from 256 on, as in GPT-2
			tokens[i] = string(next)
			next++
		}
	}
	tokens[256], kinds[256] = "ab", normal
	return map[string]any{
		"general.architecture": "llama", "general.name": "random", "general.file_type": uint32(7),
		"llama.block_count": uint32(s.Layers), "llama.context_length": uint32(s.Context), "llama.vocab_size": uint32(s.Vocabulary), //nolint:gosec // small
		"llama.embedding_length": uint32(s.Width), "llama.feed_forward_length": uint32(s.Inner), //nolint:gosec // small
		"llama.attention.head_count": uint32(s.Heads), "llama.attention.head_count_kv": uint32(s.KVHeads), //nolint:gosec // small
		"llama.attention.layer_norm_rms_epsilon": float32(1e-5),
		"llama.rope.freq_base":                   float32(500_000), "llama.rope.dimension_count": uint32(s.Width / s.Heads), //nolint:gosec // small
		"tokenizer.ggml.model": "gpt2", "tokenizer.ggml.pre": "llama-bpe", "tokenizer.ggml.tokens": tokens,
		"tokenizer.ggml.token_type": kinds, "tokenizer.ggml.merges": []string{"a b"},
		"tokenizer.ggml.bos_token_id": uint32(257), "tokenizer.ggml.eos_token_id": uint32(258),
	}
}

// convertGGUF converts a model to eight bits.
func convertGGUF(from, to string) error {
	return withFile(from, func(in *os.File, size int64) error {
		content, err := gguf.Read(in, size)
		if err != nil {
			return err
		}
		weights, err := gguf.NewModel(content)
		if err != nil {
			return err
		}
		text, err := weights.Config()
		if err != nil {
			return err
		}
		config, err := checkpoint.ParseConfig(text)
		if err != nil {
			return err
		}
		out, err := os.Create(to)
		if err != nil {
			return err
		}
		buffered := bufio.NewWriterSize(out, 1<<20)
		return errors.Join(convert.Convert(buffered, weights, config, convert.Options{Bits: 8}), buffered.Flush(), out.Sync(), out.Close())
	})
}

// withFile opens a file for reading while use runs.
func withFile(path string, use func(file *os.File, size int64) error) error {
	file, err := os.Open(path)
	if err != nil {
		return err
	}
	size, err := file.Seek(0, io.SeekEnd)
	if err == nil {
		err = use(file, size)
	}
	return errors.Join(err, file.Close())
}

// String describes the shape as JSON does.
func (s Shape) String() string {
	text, err := json.Marshal(s)
	if err != nil {
		return err.Error()
	}
	return string(text)
}
