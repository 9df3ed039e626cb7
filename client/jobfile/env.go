package jobfile

import (
	"fmt"
	"maps"
	"slices"

	"go.yaml.in/yaml/v3"

	computetypes "github.com/thetaedge/theta/x/compute/types"
)

// Environment holds variables by name. A value is the text in the job file, even if YAML
// would read it as a number, a date or a boolean: "010" stays "010".
type Environment map[string]string

// UnmarshalYAML reads the variables. A value that is not a text is refused with its line.
func (e *Environment) UnmarshalYAML(node *yaml.Node) error {
	if node.Kind != yaml.MappingNode {
		return fmt.Errorf("line %d: expected env as {NAME: value}, found %s", node.Line, found(node))
	}
	read := make(Environment, len(node.Content)/2)
	for pair := range slices.Chunk(node.Content, 2) {
		name, value := pair[0], pair[1]
		if name.Kind != yaml.ScalarNode {
			return fmt.Errorf("line %d: expected the name of a variable in env, found %s", name.Line, found(name))
		}
		if _, twice := read[name.Value]; twice {
			return fmt.Errorf("line %d: env: %q is set twice", name.Line, name.Value)
		}
		plain := value.Style&(yaml.TaggedStyle) == 0 && value.Anchor == ""
		switch {
		case value.Kind != yaml.ScalarNode || !plain:
			return fmt.Errorf("line %d: env: expected a text for %q, found %s", value.Line, name.Value, found(value))
		case value.ShortTag() == "!!null":
			return fmt.Errorf("line %d: env: expected a text for %q, found nothing; write \"\" for an empty one", value.Line, name.Value)
		}
		read[name.Value] = value.Value
	}
	*e = read
	return nil
}

// variables returns the variables sorted by name, so that the same job file gives the same
// spec.
func (e Environment) variables() []computetypes.Variable {
	var out []computetypes.Variable
	for _, name := range slices.Sorted(maps.Keys(e)) {
		out = append(out, computetypes.Variable{Name: name, Value: e[name]})
	}
	return out
}
