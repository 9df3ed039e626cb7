package config

import (
	"fmt"
	"regexp"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/unicode"
	"golang.org/x/text/transform"

	"github.com/thetaedge/theta/internal/osfault"
)

// readText returns the text of a settings file. Editors of Windows may begin a file with a byte order
// mark, and PowerShell may write UTF-16: both are read as what they mean, and a file that thetaedge
// changes is UTF-8 afterwards.
func readText(path string) ([]byte, error) {
	raw, err := osfault.Read(path)
	if err != nil {
		return nil, fmt.Errorf("cannot read the settings: %w", osfault.Explain(path, err))
	}
	text, _, err := transform.Bytes(unicode.BOMOverride(encoding.Nop.NewDecoder()), raw)
	if err != nil {
		return nil, fmt.Errorf("%s: expected UTF-8 or UTF-16, found neither: %w; save it as UTF-8", path, err)
	}
	return text, nil
}

// windowsPath matches a path of Windows in double quotes, in which TOML reads a backslash as the
// beginning of another character.
var windowsPath = regexp.MustCompile(`"(?:[A-Za-z]:|\\)\\[^"\n]*"`)

// hintOf says why TOML may not be able to read a text, or returns "".
func hintOf(text []byte) string {
	if found := windowsPath.Find(text); found != nil {
		return fmt.Sprintf("; if %s is a path of Windows, write it in single quotes: '%s'", found, found[1:len(found)-1])
	}
	return ""
}
