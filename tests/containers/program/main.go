// Command program is the only program in the images of tests/containers. It hashes the file /in/seed again and
// again, as often as its argument says, and writes the last digest to /out/digest.
package main

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"os"
	"strconv"
)

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(args []string) error {
	if len(args) != 1 {
		return fmt.Errorf("expected the number of turns, found %d arguments", len(args))
	}
	turns, err := strconv.ParseUint(args[0], 10, 64)
	if err != nil {
		return err
	}
	seed, err := os.ReadFile("/in/seed")
	if err != nil {
		return err
	}
	digest := sha256.Sum256(seed)
	for range turns {
		digest = sha256.Sum256(digest[:])
	}
	return os.WriteFile("/out/digest", []byte(hex.EncodeToString(digest[:])+"\n"), 0o644) //nolint:gosec // an output
}
