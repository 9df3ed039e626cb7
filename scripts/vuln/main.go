// Command vuln judges the findings of govulncheck. It reads govulncheck's JSON from standard
// input and the verdicts from tests/dependencies/advisories.yaml, prints one line for each
// advisory of each module, and exits with 1 if one of them does not have a verdict.
//
// Advisories of the standard library depend on the installed version of Go, which a change of
// this repository cannot affect: they are listed and never make the command fail.
package main

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"

	"go.yaml.in/yaml/v3"
)

// standardLibrary is the name of Go's own module in the output of govulncheck.
const standardLibrary = "stdlib"

// advisory is one advisory in one module.
type advisory struct {
	ID, Module string
}

// finding describes an advisory that applies.
type finding struct {
	found, fixed string
	// called reports whether a call to the vulnerable code was found. If only the modules are
	// checked, no call is found.
	called bool
}

// message is one of the messages that govulncheck writes.
type message struct {
	OSV *struct {
		ID      string `json:"id"`
		Summary string `json:"summary"`
	} `json:"osv"`
	Finding *struct {
		OSV          string `json:"osv"`
		FixedVersion string `json:"fixed_version"`
		Trace        []struct {
			Module   string `json:"module"`
			Version  string `json:"version"`
			Function string `json:"function"`
		} `json:"trace"`
	} `json:"finding"`
}

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: govulncheck -format json ./... | go run ./scripts/vuln tests/dependencies/advisories.yaml")
		os.Exit(2)
	}
	open, err := judge(os.Stdin, os.Stdout, os.Args[1])
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(2)
	}
	if open > 0 {
		fmt.Fprintf(os.Stderr, "%d advisories without a verdict: move to the version that mends them, or write into %s why they do not matter here\n", open, os.Args[1])
		os.Exit(1)
	}
}

// judge prints the findings and returns how many of them do not have a verdict.
func judge(in io.Reader, out io.Writer, list string) (int, error) {
	verdicts, err := readVerdicts(list)
	if err != nil {
		return 0, err
	}
	findings, summaries, err := readFindings(in)
	if err != nil {
		return 0, err
	}
	open := 0
	inOrder := slices.SortedFunc(maps.Keys(findings), func(a, b advisory) int {
		return cmp.Or(cmp.Compare(a.Module, b.Module), cmp.Compare(a.ID, b.ID))
	})
	for _, a := range inOrder {
		f := findings[a]
		verdict, has := verdicts[a]
		switch {
		case a.Module == standardLibrary:
			verdict = "Go's own: build releases with the version that mends it"
		case !has:
			verdict = "NO VERDICT"
			open++
		}
		called := ""
		if f.called {
			called = ", called"
		}
		fmt.Fprintf(out, "%s %s@%s%s, mended in %s: %s\n  %s\n", a.ID, a.Module, f.found, called, cmp.Or(f.fixed, "no version"), summaries[a.ID], verdict)
	}
	fmt.Fprintf(out, "%d advisories, %d without a verdict\n", len(findings), open)
	return open, nil
}

// readVerdicts returns the verdicts in advisories.yaml.
func readVerdicts(path string) (map[advisory]string, error) {
	content, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	var list []struct {
		Module     string `yaml:"module"`
		Advisories []struct {
			ID      string `yaml:"id"`
			Verdict string `yaml:"verdict"`
		} `yaml:"advisories"`
	}
	if err := yaml.Unmarshal(content, &list); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	verdicts := make(map[advisory]string)
	for _, d := range list {
		for _, a := range d.Advisories {
			verdicts[advisory{a.ID, d.Module}] = a.Verdict
		}
	}
	return verdicts, nil
}

// readFindings returns the advisories that apply, and the summaries of all advisories.
func readFindings(in io.Reader) (map[advisory]finding, map[string]string, error) {
	findings, summaries := make(map[advisory]finding), make(map[string]string)
	messages, some := json.NewDecoder(in), false
	for {
		var m message
		switch err := messages.Decode(&m); {
		case errors.Is(err, io.EOF) && some:
			return findings, summaries, nil
		case errors.Is(err, io.EOF):
			return nil, nil, errors.New("expected the JSON of govulncheck, found nothing: it has ended before it began")
		case err != nil:
			return nil, nil, fmt.Errorf("expected the JSON of govulncheck: %w", err)
		}
		some = true
		if m.OSV != nil {
			summaries[m.OSV.ID] = m.OSV.Summary
		}
		if m.Finding != nil && len(m.Finding.Trace) > 0 {
			at := m.Finding.Trace[0]
			a := advisory{m.Finding.OSV, at.Module}
			f := findings[a]
			findings[a] = finding{at.Version, m.Finding.FixedVersion, f.called || at.Function != ""}
		}
	}
}
