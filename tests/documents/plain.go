package documents

import (
	"fmt"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
)

// Pattern is a turn of phrase that readers stumble over, with advice on what to write
// instead.
type Pattern struct {
	Find    *regexp.Regexp
	Instead string
}

// Patterns returns the turns of phrase that must not come back.
func Patterns() []Pattern {
	pattern := func(find, instead string) Pattern { return Pattern{regexp.MustCompile(find), instead} }
	return []Pattern{
		pattern(`(?i)\bwhoever\b`, `name the actor: "a node that", "a requester who"`),
		pattern(`(?i)\b(some|any|no|every)body\b`, "name the actor: node, requester, validator, account, attacker"),
		pattern(`(?:^|[.;:|(] )Who [^?|]*(?:[.|]|$)`, `name the actor: "a node that"`),
		pattern(`\bwho (?:asks|changes|wants|needs|pays|posts|lies|wins|loses|runs|has|is|can|may|cannot|does) [^?|.,;]*\b(?:pays|loses|gets|has|is|may|must|needs|reads)\b`, `name the actor: "a node that"`),
		pattern(`(?i)\b(?:he|him|his|himself)\b`, "they, them, their; or name the actor"),
		pattern(`(?i)\b(?:it|that|this|which|they|what|node|job|task|result|account|key|[a-z]+s) (?:is|are|was|were) no [a-z]`, `"is not a", "are not"`),
		pattern(`(?i)\b(?:has|have|had) not (?:the|a|an|any)\b`, `"does not have"`),
		pattern(`, for (?:it|its|they|their|there|otherwise|only|what|who|whoever|then|this|these|those|a|an|the|each|every|no|not|one|if|where|when) [^,.;:|)]*\b(?:is|are|was|were|has|have|had|does|do|did|can|cannot|could|may|might|must|would|will|should|takes?|gives?|makes?|holds?|needs?|costs?)\b`, `"because"`),
		pattern(`(?i)\b(?:but|save) for\b`, `"except for"`),
		pattern(`(?i)\bbeside\b`, `"in addition to", "next to", "concurrently with"`),
		pattern(`(?i)\b(?:fees?|reads|writes|gas|bytes|costs?|seconds?|steps?|figures?|tfuel|atfuel|coins?) an? (?:task|seat|node|job|item|byte|transaction|tx|assignment|replica|block|epoch|draw|message|run|machine|file|upload|request)\b`, `"per"`),
		pattern(`(?:^|[.;:] )What (?:is|was|has|may|can|cannot|does|a|an|the|it|they|one|nodes?|requesters?|others?) [^?|]*(?:[.|]|$)`, `begin with the subject, not with "What"`),
	}
}

// Text is a piece of prose, with the name of its file or page.
type Text struct {
	Where, Prose string
}

// Plain finds patterns in prose. It omits code between backticks and text between double
// quotes.
func (t Text) Plain() []error {
	prose := regexp.MustCompile("`[^`]*`|\"[^\"\n]*\"").ReplaceAllStringFunc(t.Prose, func(code string) string {
		return strings.Repeat("\n", strings.Count(code, "\n")) + "x"
	})
	var wrong []error
	for _, paragraph := range paragraphs(prose) {
		for _, p := range Patterns() {
			if found := p.Find.FindString(paragraph.text); found != "" {
				wrong = append(wrong, fmt.Errorf("%s:%d: %q: write %s", t.Where, paragraph.line, strings.TrimSpace(found), p.Instead))
			}
		}
	}
	return wrong
}

type paragraph struct {
	line int
	text string
}

// paragraphs joins the lines of each paragraph, list item or row. It omits headings.
func paragraphs(prose string) []paragraph {
	var all []paragraph
	open := false
	for i, line := range strings.Split(prose, "\n") {
		text := strings.TrimSpace(line)
		item := regexp.MustCompile(`^(?:[*-]|\d+\.) `).FindString(text)
		row := strings.HasPrefix(text, "|")
		switch {
		case text == "" || strings.HasPrefix(text, "#"):
			open = false
		case item != "" || row || !open:
			all = append(all, paragraph{i + 1, strings.TrimPrefix(text, item)})
			open = !row
		default:
			all[len(all)-1].text += " " + text
		}
	}
	return all
}

// ReadComments reads the comments of the Go files and schemas below folders, by file.
func ReadComments(root string, folders ...string) ([]Text, error) {
	var texts []Text
	for _, folder := range folders {
		err := filepath.WalkDir(filepath.Join(root, folder), func(path string, entry fs.DirEntry, err error) error {
			if err != nil || entry.IsDir() {
				return err
			}
			name, err := filepath.Rel(root, path)
			if err != nil {
				return err
			}
			switch {
			case strings.HasSuffix(path, ".pb.go") || strings.HasSuffix(path, ".pb.gw.go"):
				return nil
			case strings.HasSuffix(path, ".go"):
				prose, err := goComments(path)
				texts = append(texts, Text{filepath.ToSlash(name), prose})
				return err
			case strings.HasSuffix(path, ".proto"):
				prose, err := lineComments(path)
				texts = append(texts, Text{filepath.ToSlash(name), prose})
				return err
			}
			return nil
		})
		if err != nil {
			return nil, err
		}
	}
	return texts, nil
}

// goComments returns the comments of a file, each on its own line number.
func goComments(path string) (string, error) {
	files := token.NewFileSet()
	file, err := parser.ParseFile(files, path, nil, parser.ParseComments)
	if err != nil {
		return "", err
	}
	lines := make([]string, files.File(file.Pos()).LineCount()+1)
	for _, group := range file.Comments {
		for _, comment := range group.List {
			at := files.Position(comment.Pos()).Line
			for i, line := range strings.Split(comment.Text, "\n") {
				lines[at-1+i] = strings.TrimSpace(strings.Trim(line, "/*"))
			}
		}
	}
	return strings.Join(lines, "\n"), nil
}

// lineComments returns the comments of a schema, each on its own line number.
func lineComments(path string) (string, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return "", err
	}
	var lines []string
	for _, line := range strings.Split(string(text), "\n") {
		_, comment, _ := strings.Cut(line, "//")
		lines = append(lines, strings.TrimSpace(comment))
	}
	return strings.Join(lines, "\n"), nil
}
