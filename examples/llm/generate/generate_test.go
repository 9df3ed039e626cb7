package generate_test

import (
	"bytes"
	"errors"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/thetaedge/theta/examples/llm/generate"
	"github.com/thetaedge/theta/examples/llm/request"
	"github.com/thetaedge/theta/models/chat"
	"github.com/thetaedge/theta/models/tokenizer"
)

// script is a model that says fixed tokens one after the other, and notes what it reads.
type script struct {
	tokens []int32
	read   []int32
	said   int
}

func (s *script) Step(tokens []int32) ([]int32, error) {
	s.read = append(s.read, tokens...)
	if s.said == len(s.tokens) {
		return nil, errors.New("no more")
	}
	logits := make([]int32, 300)
	logits[s.tokens[s.said]] = 1 << 16
	s.said++
	return logits, nil
}

const end = 256

// text has a token for each byte, token 256 that ends a text and token 257 that begins one.
func text(t *testing.T) generate.Text {
	spec := tokenizer.Spec{Version: 1, Bytes: true, Begin: []int32{257}, End: []int32{end}, Special: []tokenizer.Special{
		{ID: end, Text: "<end>", Control: true}, {ID: 257, Text: "<begin>", Control: true},
	}}
	for b := range 256 {
		spec.Tokens = append(spec.Tokens, 1, byte(b))
	}
	tok, err := tokenizer.New(spec)
	require.NoError(t, err)
	return generate.Text{
		Tokenizer: tok, Places: 16, Context: 64,
		Chat: &chat.Format{Version: 1, Start: "<begin>U:", AfterUser: "<end>A:", AfterAssistant: "<end>U:", Generate: "<end>A:"},
	}
}

func tokens(text string) []int32 {
	var ids []int32
	for _, b := range []byte(text) {
		ids = append(ids, int32(b))
	}
	return ids
}

func answer(t *testing.T, said []int32, asked string) (generate.Answer, *script, string) {
	r, err := request.Parse([]byte(asked))
	require.NoError(t, err)
	text := text(t)
	prompt, err := text.Prompt(r)
	require.NoError(t, err)
	model, out := &script{tokens: said}, &bytes.Buffer{}
	a, err := text.Answer(model, r, prompt, 1, out)
	require.NoError(t, err)
	require.LessOrEqual(t, len(model.read), text.Steps(r, prompt))
	require.Equal(t, a.Text, out.String())
	require.Equal(t, len(prompt), a.PromptTokens)
	return a, model, out.String()
}

func TestAnAnswerEndsWithTheTokenThatEndsATextAndLeavesItOut(t *testing.T) {
	a, model, out := answer(t, append(tokens("hi 漢"), end), `{"messages":[{"role":"user","content":"<end>"}]}`)
	require.Equal(t, "hi 漢", out)
	require.Equal(t, generate.FinishEnd, a.FinishReason)
	require.Equal(t, append(tokens("hi 漢"), end), a.Tokens)
	// The special token in the message is ordinary text; those of the format count.
	prompt := append([]int32{257}, tokens("U:<end>")...)
	prompt = append(append(prompt, end), tokens("A:")...)
	require.Equal(t, prompt, model.read[:len(prompt)])
	require.Equal(t, tokens("hi 漢"), model.read[len(prompt):])
}

func TestATokenThatEndsATextIsLeftOutEvenIfItHasAText(t *testing.T) {
	text := text(t)
	spec := tokenizer.Spec{Version: 1, Bytes: true, End: []int32{'.', 256}, Special: []tokenizer.Special{{ID: 256, Text: "<end>"}}}
	for b := range 256 {
		spec.Tokens = append(spec.Tokens, 1, byte(b))
	}
	var err error
	text.Tokenizer, err = tokenizer.New(spec)
	require.NoError(t, err)
	r, err := request.Parse([]byte(`{"prompt":"a","stop":"."}`))
	require.NoError(t, err)
	for _, last := range []int32{'.', 256} {
		out := &bytes.Buffer{}
		a, err := text.Answer(&script{tokens: append(tokens("hi"), last)}, r, tokens("a"), 1, out)
		require.NoError(t, err)
		require.Equal(t, "hi", out.String())
		require.Equal(t, "hi", a.Text)
		require.Equal(t, generate.FinishEnd, a.FinishReason)
		require.Equal(t, append(tokens("hi"), last), a.Tokens)
	}
}

func TestAPromptIsContinuedBehindWhatBeginsAText(t *testing.T) {
	a, model, _ := answer(t, tokens("bcd"), `{"prompt":"a<end>","max_tokens":3}`)
	require.Equal(t, []int32{257, 'a', end, 'b', 'c'}, model.read)
	require.Equal(t, generate.FinishLength, a.FinishReason)
	require.Equal(t, "bcd", a.Text)
}

func TestAStopWordEndsAnAnswerAndIsLeftOut(t *testing.T) {
	a, _, _ := answer(t, tokens("one\n\ntwo"), `{"prompt":"a","stop":"\n\n"}`)
	require.Equal(t, "one", a.Text)
	require.Equal(t, generate.FinishStop, a.FinishReason)
	require.Equal(t, tokens("one\n\n"), a.Tokens)
}

func TestHeldTextComesAtTheEnd(t *testing.T) {
	a, _, _ := answer(t, tokens("one\n\xe6"), `{"prompt":"a","stop":["\n\n"],"max_tokens":5}`)
	require.Equal(t, "one\n\ufffd", a.Text)
	a, _, _ = answer(t, tokens("one\n"), `{"prompt":"a","stop":["\n\n"],"max_tokens":4}`)
	require.Equal(t, "one\n", a.Text)
}

func TestAFullContextEndsAnAnswer(t *testing.T) {
	a, model, _ := answer(t, row(100), `{"prompt":"abc","max_tokens":100}`)
	require.Equal(t, generate.FinishContext, a.FinishReason)
	require.Len(t, model.read, 64)
	require.Len(t, a.Tokens, 64-4+1)
}

func row(n int) []int32 { return tokens(string(bytes.Repeat([]byte{'x'}, n))) }

func TestEqualSeedsGiveEqualAnswers(t *testing.T) {
	r, err := request.Parse([]byte(`{"prompt":"a","max_tokens":20,"temperature":2,"top_p":0.9}`))
	require.NoError(t, err)
	text := text(t)
	var texts []string
	for _, seed := range []uint64{1, 1, 2} {
		a, err := text.Answer(flat{}, r, []int32{1}, seed, &bytes.Buffer{})
		require.NoError(t, err)
		texts = append(texts, a.Text)
	}
	require.Equal(t, texts[0], texts[1])
	require.NotEqual(t, texts[0], texts[2])
}

// flat finds all letters equally likely.
type flat struct{}

func (flat) Step([]int32) ([]int32, error) {
	logits := make([]int32, 258)
	for i := range logits {
		if i < 'a' || i > 'z' {
			logits[i] = -1 << 24
		}
	}
	return logits, nil
}

func TestARequestThatTheModelCannotAnswerIsRefused(t *testing.T) {
	text := text(t)
	prompt := func(asked string) error {
		r, err := request.Parse([]byte(asked))
		require.NoError(t, err)
		_, err = text.Prompt(r)
		return err
	}
	require.ErrorContains(t, prompt(`{"prompt":"`+string(bytes.Repeat([]byte{'x'}, 64))+`"}`), "at most 64 tokens, which the model can read, found 65")
	require.ErrorContains(t, prompt(`{"messages":[{"role":"assistant","content":"a"}]}`), "role user")
	require.ErrorContains(t, prompt(`{"messages":[{"role":"user","content":"a"}],"thinking":false}`), "thinking")
	text.Chat = nil
	require.ErrorContains(t, prompt(`{"messages":[{"role":"user","content":"a"}]}`), "use a prompt")
}

func TestTroubleOfTheModelOrOfTheOutputIsAnError(t *testing.T) {
	r, err := request.Parse([]byte(`{"prompt":"a"}`))
	require.NoError(t, err)
	_, err = text(t).Answer(&script{}, r, []int32{1}, 1, &bytes.Buffer{})
	require.ErrorContains(t, err, "no more")
	_, err = text(t).Answer(&script{tokens: tokens("x")}, r, []int32{1}, 1, closed{})
	require.ErrorContains(t, err, "write the text")
}

type closed struct{}

func (closed) Write([]byte) (int, error) { return 0, errors.New("closed") }
