package walls

import (
	"bufio"
	"bytes"
	"fmt"
	"regexp"
)

// laxNumber matches calls that read a number in the base that it begins like, or cut
// off what does not fit: an amount of "010" becomes eight.
var laxNumber = regexp.MustCompile(
	`\b(NewIntFromString|ParseCoinNormalized|ParseCoinsNormalized)\(` +
		`|\.(SetString|ParseInt|ParseUint)\([^,()]*(\([^()]*\))?[^,()]*, *0\b`)

// LaxNumbers returns the lines of a source that read numbers so, as "line: text".
func LaxNumbers(source []byte) []string {
	var found []string
	lines := bufio.NewScanner(bytes.NewReader(source))
	for n := 1; lines.Scan(); n++ {
		if laxNumber.Match(lines.Bytes()) {
			found = append(found, fmt.Sprintf("%d: %s", n, bytes.TrimSpace(lines.Bytes())))
		}
	}
	return found
}
