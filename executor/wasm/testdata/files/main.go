// Command files counts the words of every file below /in and writes the counts
// below /out: the program that two engines have to agree on.
package main

import (
	"fmt"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"sort"
	"strings"
)

func main() {
	counts := map[string]int{}
	err := filepath.WalkDir("/in", func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		for _, word := range strings.Fields(string(text)) {
			counts[word]++
		}
		fmt.Println("read", path, len(text))
		return nil
	})
	if err != nil {
		fail(err)
	}
	words := make([]string, 0, len(counts))
	for word := range counts {
		words = append(words, word)
	}
	sort.Strings(words)
	var out strings.Builder
	sum := 0.0
	for _, word := range words {
		sum += math.Sqrt(float64(counts[word])) * math.Sin(sum)
		fmt.Fprintf(&out, "%s %d %x\n", word, counts[word], math.Float64bits(sum))
	}
	if err := os.MkdirAll("/out/deep/er", 0o755); err != nil {
		fail(err)
	}
	if err := os.WriteFile("/out/deep/er/draft", []byte(out.String()), 0o644); err != nil {
		fail(err)
	}
	if err := os.Rename("/out/deep/er/draft", "/out/deep/counts.txt"); err != nil {
		fail(err)
	}
	fmt.Println("args", strings.Join(os.Args[1:], ","))
}

func fail(err error) {
	fmt.Fprintln(os.Stderr, err)
	os.Exit(1)
}
