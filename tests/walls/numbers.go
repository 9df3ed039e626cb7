package walls

import (
	"bufio"
	"bytes"
	"fmt"
	"regexp"
)

// laxNumber matches calls that read a number in the base that its prefix suggests, or that
// truncate a number that does not fit: an amount of "010" would become eight.
var laxNumber = regexp.MustCompile(
	`\b(NewIntFromString|ParseCoinNormalized|ParseCoinsNormalized)\(` +
		`|\.(SetString|ParseInt|ParseUint)\([^,()]*(\([^()]*\))?[^,()]*, *0\b`)

// LaxNumbers returns the lines of a source that contain such calls, as "line: text".
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
