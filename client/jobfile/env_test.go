package jobfile

import (
	"testing"

	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v3"
	"pgregory.net/rapid"
)

func readEnv(text string) (Environment, error) {
	var job struct {
		Env Environment `yaml:"env"`
	}
	err := yaml.Unmarshal([]byte(text), &job)
	return job.Env, err
}

func TestVariablesAreTheTextThatStandsInTheJobFile(t *testing.T) {
	env, err := readEnv("env:\n  OCTAL: 010\n  HEX: 0x1F\n  FLOAT: 1.50\n  BIG: 1e3\n  LONG: 12345678901234567890123\n  ON: on\n  TRUTH: True\n" +
		"  DAY: 2020-01-01\n  TIME: 12:30:05\n  NULLISH: 'null'\n  TILDE: \"~\"\n  EMPTY: \"\"\n  UNDER: 1_000\n  NAN: .nan\n  SPACES: '  a  '\n" +
		"  BLOCK: |\n    one\n    two\n  QUOTED: \"a\\tb\"\n  SINGLE: 'it''s'\n  TASK: '{task}'\n  y: n\n")
	require.NoError(t, err)
	require.Equal(t, Environment{
		"OCTAL": "010", "HEX": "0x1F", "FLOAT": "1.50", "BIG": "1e3", "LONG": "12345678901234567890123", "ON": "on", "TRUTH": "True",
		"DAY": "2020-01-01", "TIME": "12:30:05", "NULLISH": "null", "TILDE": "~", "EMPTY": "", "UNDER": "1_000", "NAN": ".nan", "SPACES": "  a  ",
		"BLOCK": "one\ntwo\n", "QUOTED": "a\tb", "SINGLE": "it's", "TASK": "{task}", "y": "n",
	}, env)
}

func TestWhatIsNoTextIsNoVariable(t *testing.T) {
	for text, want := range map[string]string{
		"env: [A, B]":                 "line 1: expected env as {NAME: value}, found a list",
		"env: A=B":                    "expected env as {NAME: value}",
		"env: {A: }":                  "found nothing; write \"\" for an empty one",
		"env: {A: ~}":                 "found nothing",
		"env: {A: null}":              "found nothing",
		"env:\n  A: [1]":              "line 2: env: expected a text for \"A\", found a list",
		"env: {A: {B: C}}":            "expected a text for \"A\", found fields",
		"env: {A: !!binary aGk=}":     "expected a text for \"A\"",
		"env: {A: !!str 1}":           "expected a text for \"A\"",
		"env: {A: &x 1, B: *x}":       "expected a text for \"A\"",
		"env: {A: 1, A: 2}":           "\"A\" is set twice",
		"env: {[A]: 1}":               "expected the name of a variable in env, found a list",
		"env: {? {A: B} : 1}":         "expected the name of a variable",
		"x: &x {A: 1}\nenv: {<<: *x}": "expected a text for \"<<\"",
	} {
		_, err := readEnv(text)
		require.ErrorContains(t, err, want, text)
	}
}

// Any value that YAML holds in double quotes, the job file reads back as it was.
// Unquoted, the library writes some texts that it cannot read, a tab before a line's
// end for one.
func TestAVariableSurvivesQuoting(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		want := rapid.MapOf(rapid.StringMatching("[A-Za-z_][A-Za-z0-9_]{0,10}"), rapid.String()).Draw(t, "env")
		quoted := yaml.Node{Kind: yaml.MappingNode}
		for name, value := range want {
			quoted.Content = append(quoted.Content,
				&yaml.Node{Kind: yaml.ScalarNode, Value: name},
				&yaml.Node{Kind: yaml.ScalarNode, Value: value, Style: yaml.DoubleQuotedStyle})
		}
		text, err := yaml.Marshal(map[string]any{"env": &quoted})
		require.NoError(t, err)
		got, err := readEnv(string(text))
		require.NoError(t, err, "%s", text)
		require.Equal(t, Environment(want), got)
	})
}
