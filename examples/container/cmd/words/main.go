// Command words counts the words of /in/text.txt and writes the most frequent ones to /out/words.json.
package main

import (
	"encoding/json"
	"fmt"
	"os"
	"sort"
	"strconv"
	"strings"
)

type count struct {
	Word  string `json:"word"`
	Count int    `json:"count"`
}

func main() {
	most := 10
	if len(os.Args) > 1 {
		asked, err := strconv.Atoi(os.Args[1])
		if err != nil || asked < 1 {
			fmt.Fprintf(os.Stderr, "expected a number of words above 0, found %q\n", os.Args[1])
			os.Exit(2)
		}
		most = asked
	}
	if err := run(most); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(most int) error {
	text, err := os.ReadFile("/in/text.txt")
	if err != nil {
		return err
	}
	counts := map[string]int{}
	for _, word := range strings.Fields(strings.ToLower(string(text))) {
		counts[strings.Trim(word, ".,;:!?()\"'")]++
	}
	delete(counts, "")
	list := make([]count, 0, len(counts))
	for word, n := range counts {
		list = append(list, count{word, n})
	}
	sort.Slice(list, func(i, j int) bool {
		if list[i].Count != list[j].Count {
			return list[i].Count > list[j].Count
		}
		return list[i].Word < list[j].Word
	})
	encoded, err := json.MarshalIndent(list[:min(most, len(list))], "", "  ")
	if err != nil {
		return err
	}
	fmt.Println(len(counts), "different words")
	return os.WriteFile("/out/words.json", append(encoded, '\n'), 0o644)
}
