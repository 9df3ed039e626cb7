package blob

import (
	"bytes"
	"fmt"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

const (
	// remarkVersion is the first line of a remark. That of a result manifest is another.
	remarkVersion = "theta.remark/1"
	// MaxRemarkText bounds the text of a remark, in bytes.
	MaxRemarkText = 2 << 10
	// MaxRemarkBytes bounds an encoded remark.
	MaxRemarkBytes = MaxRemarkText + 512
	// maxRemarkName bounds the names in a remark.
	maxRemarkName = 128
)

// Remark is what a node says about how the program ended. It is not a part of the result and
// is not checked, and any party that knows the address of the box may have written it. It
// helps a person, and decides nothing.
type Remark struct {
	// JobID, Task and Round name the execution.
	JobID string
	Task  uint64
	Round uint32
	// Node is the operator who is said to have written it.
	Node string
	// Text is printable, at most MaxRemarkText bytes.
	Text string
}

// Printable returns a text of at most MaxRemarkText bytes in which every character can be
// shown on a terminal: control characters and bytes that are not UTF-8 become spaces, except
// for the ends of lines.
func Printable(text string) string {
	text = strings.Map(func(r rune) rune {
		if r == '\n' || r != utf8.RuneError && unicode.IsPrint(r) {
			return r
		}
		return ' '
	}, text)
	if len(text) > MaxRemarkText {
		end := MaxRemarkText - len("…")
		for !utf8.RuneStart(text[end]) {
			end--
		}
		text = text[:end] + "…"
	}
	return strings.TrimSpace(text)
}

// Encode returns the bytes of a remark.
func (r Remark) Encode() []byte {
	return fmt.Appendf(nil, "%s\njob %s\ntask %d\nround %d\nnode %s\n\n%s\n", remarkVersion, r.JobID, r.Task, r.Round, r.Node, Printable(r.Text))
}

// DecodeRemark reads what Encode writes; ok is false for any other content.
func DecodeRemark(content []byte) (r Remark, ok bool) {
	if len(content) > MaxRemarkBytes || !utf8.Valid(content) {
		return Remark{}, false
	}
	head, text, found := strings.Cut(string(content), "\n\n")
	lines := strings.Split(head, "\n")
	if !found || len(lines) != 5 || lines[0] != remarkVersion {
		return Remark{}, false
	}
	var values [4]string
	for i, name := range []string{"job ", "task ", "round ", "node "} {
		if values[i], found = strings.CutPrefix(lines[i+1], name); !found || values[i] == "" || len(values[i]) > maxRemarkName {
			return Remark{}, false
		}
	}
	task, err := strconv.ParseUint(values[1], 10, 64)
	if err != nil {
		return Remark{}, false
	}
	round, err := strconv.ParseUint(values[2], 10, 32)
	if err != nil {
		return Remark{}, false
	}
	r = Remark{JobID: values[0], Task: task, Round: uint32(round), Node: values[3], Text: strings.TrimSuffix(text, "\n")}
	return r, bytes.Equal(r.Encode(), content)
}
