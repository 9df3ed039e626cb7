package client

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/thetaedge/theta/executor/filename"
	"github.com/thetaedge/theta/executor/manifest"
)

func filesNamed(names ...string) []manifest.File {
	files := make([]manifest.File, len(names))
	for i, name := range names {
		files[i].Path = name
	}
	return files
}

func TestOutputsKeepTheirNamesWhereEverySystemCanHoldThem(t *testing.T) {
	names := []string{"text.txt", "stdout", "a/b/c.bin", "ünï cödé 文件.txt", ".hidden", "a-b_c+d=e,f;g@h!.tar.gz", "100%", "deep/.theta-x", "console", "com", "com10", "lpt"}
	for name, saved := range SavedNames(filesNamed(names...)) {
		require.Equal(t, name, saved)
	}
}

func TestOddOutputsAreSavedUnderSafeNames(t *testing.T) {
	for name, want := range map[string]string{
		".theta-manifest":        "%2Etheta-manifest",
		".theta-job.json":        "%2Etheta-job.json",
		".THETA-Names.json":      "%2ETHETA-Names.json",
		".theta-d/x":             "%2Etheta-d/x",
		"12:30.log":              "12%3A30.log",
		`what?*<>|".txt`:         "what%3F%2A%3C%3E%7C%22.txt",
		"ends.":                  "ends%2E",
		"ends\x20":               "ends%20",
		"NUL":                    "%4EUL",
		"con.txt":                "%63on.txt",
		"a/aux/b":                "a/%61ux/b",
		"COM1":                   "%43OM1",
		"lpt².dat":               "%6Cpt².dat",
		strings.Repeat("x", 300): strings.Repeat("x", 200) + "~",
		strings.Repeat("文", 100): strings.Repeat("文", 66) + "~",
	} {
		saved := SavedNames(filesNamed(name))[name]
		require.True(t, saved == want || strings.HasSuffix(want, "~") && strings.HasPrefix(saved, want), "%q is saved as %q", name, saved)
	}
	twins := SavedNames(filesNamed("Text.txt", "text.txt", "TEXT.TXT", "a", "A/b", "\u00e9", "e\u0301", "x:y", "x%3Ay"))
	require.Equal(t, map[string]string{
		"TEXT.TXT": "TEXT.TXT", "Text.txt": "Text~2.txt", "text.txt": "text~3.txt", "A/b": "A/b", "a": "a~2",
		"e\u0301": "e\u0301", "\u00e9": "\u00e9~2", "x%3Ay": "x%3Ay", "x:y": "x%3Ay~2",
	}, twins)
}

// Whatever names a program writes: each output has a place of its own on every file
// system, none leaves the folder, and none is that of a file of ours.
func TestEveryOutputHasAPlaceOfItsOwn(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		element := rapid.OneOf(
			rapid.StringMatching(`[aA.:~ %][bB.~2]{0,3}( |\.)?`),
			rapid.StringMatching(`(?i:\.theta-|con|nul|com[1-9])(\.[a-z]{1,3})?`),
			rapid.StringN(1, 300, -1),
		)
		names := rapid.SliceOfNDistinct(rapid.Custom(func(t *rapid.T) string {
			return strings.Join(rapid.SliceOfN(element, 1, 3).Draw(t, "elements"), "/")
		}), 1, 20, rapid.ID[string]).Draw(t, "names")
		var files []manifest.File
		for _, name := range names {
			if manifest.ValidatePath(name) == nil {
				files = append(files, manifest.File{Path: name})
			}
		}
		saved := SavedNames(files)
		require.Len(t, saved, len(files))
		places := map[string]string{}
		for name, place := range saved {
			other, taken := places[filename.Key(place)]
			require.False(t, taken, "%q and %q are both saved as %q", name, other, place)
			places[filename.Key(place)] = name
			require.True(t, filepath.IsLocal(filepath.FromSlash(place)), place)
			require.False(t, strings.HasPrefix(filename.Key(place), reservedPrefix), place)
			for _, part := range strings.Split(place, "/") {
				require.LessOrEqual(t, len(part), maxNameBytes)
				require.True(t, utf8.ValidString(part))
				require.False(t, filename.Device(part), part)
				require.False(t, strings.ContainsAny(part, `<>:"|?*\`), part)
				require.False(t, strings.HasSuffix(part, ".") || strings.HasSuffix(part, " "), part)
			}
		}
		for place := range places {
			for at, c := range place {
				if c == '/' {
					require.NotContains(t, places, place[:at], "a file and a folder")
				}
			}
		}
	})
}

// Names that a profile lets a program write are kept, except for the names of the client's
// own files and those that leave no room for a number.
func TestNamesThatEveryFileSystemHoldsAreSavedAsTheyAre(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		names := rapid.SliceOfNDistinct(rapid.StringN(1, 60, 200).Filter(func(name string) bool {
			key, err := filename.Portable(name)
			return err == nil && !strings.HasPrefix(key, reservedPrefix)
		}), 1, 20, filename.Key).Draw(t, "names")
		for name, saved := range SavedNames(filesNamed(names...)) {
			require.Equal(t, name, saved)
		}
	})
}

func TestAResultWithOddNamesIsSavedAndVerified(t *testing.T) {
	relay := startRelay(t)
	packed := packedJob(t, relay)
	require.NoError(t, packed.Upload(t.Context()))
	chain := newChain()
	c := testClient(t, chain)
	state, err := c.NewState(packed)
	require.NoError(t, err)
	state.JobID = testJob
	odd := map[string]string{
		".theta-manifest": "mine", ".theta-names.json": "too", "twin": "1", "TWIN": "2", "a:b/c?": "3", "nul": "4", strings.Repeat("n", 300): "5", "plain.txt": "6",
	}
	settlement := settledWith(t, deliver(t, packed.Spec.Sink, odd))
	chain.steps = []step{{job: settlement.Job, receipt: settlement.Receipt}}
	dir := t.TempDir()
	result, err := c.Fetch(t.Context(), state, settlement, dir)
	require.NoError(t, err)
	for _, file := range result.Manifest.Files {
		content, err := os.ReadFile(result.Path(file))
		require.NoError(t, err)
		require.Equal(t, odd[file.Path], string(content))
	}
	require.Equal(t, filepath.Join(dir, "plain.txt"), result.Path(manifest.File{Path: "plain.txt"}))
	names, err := os.ReadFile(filepath.Join(dir, NamesFile))
	require.NoError(t, err)
	require.Contains(t, string(names), `"twin": "twin~2"`)
	require.NotContains(t, string(names), "plain.txt")
	verified, err := c.Verify(t.Context(), testJob, dir)
	require.NoError(t, err)
	require.Len(t, verified.Renamed(), 6)
}
