package request

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
)

// checkKeys refuses objects that have a key twice, of which one would be ignored, and keys that differ
// from a known one in the case of letters. The text is JSON.
func checkKeys(text []byte) error {
	decoder := json.NewDecoder(bytes.NewReader(text))
	// open has the keys of each open object, and nil for each open list.
	var open []map[string]bool
	isKey := false
	for {
		token, err := decoder.Token()
		if err != nil {
			return nil // the end, or an error that reading the request reports
		}
		switch delimiter, _ := token.(json.Delim); delimiter {
		case '{':
			open, isKey = append(open, map[string]bool{}), true
			continue
		case '[':
			open, isKey = append(open, nil), false
			continue
		case '}', ']':
			open = open[:len(open)-1]
		default:
			if !isKey {
				break
			}
			key, _ := token.(string)
			keys := open[len(open)-1]
			if keys[key] {
				return fmt.Errorf("expected each key once, found %.40q twice", key)
			}
			if strings.Trim(key, "abcdefghijklmnopqrstuvwxyz_") != "" {
				return fmt.Errorf("expected keys of small letters, found %.40q", key)
			}
			keys[key], isKey = true, false
			continue
		}
		// A value has ended.
		isKey = len(open) > 0 && open[len(open)-1] != nil
	}
}
