package tensors_test

import (
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/thetaedge/theta/executor/tensors"
)

// The specification lists each function with the types of its parameters and result.
func TestTheSpecificationHasTheFunctions(t *testing.T) {
	text, err := os.ReadFile("../../docs/profiles/tensor-1.md")
	require.NoError(t, err)
	types := map[string]string{"i32": "i", "i64": "I"}
	found := map[string][2]string{}
	for _, row := range regexp.MustCompile("(?m)^\\| `(\\w+)` \\| ([^|]*i32[^|]*) \\| ([^|]*)\\| 20,000").FindAllStringSubmatch(string(text), -1) {
		var letters [2]string
		for i := range letters {
			for _, word := range strings.FieldsFunc(row[2+i], func(r rune) bool { return r == ' ' || r == ',' }) {
				letters[i] += types[word]
			}
		}
		found[row[1]] = letters
	}
	expected := map[string][2]string{}
	for _, f := range tensors.Functions() {
		letters := [2]string{f.Params, ""}
		if f.Returns {
			letters[1] = "i"
		}
		expected[f.Name] = letters
	}
	require.Equal(t, expected, found)
	require.Contains(t, string(text), "functions of the module `"+tensors.Module+"`")
}
