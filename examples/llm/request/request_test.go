package request_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/thetaedge/theta/examples/llm/request"
	"github.com/thetaedge/theta/models/chat"
	"github.com/thetaedge/theta/models/sample"
)

func TestARequestIsReadWithItsDefaults(t *testing.T) {
	r, err := request.Parse([]byte(`{"messages":[{"role":"user","content":"Hello"}]}`))
	require.NoError(t, err)
	require.Equal(t, request.Request{Messages: []chat.Message{{Role: "user", Content: "Hello"}}, MaxTokens: request.DefaultTokens}, r)

	r, err = request.Parse([]byte(`{"prompt":"","max_tokens":5,"temperature":0.7,"top_k":40,"top_p":0.95,"repetition_penalty":1.1,"stop":"\n","seed":18446744073709551615}`))
	require.NoError(t, err)
	require.Equal(t, "", *r.Prompt)
	require.Equal(t, uint64(1<<64-1), *r.Seed)
	require.Equal(t, []string{"\n"}, r.Stop)
	require.Equal(t, sample.Options{Temperature: 700_000, TopK: 40, TopP: 950_000, Penalty: 1_100_000}, r.Options)

	r, err = request.Parse([]byte(`{"messages":[{"role":"user","content":""}],"stop":["a","b"],"thinking":false}`))
	require.NoError(t, err)
	require.True(t, r.Direct)
	require.Equal(t, []string{"a", "b"}, r.Stop)
}

func TestAWrongRequestIsRefusedWithASentence(t *testing.T) {
	for text, says := range map[string]string{
		``:                               "expected a JSON object",
		`[]`:                             "expected a JSON object",
		`{"prompt":"a"}{}`:               "more behind it",
		`{}`:                             "either messages or a prompt",
		`{"prompt":"a","messages":[{}]}`: "either messages or a prompt",
		`{"prompt":"a","max_token":1}`:   "max_token",
		`{"prompt":"a","prompt":"b"}`:    `found "prompt" twice`,
		`{"Prompt":"a"}`:                 `found "Prompt"`,
		`{"prompt":"a","ſtop":"b"}`:      `found "ſtop"`,
		`{"prompt":"a","stop":["b"],"seed":1,"seed":2}`:                                   `found "seed" twice`,
		`{"messages":[{"role":"user","content":"a"},{"role":"user","role":"assistant"}]}`: `found "role" twice`,
		`{"messages":[{"role":"user","content":"a"}],"messages":[{"role":"user"}]}`:       `found "messages" twice`,
		`{"prompt":"a","max_tokens":0}`:                                                   "max_tokens: expected 1",
		`{"prompt":"a","max_tokens":1.5}`:                                                 "max_tokens",
		`{"prompt":"a","temperature":-1}`:                                                 "temperature: expected",
		`{"prompt":"a","temperature":101}`:                                                "temperature: expected 0 to 100",
		`{"prompt":"a","temperature":"hot"}`:                                              "expected a JSON object",
		`{"prompt":"a","top_p":0}`:                                                        "top_p: expected a number above 0",
		`{"prompt":"a","top_p":1.1}`:                                                      "top_p: expected above 0",
		`{"prompt":"a","top_k":-1}`:                                                       "top_k",
		`{"prompt":"a","repetition_penalty":0.001}`:                                       "repetition_penalty",
		`{"prompt":"a","seed":-1}`:                                                        "seed",
		`{"prompt":"a","thinking":false}`:                                                 "expected messages",
		`{"prompt":"a","stop":5}`:                                                         "stop",
		`{"prompt":"a","stop":[` + strings.Repeat(`"x",`, 64) + `"x"]}`:                   "at most 64 words",
		strings.Repeat(" ", request.MaxBytes+1):                                           "expected at most",
	} {
		_, err := request.Parse([]byte(text))
		require.ErrorContains(t, err, says, "%.60s", text)
	}
}

func FuzzARequestIsRefusedOrWithinItsBounds(f *testing.F) {
	f.Add([]byte(`{"prompt":"a","temperature":1e-3,"top_p":0.5,"stop":["x"]}`))
	f.Add([]byte(`{"messages":[{"role":"user","content":"b"}],"thinking":true,"seed":3}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		r, err := request.Parse(text)
		if err != nil {
			return
		}
		require.True(t, (r.Prompt != nil) != (len(r.Messages) > 0))
		_, err = sample.New(r.Options, 1)
		require.NoError(t, err)
	})
}
