package executors

import (
	"bufio"
	"context"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"time"
)

// llamaPackage is the npm package that has llama.cpp, and llamaVersion its version.
const (
	llamaPackage = "node-llama-cpp"
	llamaVersion = "3.22.1"
)

//go:embed llama.mjs
var llamaScript []byte

// installLlama puts llama.cpp into a folder unless it is there, and returns its script. Errors say
// why there is nothing to compare with.
func installLlama(ctx context.Context, dir string, progress Progress) (string, error) {
	script := filepath.Join(dir, "llama.mjs")
	if err := os.MkdirAll(dir, 0o750); err != nil {
		return "", err
	}
	if err := os.WriteFile(script, llamaScript, 0o600); err != nil {
		return "", err
	}
	if runtime.GOOS != "linux" || runtime.GOARCH != "amd64" {
		return "", fmt.Errorf("expected linux on amd64, whose build of llama.cpp is installed, found %s on %s", runtime.GOOS, runtime.GOARCH)
	}
	if _, err := os.Stat(filepath.Join(dir, "node_modules", llamaPackage)); err == nil {
		return script, nil
	}
	progress("installing %s %s into %s", llamaPackage, llamaVersion, dir)
	// The build for processors alone; those for graphics cards are large.
	cmd := exec.CommandContext(ctx, "npm", "install", "--prefix", dir, "--ignore-scripts", "--omit=optional", "--no-audit", "--no-fund",
		llamaPackage+"@"+llamaVersion, "@node-llama-cpp/linux-x64@"+llamaVersion)
	if text, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("npm: %w: %s", err, lastLine(text))
	}
	return script, nil
}

func lastLine(text []byte) string {
	lines := strings.Split(strings.TrimSpace(string(text)), "\n")
	return lines[len(lines)-1]
}

// theirs is a process that runs a model with llama.cpp.
type theirs struct {
	cmd    *exec.Cmd
	orders io.WriteCloser
	lines  *bufio.Scanner
	stderr strings.Builder
	// engine is what llama.cpp says about its build.
	engine string
}

// openTheirs loads a model.
func openTheirs(ctx context.Context, script, model string, threads int, shape Shape, l load) (*theirs, error) {
	t := &theirs{}
	t.cmd = exec.CommandContext(ctx, "node", script, model, strconv.Itoa(threads), strconv.Itoa(l.Prompt+l.Answer+8), strconv.Itoa(shape.Vocabulary)) //nolint:gosec // a script of ours
	t.cmd.Dir, t.cmd.Stderr = filepath.Dir(script), &t.stderr
	var err error
	if t.orders, err = t.cmd.StdinPipe(); err != nil {
		return nil, err
	}
	out, err := t.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := t.cmd.Start(); err != nil {
		return nil, err
	}
	t.lines = bufio.NewScanner(out)
	var hello struct {
		Engine  string `json:"engine"`
		Threads int    `json:"threads"`
	}
	if err := t.answer(&hello); err != nil {
		return nil, errors.Join(err, t.Close())
	}
	if hello.Threads != threads {
		return nil, errors.Join(fmt.Errorf("expected llama.cpp to use %d threads, found %d", threads, hello.Threads), t.Close())
	}
	t.engine = llamaPackage + " " + llamaVersion + ", " + hello.Engine
	return t, nil
}

// answer reads a line of JSON. It skips other lines.
func (t *theirs) answer(to any) error {
	for t.lines.Scan() {
		if strings.HasPrefix(t.lines.Text(), "{") {
			return json.Unmarshal(t.lines.Bytes(), to)
		}
	}
	return errors.Join(fmt.Errorf("llama.cpp has ended: %s", lastLine([]byte(t.stderr.String()))), t.lines.Err())
}

// run reads a prompt and answers it with the most probable tokens.
func (t *theirs) run(l load) (took, error) {
	if _, err := fmt.Fprintf(t.orders, "{\"prompt\":%d,\"answer\":%d}\n", l.Prompt, l.Answer); err != nil {
		return took{}, err
	}
	var a struct {
		Prefill float64 `json:"prefill_ms"`
		Decode  float64 `json:"decode_ms"`
		Tokens  int     `json:"tokens"`
	}
	if err := t.answer(&a); err != nil {
		return took{}, err
	}
	if a.Tokens != l.Answer {
		return took{}, fmt.Errorf("expected %d tokens of llama.cpp, found %d", l.Answer, a.Tokens)
	}
	return took{duration(a.Prefill), duration(a.Decode)}, nil
}

func duration(ms float64) time.Duration { return time.Duration(ms * float64(time.Millisecond)) }

// Close ends the process.
func (t *theirs) Close() error {
	err := t.orders.Close()
	if waited := t.cmd.Wait(); waited != nil {
		err = errors.Join(err, fmt.Errorf("node: %w: %s", waited, lastLine([]byte(t.stderr.String()))))
	}
	return err
}
