package gpucheck

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// Names of the parts, in the order in which they run.
func Names() []string { return []string{"hardware", "exact", "conformance", "speed", "devnet"} }

// Part is the end of a part: its exit code, and what it wrote.
type Part struct {
	Name    string          `json:"name"`
	Code    int             `json:"exit_code"`
	Seconds int             `json:"seconds"`
	Result  json.RawMessage `json:"result,omitempty"`
	// Log is the end of what the part said.
	Log string `json:"log"`
}

// Report is all that was found out.
type Report struct {
	Time time.Time `json:"time"`
	// NotShown says what this machine could not show.
	NotShown []string `json:"not_shown"`
	Parts    []Part   `json:"parts"`
}

// Exit codes of a part that took too long, and of one that cannot run here by the way it was packed.
const (
	timedOut = 124
	skipped  = 77
)

const maxLog = 8 << 10

// Collect reads the folder with NAME.json, NAME.log and NAME.end of each part: the latter has the exit code and the
// seconds.
func Collect(folder string, now time.Time) (*Report, error) {
	r := &Report{Time: now.UTC().Truncate(time.Second), NotShown: []string{}}
	for _, name := range Names() {
		p := Part{Name: name, Code: -1}
		end, err := os.ReadFile(filepath.Join(folder, name+".end"))
		if errors.Is(err, fs.ErrNotExist) {
			r.Parts = append(r.Parts, p)
			continue
		}
		if err != nil {
			return nil, err
		}
		if _, err := fmt.Sscan(string(end), &p.Code, &p.Seconds); err != nil {
			return nil, fmt.Errorf("%s.end: expected an exit code and seconds: %w", name, err)
		}
		if result, err := os.ReadFile(filepath.Join(folder, name+".json")); err == nil && json.Valid(result) {
			p.Result = result
		}
		log, err := os.ReadFile(filepath.Join(folder, name+".log"))
		if err != nil {
			return nil, err
		}
		p.Log = string(log[max(len(log)-maxLog, 0):])
		r.Parts = append(r.Parts, p)
	}
	return r, r.judge()
}

// judge finds out what the parts have not shown.
func (r *Report) judge() error {
	var exact []Exact
	for _, p := range r.Parts {
		if p.Code == skipped {
			r.NotShown = append(r.NotShown, p.Name+": "+strings.TrimSpace(p.Log))
		}
		if p.Name == "exact" && p.Result != nil {
			if err := json.Unmarshal(p.Result, &exact); err != nil {
				return err
			}
		}
	}
	used := func(what string) bool {
		return slices.ContainsFunc(exact, func(e Exact) bool {
			return strings.Contains(e.Uses, what) && !e.software() && e.good()
		})
	}
	for _, what := range []struct{ uses, text string }{
		{"dp4a", "dp4a on a card"},
		{"16x8x32", "tensor cores of 16x8x32 on a card"},
		{"8x8x16", "tensor cores of 8x8x16 on a card"},
		{`cooperative matrices "1`, "cooperative matrices of Vulkan on a card"},
	} {
		if !used(what.uses) {
			r.NotShown = append(r.NotShown, what.text)
		}
	}
	for _, e := range exact {
		if e.software() {
			r.NotShown = append(r.NotShown, fmt.Sprintf("anything about silicon by %s, which is software", e.Device))
		}
	}
	slices.Sort(r.NotShown)
	r.NotShown = slices.Compact(r.NotShown)
	return nil
}

// Err is the reason why the report is not good: parts that failed, and bits that differ.
func (r *Report) Err() error {
	var all []error
	for _, p := range r.Parts {
		switch p.Code {
		case 0, skipped:
		case -1:
			all = append(all, fmt.Errorf("%s did not run", p.Name))
		case timedOut:
			all = append(all, fmt.Errorf("%s took longer than it may: %d s", p.Name, p.Seconds))
		default:
			all = append(all, fmt.Errorf("%s failed with exit code %d", p.Name, p.Code))
		}
	}
	return errors.Join(all...)
}

// Bad returns an error if a variant differs from the reference.
func Bad(all []Exact) error {
	var wrong []error
	for _, e := range all {
		if !e.good() {
			wrong = append(wrong, fmt.Errorf("%s, %s: %s %s %s", e.Device, e.Variant, e.Failure, strings.Join(e.Layout, "; "), strings.Join(e.Different, "; ")))
		}
	}
	return errors.Join(wrong...)
}

// Slow returns an error if a load did not run.
func Slow(all []Speed) error {
	var wrong []error
	for _, s := range all {
		if s.Failure != "" {
			wrong = append(wrong, fmt.Errorf("%s, %s: %s", s.Device, s.Load, s.Failure))
		}
	}
	return errors.Join(wrong...)
}

// String is the report for people.
func (r *Report) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "Check of graphics cards, %s\n", r.Time.Format(time.RFC3339))
	for _, p := range r.Parts {
		end := "ok"
		if p.Code != 0 {
			end = fmt.Sprintf("exit code %d", p.Code)
		}
		fmt.Fprintf(&b, "\n== %s: %s, %d s\n%s\n", p.Name, end, p.Seconds, strings.TrimSpace(p.Log))
	}
	b.WriteString("\nNot shown here:\n")
	for _, text := range r.NotShown {
		fmt.Fprintf(&b, "- %s\n", text)
	}
	if err := r.Err(); err != nil {
		fmt.Fprintf(&b, "\nFAILED\n%v\n", err)
	}
	return b.String()
}
