package client

import (
	"reflect"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestAJobFilesNumbersAreWholeOrRefused(t *testing.T) {
	for line, want := range map[string]string{
		"tasks: 2.5":                        "line 6: tasks: expected a whole number, found 2.5",
		"lifetime_blocks: .inf":             `line 6: expected a whole number from 0 on, found ".inf"`,
		"policy: {quorum: 3.5}":             "line 6: quorum: expected a whole number, found 3.5",
		"tasks: -4":                         `line 6: expected a whole number from 0 on, found "-4"`,
		"tasks: many":                       `line 6: expected a whole number from 0 on, found "many"`,
		"args: hello":                       `line 6: expected a list, as in [one, two], found "hello"`,
		"policy: quorum":                    `line 6: expected its fields, as in {name: value}, found "quorum"`,
		"policy: {own_risk: perhaps}":       `line 6: expected true or false, found "perhaps"`,
		"relay: [a]":                        "line 6: expected a text",
		"tasks: 2e3":                        "",
		"args: [1.5, \"{task}\"]\ntasks: 1": "",
	} {
		_, err := ParseJobFile([]byte(minimalJob + line + "\n"))
		if want == "" {
			require.NoError(t, err, line)
			continue
		}
		require.EqualError(t, err, want, line)
	}
	job, err := ParseJobFile([]byte(minimalJob + "tasks: 2e3\n"))
	require.NoError(t, err)
	require.EqualValues(t, 2000, job.Tasks)
}

// A field that is added to a job file is checked as well.
func TestEveryCountOfAJobFileIsKnown(t *testing.T) {
	var walk func(reflect.Type)
	walk = func(of reflect.Type) {
		for i := range of.NumField() {
			field := of.Field(i)
			kind := field.Type
			if kind.Kind() == reflect.Pointer {
				kind = kind.Elem()
			}
			switch {
			case kind.Kind() == reflect.Struct:
				walk(kind)
			case kind == reflect.TypeFor[uint64]() || kind == reflect.TypeFor[uint32]():
				name, _, _ := strings.Cut(field.Tag.Get("yaml"), ",")
				if name == "" {
					name = strings.ToLower(field.Name)
				}
				require.Contains(t, countFields(), name)
			}
		}
	}
	walk(reflect.TypeFor[JobFile]())
}
