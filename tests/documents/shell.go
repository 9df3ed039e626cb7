package documents

import (
	"regexp"
	"slices"
	"strings"
)

// Command is a command that a page tells its reader to run.
type Command struct {
	// Where is its place on a page.
	Where string
	// Words of the command, without redirections. The first is the program's name.
	Words []string
	// Whole is false if a page only mentions a command, or omits arguments.
	Whole bool
}

// Commands returns the commands on the page that run one of the programs.
func (p Page) Commands(programs ...string) []Command {
	var found []Command
	variables := make(map[string][]string)
	for _, code := range p.Code {
		for _, line := range code.lines() {
			for _, words := range parseShell(line.Text) {
				words = expand(assign(words, variables), variables)
				if len(words) == 0 {
					continue
				}
				words[0] = strings.TrimPrefix(words[0], "build/")
				if !slices.Contains(programs, words[0]) {
					continue
				}
				whole := code.Block && !slices.Contains(words, "...") && !slices.Contains(words, "…")
				found = append(found, Command{Where: p.At(line.Line), Words: words, Whole: whole})
			}
		}
	}
	return found
}

// lines returns the lines of the code, joined where a backslash ends them.
func (c Code) lines() []Code {
	var lines []Code
	open := false
	for i, text := range strings.Split(c.Text, "\n") {
		kept, goesOn := strings.CutSuffix(text, "\\")
		if open {
			lines[len(lines)-1].Text += " " + kept
		} else {
			lines = append(lines, Code{Line: c.Line + i, Text: kept, Block: c.Block})
		}
		open = goesOn
	}
	return lines
}

// parseShell splits a line of shell into commands, those in $( ) first.
func parseShell(line string) [][]string {
	var commands [][]string
	inner := regexp.MustCompile(`\$\(([^()]*)\)`)
	for _, match := range inner.FindAllStringSubmatch(line, -1) {
		commands = append(commands, parseShell(match[1])...)
	}
	line = inner.ReplaceAllString(line, "ANSWER")

	var words []string
	var word strings.Builder
	begun, quote, escaped := false, rune(0), false
	end := func() {
		if begun {
			words = append(words, word.String())
		}
		begun = false
		word.Reset()
	}
	for _, r := range line {
		switch {
		case escaped:
			escaped = false
			word.WriteRune(r)
		case r == '\\' && quote != '\'':
			begun, escaped = true, true
		case quote != 0 && r == quote:
			quote = 0
		case quote != 0:
			word.WriteRune(r)
		case r == '\'' || r == '"':
			begun, quote = true, r
		case r == ' ' || r == '\t':
			end()
		case strings.ContainsRune("|;&<>", r):
			end()
			commands, words = append(commands, words), nil
		case r == '#' && !begun:
			end()
			return append(commands, words)
		default:
			begun = true
			word.WriteRune(r)
		}
	}
	end()
	return append(commands, words)
}

// assign notes the variables that are set before a command, and returns the rest of it.
func assign(words []string, variables map[string][]string) []string {
	if len(words) > 0 && words[0] == "export" {
		words = words[1:]
	}
	assignment := regexp.MustCompile(`^([A-Z_]+)=(.*)$`)
	for len(words) > 0 {
		parts := assignment.FindStringSubmatch(words[0])
		if parts == nil {
			break
		}
		variables[parts[1]] = strings.Fields(parts[2])
		words = words[1:]
	}
	return words
}

// expand replaces variables by the flags that they contain.
func expand(words []string, variables map[string][]string) []string {
	var out []string
	for _, word := range words {
		word = strings.Trim(word, "[]")
		if held := variables[strings.TrimPrefix(word, "$")]; strings.HasPrefix(word, "$") && len(held) > 0 && strings.HasPrefix(held[0], "-") {
			out = append(out, held...)
			continue
		}
		out = append(out, word)
	}
	return out
}
