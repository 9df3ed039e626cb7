package jinja_test

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/thetaedge/theta/models/chat/jinja"
)

// plainTalk puts the name of the role in front of each message.
const plainTalk = "{% for m in messages %}<{{ m.role }}>{{ m.content }}{% endfor %}<assistant>"

func TestATemplateThatDoesNotEndIsRefused(t *testing.T) {
	for text, says := range map[string]string{
		"{% for i in range(1000000000000) %}{% endfor %}":                                       "range: expected at most",
		"{% for i in range(0, -1000000000000, -1) %}{% endfor %}":                               "range: expected at most",
		"{% for i in range(3000) %}{% for j in range(3000) %}{% endfor %}{% endfor %}":          "range: expected at most",
		"{% for i in range(0, 5, 0) %}{% endfor %}":                                             "range: expected steps",
		"{% macro a() %}{{ a() }}{% endmacro %}{{ a() }}":                                       "calls within calls",
		"{% macro a() %}{{ b() }}{% endmacro %}{% macro b() %}{{ a() }}{% endmacro %}{{ b() }}": "calls within calls",
		"{% for m in messages recursive %}{{ loop(messages) }}{% endfor %}":                     "recursive",
		"{% include '/template' %}":                                                             "include",
		"{% extends '/template' %}":                                                             "extends",
		"{% import '/template' as t %}":                                                         "import",
		"{{ " + strings.Repeat("(", 1<<15):                                                      "at most 32768 bytes",
		"{{ lipsum(n=1000000000) }}":                                                            "",
	} {
		at := time.Now()
		_, err := jinja.Find(text+plainTalk, "", "")
		require.ErrorContains(t, err, says, text)
		require.Less(t, time.Since(at), 20*time.Second)
	}
	// The library reads brackets within brackets by calls within calls.
	for _, nested := range []string{"(", "[", "{", "-", "not ", "{% if 1 %}", "1+(", "x|f("} {
		_, err := jinja.Find("{{ "+strings.Repeat(nested, 32_000/len(nested)), "", "")
		require.Error(t, err, nested)
	}
	for _, nested := range []string{"()", "[]"} {
		_, err := jinja.Find("{{ "+strings.Repeat(nested[:1], 15_000)+"1"+strings.Repeat(nested[1:], 15_000)+" }}", "", "")
		require.Error(t, err, nested)
	}
}

func TestRangesAndMacrosWithinTheBoundsWork(t *testing.T) {
	for text, want := range map[string]string{
		"{% for i in range(3) %}{{ i }}{% endfor %}":                                            "012",
		"{% for i in range(1, 3) %}{{ i }}{% endfor %}":                                         "12",
		"{% for i in range(5, 0, -2) %}{{ i }}{% endfor %}":                                     "531",
		"{% for i in range(2, 1) %}{{ i }}{% endfor %}":                                         "",
		"{% for i in range(9223372036854775800, 9223372036854775807, 6) %}{{ i }};{% endfor %}": "9223372036854775800;9223372036854775806;",
		"{% macro a(x) %}[{{ x }}]{% endmacro %}{{ a(1) }}{{ a('y') }}":                         "[1][y]",
	} {
		found, err := jinja.Find(text+plainTalk, "", "")
		require.NoError(t, err, text)
		require.Equal(t, want+"<user>", found.Start, text)
	}
}
