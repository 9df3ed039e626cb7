package jobfile

import (
	"encoding/hex"
	"fmt"

	"go.yaml.in/yaml/v3"
)

// seedBytes is the length of a seed.
const seedBytes = 32

// Seed is the seed of a program's random numbers: 32 bytes, written as 64 hex digits, or none
// for zeros.
type Seed []byte

// UnmarshalYAML reads a seed.
func (s *Seed) UnmarshalYAML(node *yaml.Node) error {
	var text string
	if err := node.Decode(&text); err != nil || text == "" {
		return err
	}
	seed, err := hex.DecodeString(text)
	if err != nil || len(seed) != seedBytes {
		return fmt.Errorf("seed: expected %d hex digits or nothing, found %q", hex.EncodedLen(seedBytes), text)
	}
	*s = seed
	return nil
}
