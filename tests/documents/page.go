package documents

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
)

// Page is a document of the repository.
type Page struct {
	// Path is relative to the top of the repository, with slashes.
	Path string
	// Prose is the page's text without blocks of code. Code contains the blocks, and the code
	// between backticks.
	Prose string
	Code  []Code
}

// Code is a piece of a page that is set as code.
type Code struct {
	// Line on which it begins, counted from 1.
	Line int
	Text string
	// Block reports whether it is a block, whose commands a reader copies, or a mention in a
	// sentence.
	Block bool
}

// At returns a readable name of a place on a page.
func (p Page) At(line int) string { return fmt.Sprintf("%s:%d", p.Path, line) }

// ReadPages reads all pages below root, except for those that were built or fetched.
func ReadPages(root string) ([]Page, error) {
	var pages []Page
	err := filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if entry.IsDir() && path != root && (entry.Name() == "build" || strings.HasPrefix(entry.Name(), ".")) {
			return filepath.SkipDir
		}
		if entry.IsDir() || filepath.Ext(path) != ".md" {
			return nil
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		name, err := filepath.Rel(root, path)
		if err != nil {
			return err
		}
		pages = append(pages, ParsePage(filepath.ToSlash(name), string(text)))
		return nil
	})
	return pages, err
}

// ParsePage separates a page into its prose and its code.
func ParsePage(path, text string) Page {
	page := Page{Path: path}
	var prose strings.Builder
	block, fenced := Code{Block: true}, false
	for i, line := range strings.Split(text, "\n") {
		switch {
		case strings.HasPrefix(strings.TrimSpace(line), "```"):
			if fenced {
				page.Code = append(page.Code, block)
			}
			fenced, block = !fenced, Code{Block: true, Line: i + 2}
			prose.WriteString("\n")
		case fenced:
			block.Text += line + "\n"
			prose.WriteString("\n")
		default:
			prose.WriteString(line + "\n")
		}
	}
	page.Prose = prose.String()
	for _, at := range regexp.MustCompile("`[^`]+`").FindAllStringIndex(page.Prose, -1) {
		page.Code = append(page.Code, Code{
			Line: 1 + strings.Count(page.Prose[:at[0]], "\n"),
			Text: strings.Join(strings.Fields(page.Prose[at[0]+1:at[1]-1]), " "),
		})
	}
	return page
}
