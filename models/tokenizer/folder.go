package tokenizer

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
)

// maxFile is the highest number of bytes of a file of a Folder.
const maxFile = 256 << 20

// Folder is what a folder in the layout of Hugging Face says about text.
type Folder struct {
	Spec Spec
	// Template is the chat template in Jinja, or "".
	Template string
	// BeginText and EndText are the special tokens that a template knows as bos_token and
	// eos_token, or "".
	BeginText, EndText string
}

// ReadFolder reads tokenizer.json, and, where they exist, tokenizer_config.json,
// chat_template.jinja, generation_config.json and config.json, for the chat template and for the
// tokens that end a text.
func ReadFolder(path string) (Folder, error) {
	var folder Folder
	text, err := readFile(path, "tokenizer.json")
	if err != nil {
		return Folder{}, err
	}
	if text == nil {
		return Folder{}, fmt.Errorf("expected a tokenizer.json in %s, found none", path)
	}
	if folder.Spec, err = ReadHuggingFace(text); err != nil {
		return Folder{}, fmt.Errorf("tokenizer.json: %w", err)
	}
	if err := folder.readConfig(path); err != nil {
		return Folder{}, fmt.Errorf("tokenizer_config.json: %w", err)
	}
	template, err := readFile(path, "chat_template.jinja")
	if err != nil {
		return Folder{}, err
	}
	if template != nil {
		folder.Template = string(template)
	}
	for _, name := range []string{"generation_config.json", "config.json"} {
		if err := folder.readEnds(path, name); err != nil {
			return Folder{}, fmt.Errorf("%s: %w", name, err)
		}
	}
	_, err = New(folder.Spec)
	return folder, err
}

// readFile returns nil for a file that does not exist.
func readFile(path, name string) ([]byte, error) {
	stat, err := os.Stat(filepath.Join(path, name))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	if stat.Size() > maxFile {
		return nil, fmt.Errorf("%s: expected at most %d bytes, found %d", name, maxFile, stat.Size())
	}
	return os.ReadFile(filepath.Join(path, name))
}

// tokenText is a special token, written as text or as an object with its content.
type tokenText string

// UnmarshalJSON reads both forms.
func (t *tokenText) UnmarshalJSON(text []byte) error {
	if len(text) > 0 && text[0] == '{' {
		var object struct {
			Content string `json:"content"`
		}
		err := json.Unmarshal(text, &object)
		*t = tokenText(object.Content)
		return err
	}
	return json.Unmarshal(text, (*string)(t))
}

func (f *Folder) readConfig(path string) error {
	text, err := readFile(path, "tokenizer_config.json")
	if err != nil || text == nil {
		return err
	}
	var config struct {
		Begin    tokenText       `json:"bos_token"`
		End      tokenText       `json:"eos_token"`
		Template json.RawMessage `json:"chat_template"`
	}
	if err := json.Unmarshal(text, &config); err != nil {
		return err
	}
	f.BeginText, f.EndText = string(config.Begin), string(config.End)
	if f.Template, err = templateOf(config.Template); err != nil {
		return err
	}
	if f.EndText == "" {
		return nil
	}
	for _, s := range f.Spec.Special {
		if s.Text == f.EndText {
			f.addEnd(s.ID)
			return nil
		}
	}
	return fmt.Errorf("eos_token: expected a special token, found %q", f.EndText)
}

// templateOf reads a template, or the one named "default" out of several.
func templateOf(text json.RawMessage) (string, error) {
	if len(text) == 0 {
		return "", nil
	}
	if text[0] != '[' {
		var template string
		err := json.Unmarshal(text, &template)
		return template, err
	}
	var templates []struct {
		Name     string `json:"name"`
		Template string `json:"template"`
	}
	if err := json.Unmarshal(text, &templates); err != nil {
		return "", err
	}
	for _, t := range templates {
		if t.Name == "default" {
			return t.Template, nil
		}
	}
	return "", errors.New("chat_template: expected one named default, found none")
}

// readEnds adds eos_token_id, a number or several.
func (f *Folder) readEnds(path, name string) error {
	text, err := readFile(path, name)
	if err != nil || text == nil {
		return err
	}
	var config struct {
		End json.RawMessage `json:"eos_token_id"`
	}
	if err := json.Unmarshal(text, &config); err != nil {
		return err
	}
	if len(config.End) == 0 || string(config.End) == "null" {
		return nil
	}
	var ids []int32
	if config.End[0] != '[' {
		config.End = slices.Concat([]byte{'['}, config.End, []byte{']'})
	}
	if err := json.Unmarshal(config.End, &ids); err != nil {
		return fmt.Errorf("eos_token_id: %w", err)
	}
	for _, id := range ids {
		f.addEnd(id)
	}
	return nil
}

func (f *Folder) addEnd(id int32) {
	if !slices.Contains(f.Spec.End, id) {
		f.Spec.End = append(f.Spec.End, id)
	}
}
