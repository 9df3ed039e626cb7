package published

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/thetaedge/theta/models/chat"
	"github.com/thetaedge/theta/models/chat/jinja"
	"github.com/thetaedge/theta/models/checkpoint"
	"github.com/thetaedge/theta/models/gguf"
	"github.com/thetaedge/theta/models/safetensors"
	"github.com/thetaedge/theta/models/tokenizer"
)

// Model is a published model.
type Model struct {
	Weights checkpoint.Source
	Config  checkpoint.Config
	// Spec is the tokenizer, and Tokenizer what it says.
	Spec      tokenizer.Spec
	Tokenizer *tokenizer.Tokenizer
	// Chat is the format of conversations. It is nil if the model has no template, or one that
	// cannot be converted; ChatError says why.
	Chat      *chat.Format
	ChatError error
	closer    io.Closer
}

// maxConfig bounds a config.json, in bytes.
const maxConfig = 1 << 20

// Open opens a folder with config.json, model.safetensors (or its index and parts) and
// tokenizer.json, or a GGUF file. Close closes what it has opened.
func Open(path string) (*Model, error) {
	stat, err := os.Stat(path)
	if err != nil {
		return nil, fmt.Errorf("open the model: %w", err)
	}
	m := &Model{}
	if stat.IsDir() {
		err = m.openFolder(path)
	} else {
		err = m.openGGUF(path, stat.Size())
	}
	if err == nil {
		err = m.check()
	}
	if err != nil {
		return nil, errors.Join(err, m.Close())
	}
	return m, nil
}

// Close closes the files.
func (m *Model) Close() error {
	if m.closer == nil {
		return nil
	}
	return m.closer.Close()
}

func (m *Model) openFolder(path string) error {
	file, err := os.Open(filepath.Join(path, "config.json"))
	if err != nil {
		return fmt.Errorf("open the configuration: %w", err)
	}
	text, err := io.ReadAll(io.LimitReader(file, maxConfig))
	if err := errors.Join(err, file.Close()); err != nil {
		return fmt.Errorf("config.json: %w", err)
	}
	if m.Config, err = checkpoint.ParseConfig(text); err != nil {
		return fmt.Errorf("config.json: %w", err)
	}
	folder, err := tokenizer.ReadFolder(path)
	if err != nil {
		return err
	}
	m.Spec = folder.Spec
	m.findChat(folder.Template, folder.BeginText, folder.EndText)
	weights, err := safetensors.OpenFolder(path)
	if err != nil {
		return err
	}
	m.Weights, m.closer = weights, weights
	return nil
}

func (m *Model) openGGUF(path string, size int64) error {
	file, err := os.Open(path)
	if err != nil {
		return err
	}
	m.closer = file
	content, err := gguf.Read(file, size)
	if err != nil {
		return fmt.Errorf("%s: %w; expected a GGUF file or a folder with config.json", path, err)
	}
	weights, err := gguf.NewModel(content)
	if err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	text, err := weights.Config()
	if err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	if m.Config, err = checkpoint.ParseConfig(text); err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	if m.Spec, err = tokenizer.ReadGGUF(content); err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	m.Weights = weights
	template, _ := content.Value("tokenizer.chat_template").(string)
	m.findChat(template, m.special(content, "bos_token_id"), m.special(content, "eos_token_id"))
	return nil
}

// special returns the text of a token whose number a GGUF file gives, or "".
func (m *Model) special(values tokenizer.Values, key string) string {
	id, found := values.Value("tokenizer.ggml." + key).(uint64)
	for _, s := range m.Spec.Special {
		if found && uint64(s.ID) == id {
			return s.Text
		}
	}
	return ""
}

// findChat derives the chat format from a template in Jinja.
func (m *Model) findChat(template, begin, end string) {
	if template == "" {
		m.ChatError = errors.New("expected a chat template, found none")
		return
	}
	found, err := jinja.Find(template, begin, end)
	if err != nil {
		m.ChatError = err
		return
	}
	m.Chat = &found
}

// check verifies that the tokenizer fits the vocabulary.
func (m *Model) check() error {
	t, err := tokenizer.New(m.Spec)
	if err != nil {
		return fmt.Errorf("tokenizer: %w", err)
	}
	if t.Size() > m.Config.VocabSize {
		return fmt.Errorf("expected a tokenizer of at most %d tokens, which the configuration gives, found %d", m.Config.VocabSize, t.Size())
	}
	m.Tokenizer = t
	return nil
}
