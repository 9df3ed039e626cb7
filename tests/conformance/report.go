package conformance

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// Report is what was compared, where and when.
type Report struct {
	Time      time.Time `json:"time"`
	Platform  string    `json:"platform"`
	Processor string    `json:"processor"`
	Seed      uint64    `json:"seed"`
	// Reference is the result that all others are compared with.
	Reference Result   `json:"reference"`
	Backends  []Result `json:"backends"`
}

// Result is how a back end compares with the reference.
type Result struct {
	// Name is what the back end was asked for by, Device what it says that it is, and Driver the driver
	// with its compiler.
	Name   string `json:"name"`
	Device string `json:"device,omitempty"`
	Driver string `json:"driver,omitempty"`
	// Operations, Wide and Prompts count what was executed, and Tokens what the decoder has read.
	Operations int `json:"operations"`
	Wide       int `json:"wide_operations"`
	Prompts    int `json:"prompts"`
	Tokens     int `json:"tokens"`
	// The digests are chains over the outcomes, traces among them.
	OperationsDigest string `json:"operations_digest,omitempty"`
	WideDigest       string `json:"wide_operations_digest,omitempty"`
	PromptsDigest    string `json:"prompts_digest,omitempty"`
	// Differences counts outcomes that differ, and Examples says where the first ones do.
	Differences int      `json:"differences"`
	Examples    []string `json:"examples,omitempty"`
	// Missing says why the back end could not be opened, and Failure why it did not end.
	Missing string  `json:"missing,omitempty"`
	Failure string  `json:"failure,omitempty"`
	Seconds float64 `json:"seconds"`
}

// maxExamples bounds the differences that are described.
const maxExamples = 10

func (r *Result) differ(what string, i int, how error) {
	r.Differences++
	if len(r.Examples) >= maxExamples {
		return
	}
	if how == nil {
		how = errors.New("equal when it was executed again")
	}
	r.Examples = append(r.Examples, fmt.Sprintf("%s, number %d: %v", what, i, how))
}

// verdict says in words how a back end compares.
func (r *Result) verdict() string {
	switch {
	case r.Missing != "":
		return "not opened: " + r.Missing
	case r.Failure != "":
		return "failed: " + r.Failure
	case r.Differences > 0:
		return fmt.Sprintf("%d differ: %s", r.Differences, r.Examples[0])
	}
	return "equal"
}

// Err says which back ends differ from the reference, or have failed. A back end that could not be
// opened is an error only if it was required.
func (r *Report) Err(required func(name string) bool) error {
	var err error
	for i := range r.Backends {
		b := &r.Backends[i]
		if b.Differences > 0 || b.Failure != "" || b.Missing != "" && required(b.Name) {
			err = errors.Join(err, fmt.Errorf("%s: %s", b.Name, b.verdict()))
		}
	}
	return err
}

// String returns the table.
func (r *Report) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "\n%s, %s, seed %d\n\n| back end | device | driver | operations | wide | prompts | tokens | seconds | compared with the reference |\n|---|---|---|---|---|---|---|---|---|\n", r.Processor, r.Platform, r.Seed)
	for _, x := range append([]Result{r.Reference}, r.Backends...) {
		verdict := x.verdict()
		if x.Name == r.Reference.Name {
			verdict = "itself"
		}
		fmt.Fprintf(&b, "| %s | %s | %s | %d | %d | %d | %d | %.0f | %s |\n", x.Name, x.Device, x.Driver, x.Operations, x.Wide, x.Prompts, x.Tokens, x.Seconds, verdict)
	}
	return b.String()
}

// Write writes the report as JSON.
func (r *Report) Write(path string) error {
	text, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o750); err != nil {
		return fmt.Errorf("folder of the report: %w", err)
	}
	if err := os.WriteFile(path, append(text, '\n'), 0o600); err != nil {
		return fmt.Errorf("write the report: %w", err)
	}
	return nil
}
