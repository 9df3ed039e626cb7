// Package request reads what a requester asks of a language model.
package request

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"

	"github.com/thetaedge/theta/models/chat"
	"github.com/thetaedge/theta/models/sample"
)

// Bounds of a request.
const (
	// MaxBytes is the highest number of bytes of a request.
	MaxBytes = 4 << 20
	// DefaultTokens is the number of tokens of an answer for which nothing is said.
	DefaultTokens = 256
	maxTokens     = 1 << 20
	maxStops      = 64
)

// Request is a conversation or a text to continue, and how to choose tokens.
type Request struct {
	// Messages is a conversation that ends with a message of the user, or nil.
	Messages []chat.Message
	// Prompt is a text to continue, in which special tokens count, or nil.
	Prompt *string
	// MaxTokens is the highest number of tokens of the answer.
	MaxTokens int
	// Options say how tokens are chosen; Places is not set.
	Options sample.Options
	// Stop are words that end the answer.
	Stop []string
	// Seed is nil if the seed of the task decides.
	Seed *uint64
	// Direct asks for an answer without thinking first.
	Direct bool
}

// file is the form of a request. Decimal numbers are kept as text, because reading them as floats
// would round them.
type file struct {
	Messages    []chat.Message `json:"messages"`
	Prompt      *string        `json:"prompt"`
	MaxTokens   *int           `json:"max_tokens"`
	Temperature json.Number    `json:"temperature"`
	TopK        int            `json:"top_k"`
	TopP        json.Number    `json:"top_p"`
	Penalty     json.Number    `json:"repetition_penalty"`
	Stop        stops          `json:"stop"`
	Seed        *uint64        `json:"seed"`
	Thinking    *bool          `json:"thinking"`
}

// stops is one word or several.
type stops []string

// UnmarshalJSON reads both forms.
func (s *stops) UnmarshalJSON(text []byte) error {
	if len(text) > 0 && text[0] == '"' {
		var word string
		if err := json.Unmarshal(text, &word); err != nil {
			return err
		}
		*s = stops{word}
		return nil
	}
	return json.Unmarshal(text, (*[]string)(s))
}

// Parse decodes a request. It refuses unknown keys, keys that occur twice, and numbers outside of their
// bounds.
func Parse(text []byte) (Request, error) {
	if len(text) > MaxBytes {
		return Request{}, fmt.Errorf("expected at most %d bytes, found %d", MaxBytes, len(text))
	}
	var f file
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&f); err != nil {
		return Request{}, fmt.Errorf("expected a JSON object with messages or a prompt: %w", err)
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return Request{}, errors.New("expected one JSON object, found more behind it")
	}
	if err := checkKeys(text); err != nil {
		return Request{}, err
	}
	return f.request()
}

func (f file) request() (Request, error) {
	if (f.Prompt != nil) == (len(f.Messages) > 0) {
		return Request{}, errors.New("expected either messages or a prompt")
	}
	r := Request{Messages: f.Messages, Prompt: f.Prompt, MaxTokens: DefaultTokens, Stop: f.Stop, Seed: f.Seed}
	if f.MaxTokens != nil {
		r.MaxTokens = *f.MaxTokens
	}
	if r.MaxTokens < 1 || r.MaxTokens > maxTokens {
		return Request{}, fmt.Errorf("max_tokens: expected 1 to %d, found %d", maxTokens, r.MaxTokens)
	}
	if len(r.Stop) > maxStops {
		return Request{}, fmt.Errorf("stop: expected at most %d words, found %d", maxStops, len(r.Stop))
	}
	if f.Thinking != nil {
		r.Direct = !*f.Thinking
	}
	if r.Direct && r.Prompt != nil {
		return Request{}, errors.New("thinking: expected messages for it, found a prompt")
	}
	if f.TopK < 0 || f.TopK > math.MaxInt32 {
		return Request{}, fmt.Errorf("top_k: expected a number of tokens, or 0 for all, found %d", f.TopK)
	}
	r.Options.TopK = f.TopK
	for _, n := range []struct {
		name string
		text json.Number
		into *int64
	}{{"temperature", f.Temperature, &r.Options.Temperature}, {"top_p", f.TopP, &r.Options.TopP}, {"repetition_penalty", f.Penalty, &r.Options.Penalty}} {
		if n.text == "" {
			continue
		}
		var err error
		if *n.into, err = sample.ParseMillionths(n.text.String()); err != nil {
			return Request{}, fmt.Errorf("%s: %w", n.name, err)
		}
	}
	if f.TopP != "" && r.Options.TopP == 0 {
		return Request{}, errors.New("top_p: expected a number above 0, found 0")
	}
	_, err := sample.New(r.Options, 0)
	return r, err
}
