package documents

import (
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/spf13/cobra"
	"github.com/stretchr/testify/require"

	thetad "github.com/thetaedge/theta/cmd/thetad/cmd"
	thetaedge "github.com/thetaedge/theta/cmd/thetaedge/cmd"
)

// top returns the path of the repository's top folder.
func top() string { return filepath.Join("..", "..") }

// everyPage runs a check on all pages.
func everyPage(t *testing.T, check func(Page) []error) {
	t.Helper()
	pages, err := ReadPages(top())
	require.NoError(t, err)
	require.GreaterOrEqual(t, len(pages), 20, "pages")
	for _, page := range pages {
		for _, err := range check(page) {
			t.Error(err)
		}
	}
}

func TestEveryLinkLeadsSomewhere(t *testing.T) {
	everyPage(t, func(p Page) []error { return p.Links(top()) })
}

// programs returns the commands of the binaries, as they run.
func programs(t *testing.T) map[string]*cobra.Command {
	t.Helper()
	edge, err := thetaedge.Root()
	require.NoError(t, err)
	chain := thetad.NewRootCmd()
	// The server's wrapper adds these to every command.
	for _, name := range []string{"home", "log_level", "log_format"} {
		chain.PersistentFlags().String(name, "", "")
	}
	return map[string]*cobra.Command{"thetad": chain, "thetaedge": edge}
}

func TestEveryCommandOnAPageRuns(t *testing.T) {
	roots := programs(t)
	seen := 0
	everyPage(t, func(p Page) []error {
		var wrong []error
		for _, command := range p.Commands("thetad", "thetaedge") {
			seen++
			if err := Check(roots[command.Words[0]], command); err != nil {
				wrong = append(wrong, err)
			}
		}
		return wrong
	})
	require.GreaterOrEqual(t, seen, 80, "commands")
}

// ours reports whether a command was written here, not in the SDK.
func ours(path string) bool {
	return regexp.MustCompile(`^thetaedge |^thetad (compute|beacon|testnet) |^thetad (tx|query) (beacon|compute|edgenode|rewards|tally) |^thetad tx gov draft$`).MatchString(path)
}

func TestEveryCommandWithArgumentsShowsAnExampleThatRuns(t *testing.T) {
	roots := programs(t)
	seen := 0
	var walk func(*cobra.Command)
	walk = func(command *cobra.Command) {
		for _, child := range command.Commands() {
			walk(child)
		}
		path := command.CommandPath()
		if command.HasSubCommands() || !ours(path) {
			return
		}
		require.NotContains(t, command.Short, "RPC method", "%s has the words of a generator", path)
		if command.Example == "" {
			require.NoError(t, command.ValidateArgs(nil), "%s takes arguments: show an example", path)
			require.NoError(t, missing(command, nil), "%s cannot do without flags: show an example", path)
			return
		}
		seen++
		page := ParsePage(path, "```\n"+command.Example+"\n```\n")
		examples := page.Commands("thetad", "thetaedge")
		require.NotEmpty(t, examples, "%s: %q begins with no program", path, command.Example)
		for _, example := range examples {
			require.NoError(t, Check(roots[example.Words[0]], example))
			require.Equal(t, strings.Fields(path), example.Words[:len(strings.Fields(path))])
		}
	}
	for _, root := range roots {
		walk(root)
	}
	require.GreaterOrEqual(t, seen, 40, "examples")
}

func TestEveryTargetOnAPageIsInTheMakefile(t *testing.T) {
	targets, err := ReadTargets(filepath.Join(top(), "Makefile"))
	require.NoError(t, err)
	require.Contains(t, targets, "devnet")
	everyPage(t, func(p Page) []error {
		var wrong []error
		for _, command := range p.Commands("make") {
			for _, word := range command.Words[1:] {
				if !strings.Contains(word, "=") && !slices.Contains(targets, word) {
					wrong = append(wrong, &unknown{command.Where, "make " + word})
				}
			}
		}
		return wrong
	})
}

func TestEveryPathOnAPageIsThere(t *testing.T) {
	files, err := ReadFiles(top())
	require.NoError(t, err)
	everyPage(t, func(p Page) []error { return p.Files(files) })
}

func TestEveryAddressOnAPageIsServed(t *testing.T) {
	addresses, err := ReadAddresses(filepath.Join(top(), "docs", "static", "openapi.json"))
	require.NoError(t, err)
	everyPage(t, func(p Page) []error { return p.Addresses(addresses) })
}

// unknown is something that a page names and that does not exist.
type unknown struct{ where, what string }

func (u *unknown) Error() string { return u.where + ": there is no " + u.what }
