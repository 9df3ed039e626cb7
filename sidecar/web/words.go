package web

import (
	"embed"
	"fmt"
	"slices"
	"strings"

	"github.com/pelletier/go-toml/v2"
	"golang.org/x/text/language"

	"github.com/thetaedge/theta/sidecar/config"
)

//go:embed strings/*.toml
var stringFiles embed.FS

// words contains the texts of the pages in one language, by key.
type words map[string]string

// readWords reads the texts of a language.
func readWords(lang string) (words, error) {
	raw, err := stringFiles.ReadFile("strings/" + lang + ".toml")
	if err != nil {
		return nil, fmt.Errorf("texts of language %s: %w", lang, err)
	}
	var sections map[string]any
	if err := toml.Unmarshal(raw, &sections); err != nil {
		return nil, fmt.Errorf("texts of language %s: %w", lang, err)
	}
	all := words{}
	return all, all.add("", sections)
}

// add adds the texts of a section whose keys begin with prefix.
func (w words) add(prefix string, section map[string]any) error {
	for name, value := range section {
		switch value := value.(type) {
		case string:
			w[prefix+name] = value
		case map[string]any:
			if err := w.add(prefix+name+".", value); err != nil {
				return err
			}
		default:
			return fmt.Errorf("text %s%s: expected a text, found %v", prefix, name, value)
		}
	}
	return nil
}

// has reports whether there is a text for a key.
func (w words) has(key string) bool {
	_, has := w[key]
	return has
}

// text returns a text in which each name in braces is replaced by its value. values contains names and
// values in turn. A key without a text is returned itself; tests find those.
func (w words) text(key string, values ...any) string {
	text, has := w[key]
	if !has {
		return key
	}
	pairs := make([]string, 0, len(values))
	for i := 0; i+1 < len(values); i += 2 {
		pairs = append(pairs, fmt.Sprintf("{%v}", values[i]), fmt.Sprint(values[i+1]))
	}
	return strings.NewReplacer(pairs...).Replace(text)
}

// languageOf returns the language for a browser, out of the header Accept-Language.
func languageOf(setting, accepted string) string {
	known := config.Languages()
	if slices.Contains(known, setting) {
		return setting
	}
	tags := make([]language.Tag, len(known))
	for i, lang := range known {
		tags[i] = language.Make(lang)
	}
	wanted, _, err := language.ParseAcceptLanguage(accepted)
	if err != nil || len(wanted) == 0 {
		return known[0]
	}
	_, index, confidence := language.NewMatcher(tags).Match(wanted...)
	if confidence == language.No {
		return known[0]
	}
	return known[index]
}
