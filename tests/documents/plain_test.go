package documents

import (
	"testing"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"github.com/stretchr/testify/require"
)

// plainFolders returns the folders whose comments are in plain sentences. More may be added.
func plainFolders() []string {
	return []string{
		"app", "blob", "client", "cmd", "drand", "examples", "executor", "internal", "proto", "relay", "scripts",
		"sidecar", "tests",
		"testutil/apptest", "testutil/edge", "testutil/keepertest", "testutil/rpcnode", "testutil/sim", "testutil/twin",
		"x/beacon", "x/compute", "x/edgenode", "x/feemarket", "x/internal", "x/rewards", "x/tally",
	}
}

func requirePlain(t *testing.T, texts []Text) {
	t.Helper()
	for _, text := range texts {
		for _, err := range text.Plain() {
			t.Error(err)
		}
	}
}

func TestPagesAreInPlainSentences(t *testing.T) {
	everyPage(t, func(p Page) []error { return Text{p.Path, p.Prose}.Plain() })
}

func TestCommentsAreInPlainSentences(t *testing.T) {
	texts, err := ReadComments(top(), plainFolders()...)
	require.NoError(t, err)
	require.GreaterOrEqual(t, len(texts), 8)
	requirePlain(t, texts)
}

func TestEveryPatternIsFound(t *testing.T) {
	found := map[int]string{}
	for sentence, wrong := range map[string]int{
		"Whoever differs pays.":                                   1,
		"It is open to anybody.":                                  1,
		"It is late. Who lies pays.":                              1,
		"The fee of who is late is burned.":                       1,
		"A node loses his bond.":                                  1,
		"This is no error.":                                       1,
		"It has not the tag.":                                     1,
		"It waits, for there are no candidates.":                  1,
		"All but for one.":                                        1,
		"It runs beside the chain.":                               1,
		"It costs a fee a seat.":                                  1,
		"What is no coin is shown as it is.":                      2,
		"This is `no error`, and he said \"nobody\".":             1,
		"A node whose result differs is slashed.":                 0,
		"Who is drawn? The nodes with the lowest ranks.":          0,
		"There is no node.":                                       0,
		"They wait for the chain, for a day, and for each other.": 0,
		"# Who may be trusted":                                    0,
	} {
		got := Text{"P.md", sentence}.Plain()
		require.Len(t, got, wrong, "%s: %v", sentence, got)
		for i, p := range Patterns() {
			if p.Find.MatchString(sentence) {
				found[i] = sentence
			}
		}
	}
	require.Len(t, found, len(Patterns()), "each pattern has a sentence")
	lines := Text{"P.md", "One line,\nanother.\n\n* an item of\n  anybody\n"}.Plain()
	require.Len(t, lines, 1)
	require.ErrorContains(t, lines[0], `P.md:4: "anybody"`)
}

func TestHelpIsInPlainSentences(t *testing.T) {
	var texts []Text
	var walk func(*cobra.Command)
	walk = func(command *cobra.Command) {
		for _, child := range command.Commands() {
			walk(child)
		}
		path := command.CommandPath()
		if !ours(path) {
			return
		}
		texts = append(texts, Text{path, command.Short}, Text{path, command.Long})
		command.LocalFlags().VisitAll(func(flag *pflag.Flag) {
			texts = append(texts, Text{path + " --" + flag.Name, flag.Usage})
		})
	}
	for _, root := range programs(t) {
		walk(root)
	}
	require.GreaterOrEqual(t, len(texts), 300)
	requirePlain(t, texts)
}
