package documents

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// Files returns an error for each path that the page names and that is not in the repository.
// A path may omit its first folders, as in keeper/post.go.
func (p Page) Files(known []string) []error {
	file := regexp.MustCompile(`^[\w-]+(/[\w.-]+)*/[\w.-]+\.(go|proto|md|sh|yaml|json|bin)$`)
	house := regexp.MustCompile(`^(app|blob|client|cmd|docs|examples|executor|proto|relay|scripts|sidecar|tests|testutil|x/(beacon|compute|edgenode|internal|rewards))(/[\w-]+)+/?$`)
	var wrong []error
	for _, code := range p.Code {
		if code.Block || strings.HasPrefix(code.Text, "build/") || !file.MatchString(code.Text) && !house.MatchString(code.Text) {
			continue
		}
		name := strings.TrimSuffix(code.Text, "/")
		if !slices.ContainsFunc(known, func(path string) bool { return path == name || strings.HasSuffix(path, "/"+name) }) {
			wrong = append(wrong, fmt.Errorf("%s: there is no %s", p.At(code.Line), code.Text))
		}
	}
	return wrong
}

// Addresses returns an error for each REST address on the page that no query answers.
func (p Page) Addresses(known []string) []error {
	address := regexp.MustCompile(`(?:^|[^\w])(/theta/[\w{}]+/v1[\w/{},$-]*)`)
	var wrong []error
	look := func(line int, text string) {
		for _, found := range address.FindAllStringSubmatch(text, -1) {
			for _, one := range braces(strings.TrimRight(found[1], "/,")) {
				if !slices.ContainsFunc(known, func(template string) bool { return answers(template, one) }) {
					wrong = append(wrong, fmt.Errorf("%s: no query is at %s", p.At(line), one))
				}
			}
		}
	}
	for _, code := range p.Code {
		for _, line := range code.lines() {
			look(line.Line, line.Text)
		}
	}
	return wrong
}

// braces expands {a,b}.
func braces(text string) []string {
	open := strings.IndexByte(text, '{')
	comma := strings.IndexByte(text, ',')
	if open < 0 || comma < open {
		return []string{text}
	}
	depth, from := 0, open+1
	var out []string
	for i := open; i < len(text); i++ {
		switch {
		case text[i] == '{':
			depth++
		case text[i] == '}':
			depth--
		}
		if depth == 0 || depth == 1 && text[i] == ',' {
			out = append(out, text[:open]+text[from:i])
			from = i + 1
		}
		if depth == 0 {
			for j := range out {
				out[j] += text[i+1:]
			}
			break
		}
	}
	return out
}

// answers reports whether an address matches a template. Placeholders match any value, on
// both sides.
func answers(template, address string) bool {
	a, b := strings.Split(template, "/"), strings.Split(address, "/")
	return slices.EqualFunc(a, b, func(x, y string) bool {
		return x == y || strings.HasPrefix(x, "{") || strings.HasPrefix(y, "{")
	})
}

// ReadAddresses returns the templates of an OpenAPI description.
func ReadAddresses(path string) ([]string, error) {
	raw, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	var api struct {
		Paths map[string]json.RawMessage `json:"paths"`
	}
	if err := json.Unmarshal(raw, &api); err != nil {
		return nil, err
	}
	var templates []string
	for template := range api.Paths {
		templates = append(templates, template)
	}
	return templates, nil
}

// ReadFiles returns the paths of all files and folders below root, except for those that were
// built.
func ReadFiles(root string) ([]string, error) {
	var paths []string
	err := filepath.WalkDir(root, func(path string, entry os.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if entry.IsDir() && (entry.Name() == "build" || entry.Name() == ".git") {
			return filepath.SkipDir
		}
		name, err := filepath.Rel(root, path)
		paths = append(paths, filepath.ToSlash(name))
		return err
	})
	return paths, err
}

// ReadTargets returns the targets of a makefile.
func ReadTargets(path string) ([]string, error) {
	raw, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	var targets []string
	for _, match := range regexp.MustCompile(`(?m)^([a-z-]+):`).FindAllStringSubmatch(string(raw), -1) {
		targets = append(targets, match[1])
	}
	return targets, nil
}
