// Package generate lets a language model answer a request.
package generate

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/thetaedge/theta/examples/llm/request"
	"github.com/thetaedge/theta/models/chat"
	"github.com/thetaedge/theta/models/sample"
	"github.com/thetaedge/theta/models/tokenizer"
)

// Reasons for which an answer ends.
const (
	// FinishEnd says that the model chose a token that ends a text.
	FinishEnd = "end"
	// FinishStop says that a stop word of the request came.
	FinishStop = "stop"
	// FinishLength says that the answer has as many tokens as the request allows.
	FinishLength = "length"
	// FinishContext says that the model's context is full.
	FinishContext = "context"
)

// Model reads tokens and says what may come next.
type Model interface {
	// Step reads tokens behind those that it has read before, and returns a logit for each token
	// of the vocabulary.
	Step(tokens []int32) ([]int32, error)
}

// Text is what a converted model says about text.
type Text struct {
	Tokenizer *tokenizer.Tokenizer
	// Chat is nil for a model without a chat format.
	Chat *chat.Format
	// Places is the number of places of the logits.
	Places int
	// Context is the highest number of tokens that the model reads.
	Context int
}

// Answer is the result of a request.
type Answer struct {
	Text string `json:"text"`
	// Tokens are all that the model chose, including one that ended the text.
	Tokens []int32 `json:"tokens"`
	// PromptTokens is the number of tokens that the model read first.
	PromptTokens int `json:"prompt_tokens"`
	// FinishReason is end, stop, length or context.
	FinishReason string `json:"finish_reason"`
}

// Prompt returns the tokens of a request. It refuses messages for a model without a chat format,
// and a text for which the context has no room.
func (t Text) Prompt(r request.Request) ([]int32, error) {
	var ids []int32
	var err error
	if r.Prompt != nil {
		if ids, err = t.Tokenizer.Encode(*r.Prompt); err == nil {
			ids = slices.Concat(t.Tokenizer.Begin(), ids)
		}
	} else {
		ids, err = t.conversation(r)
	}
	if err != nil {
		return nil, err
	}
	if len(ids) == 0 {
		return nil, errors.New("prompt: expected at least one token, found none")
	}
	if len(ids) > t.Context {
		return nil, fmt.Errorf("expected a text of at most %d tokens, which the model can read, found %d: shorten it", t.Context, len(ids))
	}
	return ids, nil
}

func (t Text) conversation(r request.Request) ([]int32, error) {
	if t.Chat == nil {
		return nil, errors.New("messages: expected a model with a chat format, found one without: use a prompt")
	}
	parts, err := t.Chat.Parts(r.Messages, r.Direct)
	if err != nil {
		return nil, err
	}
	return t.Tokenizer.EncodeParts(parts)
}

// Steps returns the number of tokens that the model reads at most for a request with a prompt.
func (t Text) Steps(r request.Request, prompt []int32) int {
	return min(t.Context, len(prompt)+r.MaxTokens-1)
}

// Answer lets a model answer a request, and writes the text to out as it comes. The seed decides
// what is drawn, if the request does not have one.
func (t Text) Answer(model Model, r request.Request, prompt []int32, seed uint64, out io.Writer) (Answer, error) {
	r.Options.Places = t.Places
	if r.Seed != nil {
		seed = *r.Seed
	}
	sampler, err := sample.New(r.Options, seed)
	if err != nil {
		return Answer{}, err
	}
	sampler.See(prompt...)
	w := writer{decoder: t.Tokenizer.NewDecoder(), stop: sample.NewStop(r.Stop), out: out}
	if r.Prompt != nil {
		w.decoder = t.Tokenizer.NewDecoderWithin()
	}
	answer := Answer{PromptTokens: len(prompt), Tokens: []int32{}}
	ends := t.Tokenizer.End()
	for next := prompt; answer.FinishReason == ""; {
		logits, err := model.Step(next)
		if err != nil {
			return Answer{}, err
		}
		token, err := sampler.Next(logits)
		if err != nil {
			return Answer{}, err
		}
		answer.Tokens = append(answer.Tokens, token)
		next = []int32{token}
		if slices.Contains(ends, token) {
			// Its text is no part of the answer, even if it is not a control token.
			answer.FinishReason = FinishEnd
			break
		}
		switch stopped, err := w.add(token); {
		case err != nil:
			return Answer{}, err
		case stopped:
			answer.FinishReason = FinishStop
		case len(answer.Tokens) == r.MaxTokens:
			answer.FinishReason = FinishLength
		case len(prompt)+len(answer.Tokens) > t.Context:
			answer.FinishReason = FinishContext
		}
	}
	answer.Text, err = w.end(answer.FinishReason)
	return answer, err
}

// writer writes the text of tokens up to a stop word.
type writer struct {
	decoder *tokenizer.Decoder
	stop    *sample.Stop
	out     io.Writer
	text    strings.Builder
}

func (w *writer) write(text string) error {
	w.text.WriteString(text)
	if text == "" {
		return nil
	}
	if _, err := io.WriteString(w.out, text); err != nil {
		return fmt.Errorf("write the text: %w", err)
	}
	return nil
}

func (w *writer) add(token int32) (stopped bool, err error) {
	text, stopped := w.stop.Next(w.decoder.Next(token))
	return stopped, w.write(text)
}

// end writes what was held back, and returns the whole text.
func (w *writer) end(reason string) (string, error) {
	if reason == FinishStop {
		return w.text.String(), nil
	}
	text, stopped := w.stop.Next(w.decoder.Rest())
	if !stopped {
		text += w.stop.Rest()
	}
	err := w.write(text)
	return w.text.String(), err
}
