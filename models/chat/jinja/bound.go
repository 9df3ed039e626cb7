package jinja

import (
	"errors"
	"fmt"

	"github.com/nikolalohinski/gonja/v2/builtins"
	controlstructures "github.com/nikolalohinski/gonja/v2/builtins/control_structures"
	"github.com/nikolalohinski/gonja/v2/exec"
	"github.com/nikolalohinski/gonja/v2/nodes"
	"github.com/nikolalohinski/gonja/v2/parser"
)

// Bounds of what a template does while it is rendered once.
const (
	// maxNumbers is how many numbers ranges give together.
	maxNumbers = 100_000
	// maxCalls is how many calls of macros may be open at a time.
	maxCalls = 100
)

// bound counts what a template does. A template of a stranger could otherwise count without an end,
// or end the process by calls within calls, which Go does not let a program recover from.
type bound struct{ numbers, calls int }

// functions returns what a template can call. It lacks functions of the library that draw at random.
func (b *bound) functions() *exec.Context {
	all := exec.EmptyContext().Update(builtins.GlobalVariables)
	for _, name := range []string{"cycler", "dict", "joiner", "namespace"} {
		if function, found := builtins.GlobalFunctions.Get(name); found {
			all.Set(name, function)
		}
	}
	all.Set("range", b.span)
	return all
}

// span is the function range: numbers from a first one on, 0 if left out, up to the one in front of a
// last one, in steps of 1 or of what is given.
func (b *bound) span(_ *exec.Evaluator, arguments *exec.VarArgs) ([]int, error) {
	var given []int
	for _, a := range arguments.Args {
		if !a.IsInteger() {
			return nil, fmt.Errorf("range: expected integers, found %.40q", a.String())
		}
		given = append(given, a.Integer())
	}
	at, stop, step := 0, 0, 1
	switch len(given) {
	case 1:
		stop = given[0]
	case 2:
		at, stop = given[0], given[1]
	case 3:
		at, stop, step = given[0], given[1], given[2]
	default:
		return nil, fmt.Errorf("range: expected 1 to 3 integers, found %d", len(given))
	}
	if step == 0 {
		return nil, errors.New("range: expected steps other than 0, found 0")
	}
	numbers := []int{}
	for step > 0 && at < stop || step < 0 && at > stop {
		if b.numbers++; b.numbers > maxNumbers {
			return nil, fmt.Errorf("range: expected at most %d numbers in a template, found more", maxNumbers)
		}
		numbers = append(numbers, at)
		next := at + step
		if (next > at) != (step > 0) {
			break // beyond the largest integer
		}
		at = next
	}
	return numbers, nil
}

// statements returns what may stand between {% and %}. It lacks those that read other templates.
func (b *bound) statements() *exec.ControlStructureSet {
	all := map[string]parser.ControlStructureParser{}
	for _, name := range []string{"if", "set", "raw", "with", "do", "break", "continue", "filter", "call", "autoescape"} {
		if parse, found := builtins.ControlStructures.Get(name); found {
			all[name] = parse
		}
	}
	if parse, found := builtins.ControlStructures.Get("for"); found {
		all["for"] = func(p, arguments *parser.Parser) (nodes.ControlStructure, error) {
			loop, err := parse(p, arguments)
			if l, ok := loop.(*controlstructures.ForControlStructure); err == nil && ok && l.Recursive {
				return nil, errors.New("expected loops that are not recursive, found a recursive one")
			}
			return loop, err
		}
	}
	if parse, found := builtins.ControlStructures.Get("macro"); found {
		all["macro"] = func(p, arguments *parser.Parser) (nodes.ControlStructure, error) {
			parsed, err := parse(p, arguments)
			if m, ok := parsed.(*controlstructures.MacroControlStructure); err == nil && ok {
				return &macro{m, b}, nil
			}
			return parsed, err
		}
	}
	return exec.NewControlStructureSet(all)
}

// macro is a macro whose calls are counted.
type macro struct {
	*controlstructures.MacroControlStructure
	bound *bound
}

// Execute defines the macro.
func (m *macro) Execute(r *exec.Renderer, _ *nodes.ControlStructureBlock) error {
	call, err := exec.MacroNodeToFunc(m.Macro, r)
	if err != nil {
		return err
	}
	r.Environment.Context.Set(m.Name, exec.Macro(func(arguments *exec.VarArgs) *exec.Value {
		if m.bound.calls == maxCalls {
			return exec.AsValue(fmt.Errorf("macro %s: expected at most %d calls within calls, found more", m.Name, maxCalls))
		}
		m.bound.calls++
		defer func() { m.bound.calls-- }()
		return call(arguments)
	}))
	return nil
}
