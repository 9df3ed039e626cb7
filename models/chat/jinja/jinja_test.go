package jinja_test

import (
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/thetaedge/theta/models/chat"
	"github.com/thetaedge/theta/models/chat/jinja"
)

func find(t *testing.T, name, begin, end string) chat.Format {
	text, err := os.ReadFile(filepath.Join("testdata", name+".jinja"))
	require.NoError(t, err)
	format, err := jinja.Find(string(text), begin, end)
	require.NoError(t, err)
	encoded, err := format.Encode()
	require.NoError(t, err)
	again, err := chat.Parse(encoded)
	require.NoError(t, err)
	require.Equal(t, format, again)
	return format
}

func talk(turns ...string) []chat.Message {
	var messages []chat.Message
	for i, content := range turns {
		if content != "" {
			messages = append(messages, chat.Message{Role: []string{chat.System, chat.User, chat.Assistant}[min(i, 2-i%2)], Content: content})
		}
	}
	return messages
}

// TestFormatsOfPublishedModels has the texts that the makers of these models describe, and
// templates in the form in which they are published.
func TestFormatsOfPublishedModels(t *testing.T) {
	for _, c := range []struct {
		name, template, begin, end string
		messages                   []chat.Message
		direct                     bool
		want                       string
	}{
		{"Llama 2", "llama2", "<s>", "</s>", talk("", " a ", "b", "c"), false, "<s>[INST] a [/INST] b </s><s>[INST] c [/INST]"},
		{"Llama 2, system", "llama2", "<s>", "</s>", talk("x", "a", " b ", "c"), false, "<s>[INST] <<SYS>>\nx\n<</SYS>>\n\na [/INST] b </s><s>[INST] c [/INST]"},
		{
			"Llama 3", "llama3", "<|begin_of_text|>", "<|eot_id|>", talk("x", " a", "b", "c"), false,
			"<|begin_of_text|><|start_header_id|>system<|end_header_id|>\n\nx<|eot_id|><|start_header_id|>user<|end_header_id|>\n\na<|eot_id|>" +
				"<|start_header_id|>assistant<|end_header_id|>\n\nb<|eot_id|><|start_header_id|>user<|end_header_id|>\n\nc<|eot_id|>" +
				"<|start_header_id|>assistant<|end_header_id|>\n\n",
		},
		{
			"Llama 3.1", "llama31", "<|begin_of_text|>", "<|eot_id|>", talk("", "a"), false,
			"<|begin_of_text|><|start_header_id|>system<|end_header_id|>\n\nCutting Knowledge Date: December 2023\nToday Date: 26 Jul 2024\n\n<|eot_id|>" +
				"<|start_header_id|>user<|end_header_id|>\n\na<|eot_id|><|start_header_id|>assistant<|end_header_id|>\n\n",
		},
		{"Mistral", "mistral", "<s>", "</s>", talk("", "a", " b", "c "), false, "<s>[INST] a[/INST] b</s>[INST] c [/INST]"},
		{"Mistral, system", "mistral", "<s>", "</s>", talk("x", "a", "b", "c"), false, "<s>[INST] a[/INST] b</s>[INST] x\n\nc[/INST]"},
		{"Mistral, system and one question", "mistral", "<s>", "</s>", talk("x", "a"), false, "<s>[INST] x\n\na[/INST]"},
		{
			"Qwen2", "chatml", "", "<|im_end|>", talk("", "a"), false,
			"<|im_start|>system\nYou are a helpful assistant.<|im_end|>\n<|im_start|>user\na<|im_end|>\n<|im_start|>assistant\n",
		},
		{
			"Qwen2, system", "chatml", "", "<|im_end|>", talk("x", "a", "b", "c"), false,
			"<|im_start|>system\nx<|im_end|>\n<|im_start|>user\na<|im_end|>\n<|im_start|>assistant\nb<|im_end|>\n<|im_start|>user\nc<|im_end|>\n<|im_start|>assistant\n",
		},
		{
			"Qwen3", "qwen3", "", "<|im_end|>", talk("", "a", "<think>\nhm\n</think>\n\nb", "c"), false,
			"<|im_start|>user\na<|im_end|>\n<|im_start|>assistant\nb<|im_end|>\n<|im_start|>user\nc<|im_end|>\n<|im_start|>assistant\n",
		},
		{"Qwen3 without thinking", "qwen3", "", "<|im_end|>", talk("x", "a"), true, "<|im_start|>system\nx<|im_end|>\n<|im_start|>user\na<|im_end|>\n<|im_start|>assistant\n<think>\n\n</think>\n\n"},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := find(t, c.template, c.begin, c.end).Render(c.messages, c.direct)
			require.NoError(t, err)
			require.Equal(t, c.want, got)
		})
	}
}

func TestATemplateThatFixedTextsDoNotGiveIsRefused(t *testing.T) {
	for says, text := range map[string]string{
		"chat template":        "{% for m in messages %}",
		"each message once":    "{{ messages[0].content }}",
		"found one twice":      "{% for m in messages %}{{ m.content }}{% endfor %}{{ messages[0].content }}",
		"found a conversation": "{% for m in messages %}<{{ m.content | replace('\\n', ' ') }}>{% endfor %}",
		"no talk today":        "{{ raise_exception('no talk today') }}",
		"expected fixed texts": "{% for m in messages %}<{{ loop.index }} {{ m.content }}>{% endfor %}",
	} {
		_, err := jinja.Find(text, "<s>", "</s>")
		require.ErrorContains(t, err, says, text)
	}
}

func TestAModelMayTakeNoSystemMessage(t *testing.T) {
	format, err := jinja.Find("{% for m in messages %}{% if m.role == 'system' %}{{ raise_exception('none') }}{% endif %}<{{ m.role }}>{{ m.content }}{% endfor %}<assistant>", "", "")
	require.NoError(t, err)
	require.True(t, format.NoSystem)
	_, err = format.Render(talk("x", "a"), false)
	require.ErrorContains(t, err, "does not take")
}

func TestATemplateSeesNoFiles(t *testing.T) {
	path := filepath.Join(t.TempDir(), "secret")
	require.NoError(t, os.WriteFile(path, []byte("secret"), 0o600))
	_, err := jinja.Find("{% include '"+path+"' %}{% for m in messages %}{{ m.content }}{% endfor %}", "", "")
	require.ErrorContains(t, err, "chat template")
}

// realFolder is a folder with folders that hold a published tokenizer_config.json.
var realFolder = flag.String("real", "", "a folder of published tokenizers whose templates to read")

func TestTemplatesOfPublishedTokenizers(t *testing.T) {
	if *realFolder == "" {
		t.Skip("published templates are not part of the repository: give their folder with -real")
	}
	files, err := filepath.Glob(filepath.Join(*realFolder, "*", "tokenizer_config.json"))
	require.NoError(t, err)
	for _, path := range files {
		t.Run(filepath.Base(filepath.Dir(path)), func(t *testing.T) {
			content, err := os.ReadFile(path)
			require.NoError(t, err)
			var config struct {
				Template string `json:"chat_template"`
				Begin    string `json:"bos_token"`
				End      string `json:"eos_token"`
			}
			require.NoError(t, json.Unmarshal(content, &config))
			if config.Template == "" {
				t.Skip("it has no template")
			}
			format, err := jinja.Find(config.Template, config.Begin, config.End)
			require.NoError(t, err)
			encoded, err := format.Encode()
			require.NoError(t, err)
			t.Log(string(encoded))
		})
	}
}
