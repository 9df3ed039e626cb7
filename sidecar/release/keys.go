package release

import (
	_ "embed"
	"errors"
	"fmt"
	"strings"

	"aead.dev/minisign"
)

// shipped contains the public keys that sign releases of this project.
//
//go:embed keys.txt
var shipped string

// Keys are public keys of minisign, each of which may sign releases.
type Keys []minisign.PublicKey

// ShippedKeys returns the keys that this program was built with. There may be none.
func ShippedKeys() (Keys, error) { return ParseKeys(shipped) }

// ParseKeys reads public keys of minisign, one per line or item. Empty lines and comments count for
// nothing.
func ParseKeys(texts ...string) (Keys, error) {
	var keys Keys
	for _, text := range texts {
		for line := range strings.Lines(text) {
			line = strings.TrimSpace(line)
			if line == "" || strings.HasPrefix(line, "#") || strings.HasPrefix(line, "untrusted comment:") {
				continue
			}
			var key minisign.PublicKey
			if err := key.UnmarshalText([]byte(line)); err != nil {
				return nil, fmt.Errorf("expected a public key of minisign such as RWQ... (56 letters and digits), found %.80q: %w", line, err)
			}
			keys = append(keys, key)
		}
	}
	return keys, nil
}

// ErrNoKey means that there is no key with which a signature could be compared.
var ErrNoKey = errors.New("expected the public key of those who sign the releases, found none, because this program ships none yet; set update.key in config.toml")

// Verify returns an error unless one of the keys has signed a message.
func (k Keys) Verify(message, signature []byte) error {
	if len(k) == 0 {
		return ErrNoKey
	}
	for _, key := range k {
		if minisign.Verify(key, message, signature) {
			return nil
		}
	}
	return errors.New("expected a signature by a known release key, found another one: the file was changed on the way, or somebody else signed it; nothing of it was used")
}
