package web

import (
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"
)

const (
	// linesKept is the number of lines of the log that are kept, and lineBytes the most of a line.
	linesKept = 1000
	lineBytes = 4 << 10
)

// Logs contains the last lines of the daemon's log.
type Logs struct {
	mu    sync.Mutex
	lines []line
}

// line is a line of the log. The time is that of the machine's time zone, without the year.
type line struct{ Time, Level, Text string }

// NewLogs returns an empty log.
func NewLogs() *Logs { return &Logs{} }

// Handler returns a handler that keeps the lines of a level and above.
func (l *Logs) Handler(level slog.Leveler) slog.Handler {
	return slog.NewTextHandler(l, &slog.HandlerOptions{Level: level})
}

// Write takes a line in the form of slog's text handler. It never fails.
func (l *Logs) Write(raw []byte) (int, error) {
	text := strings.TrimSpace(string(raw[:min(len(raw), lineBytes)]))
	var out line
	for _, field := range []struct {
		prefix string
		value  *string
	}{{"time=", &out.Time}, {"level=", &out.Level}} {
		if rest, is := strings.CutPrefix(text, field.prefix); is {
			*field.value, text, _ = strings.Cut(rest, " ")
		}
	}
	if at, err := time.Parse(time.RFC3339Nano, out.Time); err == nil {
		out.Time = at.Local().Format("01-02 15:04:05")
	}
	out.Text = strings.ToValidUTF8(strings.TrimPrefix(text, "msg="), "\uFFFD")
	l.mu.Lock()
	defer l.mu.Unlock()
	l.lines = append(l.lines, out)
	if len(l.lines) > linesKept {
		l.lines = slices.Clone(l.lines[len(l.lines)-linesKept:])
	}
	return len(raw), nil
}

// latest returns the lines of some levels, newest first.
func (l *Logs) latest(levels ...string) []line {
	l.mu.Lock()
	defer l.mu.Unlock()
	var lines []line
	for _, found := range slices.Backward(l.lines) {
		if len(levels) == 0 || slices.Contains(levels, found.Level) {
			lines = append(lines, found)
		}
	}
	return lines
}

// logPage is the page with the log.
type logPage struct {
	Lines []line
	// Trouble reports whether only warnings and errors are shown.
	Trouble bool
	Kept    int
}

// logs shows the last lines of the log.
func (s *Server) logs(w http.ResponseWriter, r *http.Request) {
	page := logPage{Trouble: r.URL.Query().Get("show") == "trouble", Kept: linesKept}
	if page.Trouble {
		page.Lines = s.cfg.Logs.latest("WARN", "ERROR")
	} else {
		page.Lines = s.cfg.Logs.latest()
	}
	s.show(w, r, http.StatusOK, "logs", page)
}
