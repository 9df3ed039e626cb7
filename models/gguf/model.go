package gguf

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// Model is a file with the names and the order of rows of the layout of Hugging Face.
type Model struct {
	file         *File
	architecture string
	names        map[string]string // by the name of Hugging Face
	heads        map[string]int    // heads of tensors whose rows have to be put back in order
}

// ropeFactors is the tensor of the divisors of the frequencies of an extended context.
const ropeFactors = "rope_freqs.weight"

// NewModel names the tensors of a file of the architecture llama, qwen2 or qwen3. It refuses a
// tensor whose name it does not know, so that no part of a model is left out without a word.
func NewModel(file *File) (*Model, error) {
	m := &Model{file: file, names: map[string]string{}, heads: map[string]int{}}
	m.architecture, _ = file.Value("general.architecture").(string)
	if !slices.Contains([]string{"llama", "qwen2", "qwen3"}, m.architecture) {
		return nil, fmt.Errorf("general.architecture: expected llama, qwen2 or qwen3, found %q", m.architecture)
	}
	for _, name := range file.Names() {
		if name == ropeFactors {
			continue
		}
		theirs, ok := huggingFaceName(name)
		if !ok {
			return nil, fmt.Errorf("tensor %q: expected a name of a decoder like Llama, without experts; see the documentation of the package", name)
		}
		m.names[theirs] = name
	}
	if m.architecture != "llama" {
		return m, nil
	}
	return m, m.findPermuted()
}

// findPermuted notes the tensors whose rows the file holds in the order of llama.cpp.
func (m *Model) findPermuted() error {
	query, err := m.number("attention.head_count")
	if err != nil {
		return err
	}
	keys := query
	if m.file.Value(m.key("attention.head_count_kv")) != nil {
		if keys, err = m.number("attention.head_count_kv"); err != nil {
			return err
		}
	}
	for theirs, ours := range m.names {
		heads := 0
		switch {
		case strings.Contains(theirs, ".q_proj."):
			heads = query
		case strings.Contains(theirs, ".k_proj."):
			heads = keys
		default:
			continue
		}
		if shape, _ := m.file.Shape(ours); len(shape) < 1 || heads < 1 || shape[0]%(2*heads) != 0 {
			return fmt.Errorf("tensor %q: expected rows for %d heads of an even size, found the shape %v", ours, heads, shape)
		}
		m.heads[theirs] = heads
	}
	return nil
}

func (m *Model) key(name string) string { return m.architecture + "." + name }

// number reads a number of the architecture from 1 to 2^31 - 1.
func (m *Model) number(name string) (int, error) {
	switch n := m.file.Value(m.key(name)).(type) {
	case uint64:
		if n >= 1 && n < 1<<31 {
			return int(n), nil
		}
	case int64:
		if n >= 1 && n < 1<<31 {
			return int(n), nil
		}
	}
	return 0, fmt.Errorf("%s: expected a number from 1 to 2^31-1, found %v", m.key(name), m.file.Value(m.key(name)))
}

// huggingFaceName maps the name of a tensor of llama.cpp.
func huggingFaceName(name string) (string, bool) {
	switch name {
	case "token_embd.weight":
		return "model.embed_tokens.weight", true
	case "output_norm.weight":
		return "model.norm.weight", true
	case "output.weight":
		return "lm_head.weight", true
	}
	parts := strings.Split(name, ".")
	if len(parts) != 4 || parts[0] != "blk" || parts[3] != "weight" && parts[3] != "bias" {
		return "", false
	}
	if n, err := strconv.ParseUint(parts[1], 10, 16); err != nil || strconv.FormatUint(n, 10) != parts[1] {
		return "", false
	}
	module, ok := map[string]string{
		"attn_norm": "input_layernorm", "ffn_norm": "post_attention_layernorm",
		"attn_q": "self_attn.q_proj", "attn_k": "self_attn.k_proj", "attn_v": "self_attn.v_proj", "attn_output": "self_attn.o_proj",
		"attn_q_norm": "self_attn.q_norm", "attn_k_norm": "self_attn.k_norm",
		"ffn_gate": "mlp.gate_proj", "ffn_up": "mlp.up_proj", "ffn_down": "mlp.down_proj",
	}[parts[2]]
	return "model.layers." + parts[1] + "." + module + "." + parts[3], ok
}

// Names returns the names of all tensors in order of the alphabet.
func (m *Model) Names() []string {
	var names []string
	for name := range m.names {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// Shape returns the dimensions of a tensor, and false if there is no such tensor.
func (m *Model) Shape(name string) (dims []int, found bool) {
	ours, found := m.names[name]
	if !found {
		return nil, false
	}
	return m.file.Shape(ours)
}

// has reports whether there is a tensor of that name.
func (m *Model) has(name string) bool { return m.names[name] != "" }

// Read reads len(out) elements of a tensor, from element number first on.
func (m *Model) Read(name string, first int, out []float32) error {
	ours, ok := m.names[name]
	if !ok {
		return fmt.Errorf("expected a tensor %q, found none", name)
	}
	heads, permuted := m.heads[name]
	if !permuted || first < 0 || len(out) == 0 {
		return m.file.Read(ours, first, out)
	}
	shape, _ := m.file.Shape(ours)
	width := 1
	if len(shape) > 1 {
		width = shape[1]
	}
	size := shape[0] / heads
	for len(out) > 0 {
		row, column := first/width, first%width
		n := min(len(out), width-column)
		inHead := row % size
		// Row j·D/2 + i of a head lies at 2i + j.
		theirs := row - inHead + inHead%(size/2)*2 + inHead/(size/2)
		if err := m.file.Read(ours, theirs*width+column, out[:n]); err != nil {
			return err
		}
		out, first = out[n:], first+n
	}
	return nil
}
