package chat

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode"

	"github.com/thetaedge/theta/models/tokenizer"
)

// FormatVersion is the version of the form that this package writes and reads.
const FormatVersion = 1

// Roles of messages.
const (
	System    = "system"
	User      = "user"
	Assistant = "assistant"
)

// Message is a message of a conversation.
type Message struct {
	Role    string `json:"role"`
	Content string `json:"content"`
}

// Format is the fixed texts around the messages of a conversation.
type Format struct {
	Version int `json:"version"`
	// Start stands in front of the first message of the user if there is no system message. It
	// holds the system message that the model has by default, if there is one.
	Start string `json:"start"`
	// BeforeSystem and AfterSystem stand around the system message, up to the message of the user
	// behind it.
	BeforeSystem string `json:"before_system"`
	AfterSystem  string `json:"after_system"`
	// SystemLast says that the system message stands in front of the last message of the user.
	// Start then stands in front of the first one, if that is not the last one as well.
	SystemLast bool `json:"system_last,omitempty"`
	// BeforeSystemLast takes the place of BeforeSystem behind a message of the assistant.
	BeforeSystemLast string `json:"before_system_last,omitempty"`
	// NoSystem says that the model takes no system message.
	NoSystem bool `json:"no_system,omitempty"`
	// AfterUser and AfterAssistant stand between two messages.
	AfterUser      string `json:"after_user"`
	AfterAssistant string `json:"after_assistant"`
	// Generate stands behind the last message.
	Generate string `json:"generate"`
	// Direct takes the place of Generate if the model shall answer without thinking first. It is
	// empty for models that do not have the choice.
	Direct string `json:"direct,omitempty"`
	// TrimSystem, TrimUser and TrimAssistant say that white space around a message is left out.
	TrimSystem    bool `json:"trim_system,omitempty"`
	TrimUser      bool `json:"trim_user,omitempty"`
	TrimAssistant bool `json:"trim_assistant,omitempty"`
	// TrimRightAfterSystem says that a message of the user that stands behind the system message
	// loses the white space behind it only.
	TrimRightAfterSystem bool `json:"trim_right_after_system,omitempty"`
	// Thought is the text that ends what the model thinks before it answers. Messages of the
	// assistant are cut behind it, and behind the line breaks after it.
	Thought string `json:"thought,omitempty"`
}

// Encode returns the one encoding of a format as JSON.
func (f Format) Encode() ([]byte, error) {
	var text bytes.Buffer
	encoder := json.NewEncoder(&text)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(f); err != nil {
		return nil, err
	}
	return bytes.TrimSuffix(text.Bytes(), []byte("\n")), nil
}

// Parse reads an encoding.
func Parse(text []byte) (Format, error) {
	var f Format
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&f); err != nil {
		return Format{}, fmt.Errorf("expected the JSON of a chat format: %w", err)
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return Format{}, errors.New("expected one JSON object as chat format, found more behind it")
	}
	if f.Version != FormatVersion {
		return Format{}, fmt.Errorf("expected a chat format of version %d, found %d: convert the model again", FormatVersion, f.Version)
	}
	return f, nil
}

// Check refuses conversations that a format does not cover.
func (f Format) Check(messages []Message) error {
	turns := messages
	if len(turns) > 0 && turns[0].Role == System {
		if f.NoSystem {
			return errors.New("messages: expected none of the role system, which this model does not take, found one")
		}
		turns = turns[1:]
	}
	for i, m := range turns {
		if want := []string{User, Assistant}[i%2]; m.Role != want {
			return fmt.Errorf("messages: expected the role %s as number %d, found %q: messages of user and assistant take turns, after a system message if there is one", want, len(messages)-len(turns)+i+1, m.Role)
		}
	}
	if len(turns)%2 == 0 {
		return errors.New("messages: expected one of the user at the end, found none")
	}
	return nil
}

// Parts returns the text of a conversation up to where the answer begins. The messages are plain
// parts: special tokens in them are ordinary text. Direct asks for an answer without thinking; it
// is an error if the format does not have that.
func (f Format) Parts(messages []Message, direct bool) ([]tokenizer.Part, error) {
	if err := f.Check(messages); err != nil {
		return nil, err
	}
	generate := f.Generate
	if direct {
		if f.Direct == "" {
			return nil, errors.New("thinking: expected a model that can be told not to think first, found one that cannot")
		}
		generate = f.Direct
	}
	var system *Message
	turns := messages
	if turns[0].Role == System {
		system, turns = &turns[0], turns[1:]
	}
	var parts []tokenizer.Part
	fixed := func(text string) { parts = append(parts, tokenizer.Part{Text: text}) }
	for i, m := range turns {
		last := i == len(turns)-1
		withSystem := system != nil && (f.SystemLast && last || !f.SystemLast && i == 0)
		switch {
		case withSystem && i == 0:
			fixed(f.BeforeSystem)
		case withSystem:
			fixed(f.BeforeSystemLast)
		case i == 0:
			fixed(f.Start)
		case m.Role == User:
			fixed(f.AfterAssistant)
		default:
			fixed(f.AfterUser)
		}
		if withSystem {
			parts = append(parts, tokenizer.Part{Text: f.content(*system, false), Plain: true})
			fixed(f.AfterSystem)
		}
		parts = append(parts, tokenizer.Part{Text: f.content(m, withSystem), Plain: true})
	}
	fixed(generate)
	return parts, nil
}

// Render returns the text of Parts.
func (f Format) Render(messages []Message, direct bool) (string, error) {
	parts, err := f.Parts(messages, direct)
	var text strings.Builder
	for _, p := range parts {
		text.WriteString(p.Text)
	}
	return text.String(), err
}

// content returns a message as it stands in the text, perhaps behind the system message.
func (f Format) content(m Message, afterSystem bool) string {
	switch {
	case m.Role == System && f.TrimSystem:
		return strings.TrimSpace(m.Content)
	case m.Role == User && f.TrimUser && f.TrimRightAfterSystem && afterSystem:
		return strings.TrimRightFunc(m.Content, unicode.IsSpace)
	case m.Role == User && f.TrimUser:
		return strings.TrimSpace(m.Content)
	case m.Role != Assistant:
		return m.Content
	}
	content := m.Content
	if i := strings.LastIndex(content, f.Thought); f.Thought != "" && i >= 0 {
		content = strings.TrimLeft(content[i+len(f.Thought):], "\n")
	}
	if f.TrimAssistant {
		content = strings.TrimSpace(content)
	}
	return content
}
