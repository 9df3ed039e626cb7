package documents

import (
	"errors"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"strings"
)

// Links returns the errors in the page's links to files of the repository.
func (p Page) Links(root string) []error {
	var wrong []error
	for _, at := range regexp.MustCompile(`\]\(([^)\s]+)\)`).FindAllStringSubmatchIndex(p.Prose, -1) {
		target := p.Prose[at[2]:at[3]]
		if strings.Contains(target, "://") || strings.HasPrefix(target, "mailto:") {
			continue
		}
		if err := p.follow(root, target); err != nil {
			wrong = append(wrong, fmt.Errorf("%s: link to %s: %w", p.At(1+strings.Count(p.Prose[:at[0]], "\n")), target, err))
		}
	}
	return wrong
}

// follow opens the target of a link.
func (p Page) follow(root, target string) error {
	file, anchor, anchored := strings.Cut(target, "#")
	to := p
	if file != "" {
		name := path.Join(path.Dir(p.Path), file)
		full := filepath.Join(root, filepath.FromSlash(name))
		info, err := os.Stat(full)
		if err != nil || !anchored || info.IsDir() {
			return err
		}
		text, err := os.ReadFile(full)
		if err != nil {
			return err
		}
		to = ParsePage(name, string(text))
	}
	for _, line := range strings.Split(to.Prose, "\n") {
		if strings.HasPrefix(line, "#") && slug(strings.TrimLeft(line, "# ")) == anchor {
			return nil
		}
	}
	return errors.New("there is no such heading")
}

// slug returns the anchor of a heading.
func slug(heading string) string {
	kept := regexp.MustCompile(`[^\pL\pN _-]`).ReplaceAllString(strings.ToLower(heading), "")
	return strings.ReplaceAll(strings.TrimSpace(kept), " ", "-")
}
