package alert

import (
	"strings"

	"github.com/thetaedge/theta/sidecar/overview"
)

const (
	// maxTitle and maxBody bound the texts of an alert, in bytes. Chats accept 2,000 at least.
	maxTitle = 120
	maxBody  = 1_500
)

// plain returns a text of a stranger as one line that no mail program, chat or page takes for
// anything but text: without control characters, tags, marks of emphasis, mentions and links.
func plain(text string, most int) string {
	text = overview.Line(text, most)
	text = strings.NewReplacer(
		"<", "‹", ">", "›", "`", "'", "*", "∗", "_", "_\u2060", "~", "∼", "|", "¦", "@", "@\u2060", "://", ":\u2060//", "[", "(", "]", ")",
	).Replace(text)
	return overview.Line(text, most)
}

// Message is what a target is sent.
type Message struct {
	Kind  Kind
	State State
	// Node is the name of the node.
	Node string
	// Title is a line, and Text some lines at most.
	Title, Text string
	// Urgent reports whether the owner should look now.
	Urgent bool
}

// subject returns the title with the name of the node.
func (m Message) subject() string { return "[" + m.Node + "] " + m.Title }
