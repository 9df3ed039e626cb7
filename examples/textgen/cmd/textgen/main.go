// Command textgen continues a text with a small language model. It is meant to
// be compiled to wasm and run in a sandbox that has no clock and no network, a
// read-only folder /in and an output folder /out.
package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"runtime/debug"

	"github.com/thetaedge/theta/examples/textgen/model"
)

const (
	maxTokens = 20_000   // characters to generate
	maxPrompt = 16 << 10 // bytes
	maxModel  = 4 << 20  // bytes
)

// Exit codes: the arguments are wrong, or the work failed.
const (
	exitUsage  = 2
	exitFailed = 1
)

var errUsage = errors.New("usage")

func main() {
	// The live heap stays below 2 MiB, so collecting would only cost fuel.
	debug.SetGCPercent(-1)
	err := run(os.Args[1:], os.Stderr)
	switch {
	case err == nil:
	case errors.Is(err, flag.ErrHelp):
	case errors.Is(err, errUsage):
		fmt.Fprintln(os.Stderr, "textgen:", err)
		os.Exit(exitUsage)
	default:
		fmt.Fprintln(os.Stderr, "textgen:", err)
		os.Exit(exitFailed)
	}
}

// options are the command line.
type options struct {
	model, prompt, out  string
	tokens, temperature int
	seed                uint64
}

func parse(args []string, stderr io.Writer) (options, error) {
	var o options
	flags := flag.NewFlagSet("textgen", flag.ContinueOnError)
	flags.SetOutput(stderr)
	flags.StringVar(&o.model, "model", "/in/model.bin", "model file")
	flags.StringVar(&o.prompt, "prompt", "/in/prompt.txt", "text to continue")
	flags.StringVar(&o.out, "out", "/out/text.txt", "file to write: the prompt and its continuation")
	flags.IntVar(&o.tokens, "tokens", 200, "characters to generate")
	flags.Uint64Var(&o.seed, "seed", 1, "seed of the sampling; another seed gives another text")
	flags.IntVar(&o.temperature, "temperature", 800, "in permille: 1000 is the model's own distribution, 0 always takes the likeliest character")
	if err := flags.Parse(args); err != nil {
		if errors.Is(err, flag.ErrHelp) {
			return o, err
		}
		return o, fmt.Errorf("%w: %w", errUsage, err)
	}
	if flags.NArg() > 0 {
		return o, fmt.Errorf("%w: expected flags only, found %q", errUsage, flags.Arg(0))
	}
	if o.tokens < 1 || o.tokens > maxTokens {
		return o, fmt.Errorf("%w: expected 1 to %d tokens, found %d", errUsage, maxTokens, o.tokens)
	}
	if o.temperature < 0 || o.temperature > model.MaxTemperature {
		return o, fmt.Errorf("%w: expected a temperature of 0 to %d permille, found %d", errUsage, model.MaxTemperature, o.temperature)
	}
	return o, nil
}

func run(args []string, stderr io.Writer) error {
	o, err := parse(args, stderr)
	if err != nil {
		return err
	}
	file, err := read(o.model, maxModel)
	if err != nil {
		return fmt.Errorf("read model: %w", err)
	}
	network, err := model.Decode(file)
	if err != nil {
		return fmt.Errorf("%s: %w", o.model, err)
	}
	prompt, err := read(o.prompt, maxPrompt)
	if err != nil {
		return fmt.Errorf("read prompt: %w", err)
	}
	text, err := model.Continue(network, prompt, o.tokens, o.seed, o.temperature)
	if err != nil {
		return fmt.Errorf("%s: %w", o.prompt, err)
	}
	if err := os.WriteFile(o.out, append(text, '\n'), 0o644); err != nil {
		return fmt.Errorf("write text: %w", err)
	}
	return nil
}

// read returns a file of at most limit bytes.
func read(path string, limit int) ([]byte, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer func() { _ = file.Close() }()
	content, err := io.ReadAll(io.LimitReader(file, int64(limit)+1))
	if err != nil {
		return nil, err
	}
	if len(content) > limit {
		return nil, fmt.Errorf("expected at most %d bytes in %s, found more", limit, path)
	}
	return content, nil
}
