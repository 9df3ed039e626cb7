package jobfile

import (
	"reflect"
	"testing"

	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v3"
)

func TestAJobFilesNumbersAreWholeOrRefused(t *testing.T) {
	for line, want := range map[string]string{
		"tasks: 2.5":                        `line 6: expected a whole number from 1 on, in decimal digits, found "2.5"`,
		"lifetime_blocks: .inf":             `line 6: expected a whole number from 1 on, in decimal digits, found ".inf"`,
		"policy: {quorum: 3.5}":             `line 6: expected a whole number from 1 on, in decimal digits, found "3.5"`,
		"tasks: -4":                         `line 6: expected a whole number from 1 on, in decimal digits, found "-4"`,
		"tasks: many":                       `line 6: expected a whole number from 1 on, in decimal digits, found "many"`,
		"tasks: 0":                          `line 6: expected a whole number from 1 on, in decimal digits, found "0"`,
		"tasks: 010":                        `line 6: expected a whole number from 1 on, in decimal digits, found "010"`,
		"tasks: 0x10":                       `line 6: expected a whole number from 1 on, in decimal digits, found "0x10"`,
		"tasks: [1]":                        `line 6: expected a whole number from 1 on, in decimal digits, found a list`,
		"tasks: {a: 1}":                     `line 6: expected a whole number from 1 on, in decimal digits, found fields`,
		"policy: {quorum: 0}":               `line 6: expected a whole number from 1 on, in decimal digits, found "0"`,
		"args: hello":                       `line 6: expected a list, as in [one, two], found "hello"`,
		"policy: quorum":                    `line 6: expected its fields, as in {name: value}, found "quorum"`,
		"policy: {own_risk: perhaps}":       `line 6: expected true or false, found "perhaps"`,
		"relay: [a]":                        "line 6: expected a text",
		"tasks: 2e3":                        "",
		"args: [1.5, \"{task}\"]\ntasks: 1": "",
	} {
		_, err := Parse([]byte(minimalJob + line + "\n"))
		if want == "" {
			require.NoError(t, err, line)
			continue
		}
		require.EqualError(t, err, want, line)
	}
	job, err := Parse([]byte(minimalJob + "tasks: 2e3\n"))
	require.NoError(t, err)
	require.EqualValues(t, 2000, job.Tasks)
}

// A field that is added to a job file reads its number as the others do: the YAML
// library takes 010 for eight.
func TestEveryNumberOfAJobFileIsACount(t *testing.T) {
	var walk func(reflect.Type)
	walk = func(of reflect.Type) {
		for i := range of.NumField() {
			field := of.Field(i)
			kind := field.Type
			if kind.Kind() == reflect.Pointer {
				kind = kind.Elem()
			}
			switch kind.Kind() {
			case reflect.Struct:
				walk(kind)
			case reflect.Int, reflect.Int32, reflect.Int64, reflect.Uint, reflect.Uint32, reflect.Uint64, reflect.Float64:
				_, reads := reflect.New(kind).Interface().(yaml.Unmarshaler)
				require.True(t, reads, "%s.%s has a type with a parser of its own, such as Count", of.Name(), field.Name)
			}
		}
	}
	walk(reflect.TypeFor[Job]())
}
