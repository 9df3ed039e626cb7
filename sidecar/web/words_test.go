package web

import (
	"io/fs"
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/thetaedge/theta/sidecar/config"
	"github.com/thetaedge/theta/sidecar/store"
)

// places returns the names in braces of a text, in order of the alphabet.
func places(text string) []string {
	found := regexp.MustCompile(`\{[a-z]+\}`).FindAllString(text, -1)
	slices.Sort(found)
	return slices.Compact(found)
}

func TestAllLanguagesHaveTheSameTextsAndPlaces(t *testing.T) {
	languages := config.Languages()
	first, err := readWords(languages[0])
	require.NoError(t, err)
	require.Greater(t, len(first), 200)
	for _, lang := range languages[1:] {
		other, err := readWords(lang)
		require.NoError(t, err)
		require.Equal(t, slices.Sorted(maps.Keys(first)), slices.Sorted(maps.Keys(other)), lang)
		for key, text := range first {
			require.Equal(t, places(text), places(other[key]), "%s: %s", lang, key)
			require.NotEmpty(t, other[key], key)
		}
	}
}

func TestEveryTextThatATemplateNamesIsThereAndNoOther(t *testing.T) {
	words, err := readWords(config.Languages()[0])
	require.NoError(t, err)
	names, err := fs.Glob(templateFiles, "templates/*.html")
	require.NoError(t, err)
	used := map[string]bool{}
	var prefixes []string
	for _, name := range names {
		content, err := templateFiles.ReadFile(name)
		require.NoError(t, err)
		for _, found := range regexp.MustCompile(`\bt "([^"]+)"`).FindAllStringSubmatch(string(content), -1) {
			require.True(t, words.has(found[1]), "%s: %s", name, found[1])
			used[found[1]] = true
		}
		for _, found := range regexp.MustCompile(`print "([a-z_]+\.)"`).FindAllStringSubmatch(string(content), -1) {
			prefixes = append(prefixes, found[1])
		}
	}
	// Handlers name these.
	prefixes = append(prefixes, "effect.", "door.", "fault.", "receipt.none", "settings.empty", "setup.any_reward")
	for key := range words {
		composed := slices.ContainsFunc(prefixes, func(prefix string) bool { return strings.HasPrefix(key, prefix) })
		require.True(t, used[key] || composed, "no page uses the text %s", key)
	}
}

func TestComposedKeysHaveTexts(t *testing.T) {
	words, err := readWords(config.Languages()[0])
	require.NoError(t, err)
	var keys []string
	for _, phase := range store.Phases() {
		keys = append(keys, "phase."+phase.String())
	}
	for _, outcome := range []string{"paid", "unpaid", "slashed", "released", "missed", "no_reveal", "yielded"} {
		keys = append(keys, "outcome."+outcome, "ending."+outcome, "meaning."+outcome)
	}
	for _, ending := range []string{"ended", "undrawn", "failed", "open"} {
		keys = append(keys, "ending."+ending, "meaning."+ending)
	}
	for _, state := range []string{"working", "idle", "paused", "suspended", "draining", "starting", "waiting", "inactive", "outdated", "sick", "hindered"} {
		keys = append(keys, "state."+state, "hint."+state)
	}
	for _, g := range groups() {
		keys = append(keys, "group."+g.Key)
		for _, f := range g.Fields {
			keys = append(keys, "label."+f.Key, "help."+f.Key)
		}
	}
	names, err := fs.Glob(templateFiles, "templates/[a-z]*.html")
	require.NoError(t, err)
	for _, name := range names {
		if name != "templates/"+layout {
			keys = append(keys, "title."+strings.TrimSuffix(strings.TrimPrefix(name, "templates/"), ".html"))
		}
	}
	for _, key := range append(keys, "effect.other", "receipt.none", "fault.nothing") {
		require.True(t, words.has(key), key)
	}
}

func TestTheLanguageIsThatOfTheSettingOrOfTheBrowser(t *testing.T) {
	for _, c := range []struct{ setting, accepted, want string }{
		{"auto", "de-AT,de;q=0.9,en;q=0.8", "de"},
		{"auto", "en-GB,en;q=0.9,de;q=0.8", "en"},
		{"auto", "fr-FR", "en"},
		{"auto", "", "en"},
		{"auto", "\x00;;q=x", "en"},
		{"de", "en", "de"},
		{"en", "de", "en"},
		{"auto", "fr,de;q=0.5", "de"},
	} {
		require.Equal(t, c.want, languageOf(c.setting, c.accepted), c)
	}
}

func TestEverySettingOfTheFormIsASetting(t *testing.T) {
	keys, err := config.Keys()
	require.NoError(t, err)
	for _, g := range groups() {
		for _, f := range g.Fields {
			require.Contains(t, keys, f.Key)
		}
	}
}
