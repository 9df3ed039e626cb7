package jinja

import (
	"errors"
	"fmt"

	"github.com/nikolalohinski/gonja/v2/builtins"
	"github.com/nikolalohinski/gonja/v2/config"
	"github.com/nikolalohinski/gonja/v2/exec"
	"github.com/nikolalohinski/gonja/v2/loaders"

	"github.com/thetaedge/theta/models/chat"
)

// maxTemplate is the highest number of bytes of a template. It bounds brackets within brackets too.
const maxTemplate = 1 << 15

// template is a chat template of a model.
type template struct {
	parsed     *exec.Template
	begin, end string
	bound      *bound
}

// parse reads a template. It sees no files.
func parse(text, begin, end string) (*template, error) {
	if len(text) > maxTemplate {
		return nil, fmt.Errorf("expected a template of at most %d bytes, found %d", maxTemplate, len(text))
	}
	const name = "/template"
	loader, err := loaders.NewMemoryLoader(map[string]string{name: text})
	if err != nil {
		return nil, err
	}
	// The settings with which these templates are written.
	settings := config.New()
	settings.TrimBlocks, settings.LeftStripBlocks = true, true
	b := &bound{}
	environment := &exec.Environment{
		Context: b.functions(), Filters: builtins.Filters, Tests: builtins.Tests, ControlStructures: b.statements(), Methods: builtins.Methods,
	}
	parsed, err := exec.NewTemplate(name, settings, loader, environment)
	if err != nil {
		return nil, err
	}
	return &template{parsed: parsed, begin: begin, end: end, bound: b}, nil
}

// render returns the text of a conversation up to where the answer begins. Thinking is left to the
// template if it is nil.
func (t *template) render(messages []chat.Message, thinking *bool) (text string, err error) {
	// The library panics on some templates.
	defer func() {
		if caught := recover(); caught != nil {
			err = fmt.Errorf("the template cannot be rendered: %v", caught)
		}
	}()
	*t.bound = bound{}
	list := make([]any, len(messages))
	for i, m := range messages {
		list[i] = map[string]any{"role": m.Role, "content": m.Content}
	}
	values := map[string]any{
		"messages": list, "bos_token": t.begin, "eos_token": t.end, "add_generation_prompt": true,
		"raise_exception": func(_ *exec.Evaluator, arguments *exec.VarArgs) (any, error) {
			if len(arguments.Args) > 0 {
				return nil, errors.New(arguments.Args[0].String())
			}
			return nil, errors.New("the template raised an exception")
		},
	}
	if thinking != nil {
		values["enable_thinking"] = *thinking
	}
	return t.parsed.ExecuteToString(exec.NewContext(values))
}
