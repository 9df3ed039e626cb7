package documents

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/spf13/cobra"
	"github.com/stretchr/testify/require"
)

// toy returns a program with a command that requires one argument and a flag.
func toy() *cobra.Command {
	root := &cobra.Command{Use: "toy"}
	play := &cobra.Command{Use: "play GAME", Args: cobra.ExactArgs(1), Run: func(*cobra.Command, []string) {}}
	play.Flags().String("with", "", "")
	play.Flags().BoolP("loud", "l", false, "")
	if err := play.MarkFlagRequired("with"); err != nil {
		panic(err)
	}
	root.AddCommand(play)
	return root
}

// TestEveryCommandCheckCanFail gives the checker small pages that are each wrong in one way.
func TestEveryCommandCheckCanFail(t *testing.T) {
	for line, want := range map[string]string{
		"toy play chess --with me":                     "",
		"build/toy play chess --with=me -l":            "",
		"A=1 toy play chess \\\n  --with me # but why": "",
		"curl $(toy play chess --with me)":             "",
		"export F=\"--with me\"; toy play chess $F":    "",
		"toy play …":                        "",
		"toy play --help":                   "",
		"toy GAME":                          "",
		"other toy sleep":                   "",
		"toy sleep":                         `P.md:2: toy has no command "sleep"`,
		"echo; toy sleep > file":            `P.md:2: toy has no command "sleep"`,
		"\ntoy play chess --how me":         "P.md:3: toy play: there is no flag --how",
		"toy play chess -q --with me":       "P.md:2: toy play: there is no flag -q",
		"toy play --with chess":             "P.md:2: toy play: accepts 1 arg(s), received 0",
		"toy play chess 'and go' --with me": "P.md:2: toy play: accepts 1 arg(s), received 2",
		"toy play chess":                    "P.md:2: toy play: required flags are missing: --with",
	} {
		t.Run(line, func(t *testing.T) {
			page := ParsePage("P.md", "```sh\n"+line+"\n```\n")
			var got string
			for _, command := range page.Commands("toy") {
				if err := Check(toy(), command); err != nil {
					got = err.Error()
				}
			}
			require.Equal(t, want, got)
		})
	}
}

func TestAMentionNeedsNoArguments(t *testing.T) {
	page := ParsePage("P.md", "Run `toy play`,\nor\n`toy play\n--how`.\n")
	commands := page.Commands("toy")
	require.Len(t, commands, 2)
	require.NoError(t, Check(toy(), commands[0]))
	require.EqualError(t, Check(toy(), commands[1]), "P.md:3: toy play: there is no flag --how")
}

func TestALinkToNothingIsFound(t *testing.T) {
	root := t.TempDir()
	require.NoError(t, os.Mkdir(filepath.Join(root, "docs"), 0o750))
	require.NoError(t, os.WriteFile(filepath.Join(root, "docs", "there.md"), []byte("# A `heading`, too\n"), 0o600))
	page := func(link string) []error { return ParsePage("README.md", "\nSee [it]("+link+").").Links(root) }
	require.Empty(t, page("docs/there.md"))
	require.Empty(t, page("docs/there.md#a-heading-too"))
	require.Empty(t, page("docs"))
	require.Empty(t, page("https://example.org/x"))
	require.ErrorContains(t, page("docs/gone.md")[0], "README.md:2: link to docs/gone.md")
	require.ErrorContains(t, page("docs/there.md#gone")[0], "no such heading")
	require.Empty(t, ParsePage("docs/x.md", "[up](../docs/there.md)").Links(root))
}

func TestAPathToNothingIsFound(t *testing.T) {
	known := []string{"x/compute/keeper", "x/compute/keeper/post.go"}
	for span, fine := range map[string]bool{
		"x/compute/keeper/post.go": true, "keeper/post.go": true, "x/compute/keeper": true, "post.go": true,
		"build/gone.json": true, "keeper/gone.go": false, "x/compute/gone": false, "eeper/post.go": false,
	} {
		require.Equal(t, fine, ParsePage("P.md", "`"+span+"`").Files(known) == nil, span)
	}
}

func TestAnAddressOfNothingIsFound(t *testing.T) {
	known := []string{"/theta/a/v1/jobs/{job_id}/tasks", "/theta/a/v1/params"}
	for text, wrong := range map[string]int{
		"curl $REST/theta/a/v1/jobs/JOB/tasks":      0,
		"/theta/a/v1/jobs/{job}/tasks?x=":           0,
		"/theta/{module}/v1/params":                 0,
		"/theta/a/v1/{params,jobs/{job}/tasks}":     0,
		"/theta/a/v1/{params,jobs/{job}/gone,gone}": 2,
		"/theta/a/v1/jobs/JOB":                      1,
		"proto/theta/a/v1/job.proto":                0,
	} {
		require.Len(t, ParsePage("P.md", "`"+text+"`").Addresses(known), wrong, text)
	}
}
