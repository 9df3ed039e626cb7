package gguf_test

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/thetaedge/theta/models/gguf"
)

func read(content []byte) (*gguf.File, error) {
	return gguf.Read(bytes.NewReader(content), int64(len(content)))
}

func write(t testing.TB, metadata map[string]any, tensors ...gguf.Tensor) []byte {
	var content bytes.Buffer
	require.NoError(t, gguf.Write(&content, metadata, tensors))
	return content.Bytes()
}

func draw(n int) []float32 {
	random := rand.New(rand.NewPCG(1, uint64(n)))
	values := make([]float32, n)
	for i := range values {
		values[i] = float32(random.NormFloat64())
	}
	return values
}

func TestMetadataAndTensorsComeBack(t *testing.T) {
	metadata := map[string]any{
		"text": "å", "yes": true, "no": false, "u32": uint32(7), "u64": uint64(1) << 40, "i32": int32(-3), "f32": float32(0.5),
		"texts": []string{"a", "", "b"}, "numbers": []int32{1, -2}, "floats": []float32{1.5, -0.25},
	}
	values := draw(3 * 64)
	f, err := read(write(t, metadata,
		gguf.Tensor{Name: "f32", Type: gguf.F32, Shape: []int{3, 64}, Values: values},
		gguf.Tensor{Name: "f16", Type: gguf.F16, Shape: []int{5}, Values: []float32{1, -2, 0.5, 65504, 0}},
		gguf.Tensor{Name: "bf16", Type: gguf.BF16, Shape: []int{2}, Values: []float32{-3, 1e38}},
		gguf.Tensor{Name: "q8", Type: gguf.Q8, Shape: []int{3, 64}, Values: values},
	))
	require.NoError(t, err)
	for key, want := range map[string]any{
		"text": "å", "yes": true, "no": false, "u32": uint64(7), "u64": uint64(1) << 40, "i32": int64(-3), "f32": 0.5,
		"texts": []any{"a", "", "b"}, "numbers": []any{int64(1), int64(-2)}, "floats": []any{1.5, -0.25}, "none": nil,
	} {
		require.Equal(t, want, f.Value(key), key)
	}
	require.Equal(t, []string{"bf16", "f16", "f32", "q8"}, f.Names())
	dims, found := f.Shape("q8")
	require.Equal(t, []int{3, 64}, dims)
	require.True(t, found)
	_, found = f.Shape("none")
	require.False(t, found)
	out := make([]float32, 70)
	require.NoError(t, f.Read("f32", 60, out))
	require.Equal(t, values[60:130], out)
	require.NoError(t, f.Read("f16", 1, out[:4]))
	require.Equal(t, []float32{-2, 0.5, 65504, 0}, out[:4])
	require.NoError(t, f.Read("q8", 60, out))
	for i, v := range out {
		require.InDelta(t, values[60+i], v, 0.02)
	}
	require.ErrorContains(t, f.Read("f32", 123, out), "within 192 elements")
	require.ErrorContains(t, f.Read("none", 0, out), "found none")
}

func TestABlockHasAScaleOfItsOwn(t *testing.T) {
	values := make([]float32, 3*gguf32*1000)
	for i := range values {
		values[i] = float32(i%gguf32-16) * float32(1+i/gguf32)
	}
	f, err := read(write(t, nil, gguf.Tensor{Name: "x", Type: gguf.Q8, Shape: []int{3000, gguf32}, Values: values}))
	require.NoError(t, err)
	out := make([]float32, len(values)-5)
	require.NoError(t, f.Read("x", 5, out))
	for i, v := range out {
		require.InEpsilon(t, 1+math.Abs(float64(values[i+5])), 1+math.Abs(float64(v)), 0.01)
	}
}

const gguf32 = 32

// header returns the words of a file that begins as GGUF does.
func header(words ...any) []byte {
	content := []byte("GGUF")
	for _, w := range words {
		if s, ok := w.(string); ok {
			content = append(binary.LittleEndian.AppendUint64(content, uint64(len(s))), s...)
			continue
		}
		content, _ = binary.Append(content, binary.LittleEndian, w)
	}
	return content
}

func TestALyingFileIsRefused(t *testing.T) {
	u32, u64 := func(n uint32) uint32 { return n }, func(n uint64) uint64 { return n }
	pad := make([]byte, 128)
	for name, c := range map[string]struct {
		content []byte
		says    string
	}{
		"empty":        {nil, "expected 4 bytes"},
		"magic":        {append([]byte("GGML"), pad...), "expected a GGUF file"},
		"version":      {header(u32(1), pad), "version 2 or 3"},
		"big endian":   {header(u32(3<<24), pad), "version 2 or 3"},
		"tensors":      {header(u32(3), u64(1<<50), u64(0)), "things"},
		"values":       {header(u32(3), u64(0), u64(1<<63)), "things"},
		"key":          {header(u32(3), u64(0), u64(1), u64(1<<60), pad), "expected 1152921504606846976 bytes"},
		"kind":         {header(u32(3), u64(0), u64(1), "a", u32(13), pad), "found 13"},
		"array":        {header(u32(3), u64(0), u64(1), "a", u32(9), u32(0), u64(1<<40), pad), "things"},
		"nested":       {header(u32(3), u64(0), u64(1), "a", u32(9), u32(9), u64(1), u32(9), u64(1), u32(9), u64(1), u32(9), u64(1), pad), "at most 4 arrays"},
		"key twice":    {header(u32(3), u64(0), u64(2), "a", u32(7), uint8(1), "a", u32(7), uint8(1), pad), "twice"},
		"alignment":    {header(u32(3), u64(0), u64(1), "general.alignment", u32(4), u32(3), pad), "power of two"},
		"dimensions":   {header(u32(3), u64(1), u64(0), "a", u32(5), pad), "dimensions"},
		"zero":         {header(u32(3), u64(1), u64(0), "a", u32(1), u64(0), pad), "dimensions from 1"},
		"product":      {header(u32(3), u64(1), u64(0), "a", u32(2), u64(1<<40), u64(1<<40), pad), "2^60"},
		"type":         {header(u32(3), u64(1), u64(0), "a", u32(1), u64(32), u32(12), pad), "found type 12"},
		"rows":         {header(u32(3), u64(1), u64(0), "a", u32(1), u64(31), u32(8), pad), "multiple of 32"},
		"unaligned":    {header(u32(3), u64(1), u64(0), "a", u32(1), u64(1), u32(0), u64(4), pad), "multiple of 32"},
		"outside":      {header(u32(3), u64(1), u64(0), "a", u32(1), u64(64), u32(0), u64(0), pad), "complete"},
		"far":          {header(u32(3), u64(1), u64(0), "a", u32(1), u64(1), u32(0), u64(1<<63), pad), "offset"},
		"overlap":      {header(u32(3), u64(2), u64(0), "a", u32(1), u64(16), u32(0), u64(0), "b", u32(1), u64(1), u32(0), u64(32), pad), "behind byte 64"},
		"tensor twice": {header(u32(3), u64(2), u64(0), "a", u32(1), u64(1), u32(0), u64(0), "a", u32(1), u64(1), u32(0), u64(32), pad), "twice"},
	} {
		_, err := read(c.content)
		require.ErrorContains(t, err, c.says, name)
	}
}

func TestTensorsThatCannotBeWrittenAreRefused(t *testing.T) {
	for says, tensor := range map[string]gguf.Tensor{
		"found type 2":  {Name: "a", Type: 2, Shape: []int{1}, Values: []float32{1}},
		"found 1":       {Name: "a", Type: gguf.F32, Shape: []int{2}, Values: []float32{1}},
		"32 elements":   {Name: "a", Type: gguf.Q8, Shape: []int{32, 1}, Values: make([]float32, 32)},
		"expected text": {},
	} {
		metadata := map[string]any{}
		if tensor.Name == "" {
			metadata["a"] = 1
		}
		require.ErrorContains(t, gguf.Write(&bytes.Buffer{}, metadata, []gguf.Tensor{tensor}), says)
	}
}

// permute orders the rows of heads as llama.cpp's converter does: it sees each head as two
// halves of D/2 rows and exchanges these two dimensions.
func permute(values []float32, heads, rows, width int) []float32 {
	out := make([]float32, 0, len(values))
	size := rows / heads
	for h := range heads {
		for i := range size / 2 {
			for j := range 2 {
				row := h*size + j*size/2 + i
				out = append(out, values[row*width:(row+1)*width]...)
			}
		}
	}
	return out
}

func metadata(architecture string) map[string]any {
	return map[string]any{
		"general.architecture": architecture, architecture + ".context_length": uint32(64), architecture + ".embedding_length": uint32(12),
		architecture + ".block_count": uint32(1), architecture + ".feed_forward_length": uint32(20),
		architecture + ".attention.head_count": uint32(4), architecture + ".attention.head_count_kv": uint32(2),
		architecture + ".attention.layer_norm_rms_epsilon": float32(1e-6), architecture + ".rope.freq_base": float32(10000),
		"tokenizer.ggml.eos_token_id": uint32(2),
	}
}

func layer(q, k []float32) []gguf.Tensor {
	return []gguf.Tensor{
		{Name: "token_embd.weight", Type: gguf.F32, Shape: []int{5, 12}, Values: draw(60)},
		{Name: "blk.0.attn_q.weight", Type: gguf.F32, Shape: []int{24, 12}, Values: q},
		{Name: "blk.0.attn_k.weight", Type: gguf.F32, Shape: []int{12, 12}, Values: k},
		{Name: "blk.0.attn_v.weight", Type: gguf.F32, Shape: []int{12, 12}, Values: k},
		{Name: "blk.0.attn_q.bias", Type: gguf.F32, Shape: []int{24}, Values: q[:24]},
	}
}

func floats(t *testing.T, m *gguf.Model, name string, first, count int) []float32 {
	out := make([]float32, count)
	require.NoError(t, m.Read(name, first, out))
	return out
}

func TestRowsOfLlamaGetTheirOrderBack(t *testing.T) {
	q, k := draw(24*12), draw(12*12)
	file, err := read(write(t, metadata("llama"), layer(permute(q, 4, 24, 12), permute(k, 2, 12, 12))...))
	require.NoError(t, err)
	m, err := gguf.NewModel(file)
	require.NoError(t, err)
	require.Equal(t, []string{
		"model.embed_tokens.weight", "model.layers.0.self_attn.k_proj.weight", "model.layers.0.self_attn.q_proj.bias",
		"model.layers.0.self_attn.q_proj.weight", "model.layers.0.self_attn.v_proj.weight",
	}, m.Names())
	require.Equal(t, q, floats(t, m, "model.layers.0.self_attn.q_proj.weight", 0, len(q)))
	require.Equal(t, q[30:200], floats(t, m, "model.layers.0.self_attn.q_proj.weight", 30, 170))
	require.Equal(t, k, floats(t, m, "model.layers.0.self_attn.k_proj.weight", 0, len(k)))
	require.Equal(t, permute(k, 2, 12, 12), floats(t, m, "model.layers.0.self_attn.v_proj.weight", 0, len(k)))
	require.ErrorContains(t, m.Read("model.layers.0.self_attn.q_proj.weight", 280, make([]float32, 10)), "within 288 elements")
	require.ErrorContains(t, m.Read("model.layers.0.self_attn.q_proj.weight", -1, make([]float32, 1)), "within 288 elements")
	require.ErrorContains(t, m.Read("blk.0.attn_q.weight", 0, nil), "found none")
}

func TestRowsOfQwenKeepTheirOrder(t *testing.T) {
	q, k := draw(24*12), draw(12*12)
	for _, architecture := range []string{"qwen2", "qwen3"} {
		file, err := read(write(t, metadata(architecture), layer(q, k)...))
		require.NoError(t, err)
		m, err := gguf.NewModel(file)
		require.NoError(t, err)
		require.Equal(t, q, floats(t, m, "model.layers.0.self_attn.q_proj.weight", 0, len(q)))
	}
}

func TestTheConfigurationHasTheKeysOfHuggingFace(t *testing.T) {
	values := metadata("llama")
	tensors := append(layer(draw(288), draw(144)), gguf.Tensor{Name: "rope_freqs.weight", Type: gguf.F32, Shape: []int{3}, Values: []float32{1, 1, 1}})
	file, err := read(write(t, values, tensors...))
	require.NoError(t, err)
	m, err := gguf.NewModel(file)
	require.NoError(t, err)
	config, err := m.Config()
	require.NoError(t, err)
	require.JSONEq(t, `{"architectures":["LlamaForCausalLM"],"model_type":"llama","hidden_act":"silu","attention_bias":true,"mlp_bias":false,"tie_word_embeddings":true,
		"max_position_embeddings":64,"hidden_size":12,"num_hidden_layers":1,"intermediate_size":20,"num_attention_heads":4,"num_key_value_heads":2,
		"vocab_size":5,"rms_norm_eps":1e-6,"rope_theta":10000,"eos_token_id":2,"rope_scaling":{"rope_type":"llama3","factor":1,"low_freq_factor":1,"high_freq_factor":4,"original_max_position_embeddings":8192}}`, string(config))

	values["llama.rope.scaling.type"], values["llama.rope.scaling.factor"] = "linear", float32(4)
	values["llama.attention.sliding_window"] = uint32(48)
	file, err = read(write(t, values, layer(draw(288), draw(144))...))
	require.NoError(t, err)
	m, err = gguf.NewModel(file)
	require.NoError(t, err)
	config, err = m.Config()
	require.NoError(t, err)
	var has struct {
		Scaling map[string]any `json:"rope_scaling"`
		Type    string         `json:"model_type"`
		Window  int            `json:"sliding_window"`
	}
	require.NoError(t, json.Unmarshal(config, &has))
	require.Equal(t, map[string]any{"rope_type": "linear", "factor": 4.0}, has.Scaling)
	require.Equal(t, "mistral", has.Type)
	require.Equal(t, 48, has.Window)
}

// TestDivisorsOfLlama3BecomeItsParameters uses those of Llama 3.1: heads of 128 elements, base
// 500,000, factor 8. Wavelengths up to 2,048 keep their frequency, and those from 8,192 on are
// divided by the factor.
func TestDivisorsOfLlama3BecomeItsParameters(t *testing.T) {
	divisors := make([]float32, 64)
	for i := range divisors {
		wave := 2 * math.Pi * math.Pow(500_000, float64(2*i)/128)
		switch {
		case wave < 2048:
			divisors[i] = 1
		case wave > 8192:
			divisors[i] = 8
		default:
			share := (8192/wave - 1) / 3
			divisors[i] = float32(1 / ((1-share)/8 + share))
		}
	}
	config := func() (map[string]any, error) {
		values := metadata("llama")
		values["llama.rope.freq_base"] = float32(500_000)
		file, err := read(write(t, values, append(layer(draw(288), draw(144)),
			gguf.Tensor{Name: "rope_freqs.weight", Type: gguf.F32, Shape: []int{64}, Values: divisors})...))
		require.NoError(t, err)
		m, err := gguf.NewModel(file)
		require.NoError(t, err)
		text, err := m.Config()
		var config map[string]any
		_ = json.Unmarshal(text, &config)
		return config, err
	}
	has, err := config()
	require.NoError(t, err)
	require.Equal(t, map[string]any{
		"rope_type": "llama3", "factor": 8.0, "low_freq_factor": 1.0, "high_freq_factor": 4.0, "original_max_position_embeddings": 8192.0,
	}, has["rope_scaling"])
	divisors[0] = 2
	_, err = config()
	require.ErrorContains(t, err, "found 2 in place of 1")
}

func TestAModelThatIsNotKnownIsRefused(t *testing.T) {
	for says, change := range map[string]func(map[string]any, *[]gguf.Tensor){
		`found "gpt2"`:            func(m map[string]any, _ *[]gguf.Tensor) { m["general.architecture"] = "gpt2" },
		"without experts":         func(_ map[string]any, x *[]gguf.Tensor) { (*x)[1].Name = "blk.0.ffn_gate_exps.weight" },
		"blk.00":                  func(_ map[string]any, x *[]gguf.Tensor) { (*x)[1].Name = "blk.00.attn_q.weight" },
		"head_count":              func(m map[string]any, _ *[]gguf.Tensor) { m["llama.attention.head_count"] = "4" },
		"heads of an even size":   func(m map[string]any, _ *[]gguf.Tensor) { m["llama.attention.head_count_kv"] = uint32(5) },
		"expected none or linear": func(m map[string]any, _ *[]gguf.Tensor) { m["llama.rope.scaling.type"] = "yarn" },
		"block_count":             func(m map[string]any, _ *[]gguf.Tensor) { m["llama.block_count"] = uint32(0) },
		"expected a matrix":       func(_ map[string]any, x *[]gguf.Tensor) { *x = (*x)[1:] },
	} {
		values, tensors := metadata("llama"), layer(draw(288), draw(144))
		change(values, &tensors)
		file, err := read(write(t, values, tensors...))
		require.NoError(t, err)
		m, err := gguf.NewModel(file)
		if err == nil {
			_, err = m.Config()
		}
		require.ErrorContains(t, err, says)
	}
}

func FuzzReadNeverReadsOutside(f *testing.F) {
	f.Add(write(f, metadata("llama"), layer(draw(288), draw(144))...))
	f.Add(write(f, map[string]any{"a": []string{"b"}}, gguf.Tensor{Name: "q", Type: gguf.Q8, Shape: []int{2, 32}, Values: draw(64)}))
	f.Fuzz(func(t *testing.T, content []byte) {
		file, err := read(content)
		if err != nil {
			return
		}
		for _, name := range file.Names() {
			count := 1
			dims, _ := file.Shape(name)
			for _, n := range dims {
				count *= n
			}
			require.LessOrEqual(t, count, len(content))
			require.NoError(t, file.Read(name, 0, make([]float32, count)))
		}
		if m, err := gguf.NewModel(file); err == nil {
			_, _ = m.Config()
			for _, name := range m.Names() {
				require.NoError(t, m.Read(name, 0, make([]float32, 1)))
			}
		}
	})
}
