// Command llm lets a converted language model answer a request. It is meant to be compiled to wasm
// and to run as a program of the profile tensor/1, in a sandbox with a read-only folder /in and an
// output folder /out. Compiled for another system, it executes the model on the processor.
package main

import (
	"crypto/rand"
	"encoding/binary"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"

	"github.com/thetaedge/theta/examples/llm/generate"
	"github.com/thetaedge/theta/examples/llm/request"
	"github.com/thetaedge/theta/models/chat"
	"github.com/thetaedge/theta/models/decoder"
	"github.com/thetaedge/theta/models/format"
	"github.com/thetaedge/theta/models/tokenizer"
)

// Exit codes: the arguments are wrong, or the work failed.
const (
	exitUsage  = 2
	exitFailed = 1
)

// Names of the sections of a converted model that say how it treats text.
const (
	tokenizerSection = "tokenizer"
	chatSection      = "chat"
)

var errUsage = errors.New("usage")

func main() {
	err := run(os.Args[1:], os.Stdout, os.Stderr)
	switch {
	case err == nil:
	case errors.Is(err, flag.ErrHelp):
	case errors.Is(err, errUsage):
		fmt.Fprintln(os.Stderr, "llm:", err)
		os.Exit(exitUsage)
	default:
		fmt.Fprintln(os.Stderr, "llm:", err)
		os.Exit(exitFailed)
	}
}

// paths are the command line.
type paths struct{ model, request, answer string }

func parse(args []string, stderr io.Writer) (paths, error) {
	var p paths
	flags := flag.NewFlagSet("llm", flag.ContinueOnError)
	flags.SetOutput(stderr)
	flags.StringVar(&p.model, "model", "/in/model", "converted model")
	flags.StringVar(&p.request, "request", "/in/request.json", "what to answer")
	flags.StringVar(&p.answer, "answer", "/out/answer.json", "file to write: text, tokens and why the text ended")
	if err := flags.Parse(args); err != nil {
		if errors.Is(err, flag.ErrHelp) {
			return p, err
		}
		return p, fmt.Errorf("%w: %w", errUsage, err)
	}
	if flags.NArg() > 0 {
		return p, fmt.Errorf("%w: expected flags only, found %q", errUsage, flags.Arg(0))
	}
	return p, nil
}

func run(args []string, stdout, stderr io.Writer) error {
	p, err := parse(args, stderr)
	if err != nil {
		return err
	}
	asked, err := readRequest(p.request)
	if err != nil {
		return fmt.Errorf("%s: %w", p.request, err)
	}
	file, err := os.Open(p.model)
	if err != nil {
		return fmt.Errorf("open the model: %w", err)
	}
	defer func() { _ = file.Close() }()
	answer, err := respond(file, asked, stdout)
	if err != nil {
		return fmt.Errorf("%s: %w", p.model, err)
	}
	text, err := json.Marshal(answer)
	if err != nil {
		return err
	}
	if err := os.WriteFile(p.answer, append(text, '\n'), 0o644); err != nil {
		return fmt.Errorf("write the answer: %w", err)
	}
	return nil
}

func readRequest(path string) (request.Request, error) {
	file, err := os.Open(path)
	if err != nil {
		return request.Request{}, err
	}
	defer func() { _ = file.Close() }()
	text, err := io.ReadAll(io.LimitReader(file, request.MaxBytes+1))
	if err != nil {
		return request.Request{}, err
	}
	return request.Parse(text)
}

// respond opens a model, with room for the request, and lets it answer.
func respond(file *os.File, asked request.Request, stdout io.Writer) (generate.Answer, error) {
	stat, err := file.Stat()
	if err != nil {
		return generate.Answer{}, err
	}
	model, err := format.Open(file, stat.Size())
	if err != nil {
		return generate.Answer{}, err
	}
	text, err := readText(model)
	if err != nil {
		return generate.Answer{}, err
	}
	prompt, err := text.Prompt(asked)
	if err != nil {
		return generate.Answer{}, err
	}
	machine, done, err := newMachine(file)
	if err != nil {
		return generate.Answer{}, err
	}
	defer done()
	d, err := decoder.New(machine, model, decoder.Options{Context: uint32(text.Steps(asked, prompt))})
	if err != nil {
		return generate.Answer{}, err
	}
	var seed [8]byte
	if asked.Seed == nil {
		// In the profile these are bytes of the task's seed.
		if _, err := rand.Read(seed[:]); err != nil {
			return generate.Answer{}, err
		}
	}
	return text.Answer(d, asked, prompt, binary.LittleEndian.Uint64(seed[:]), stdout)
}

// readText reads the tokenizer of a model, and its chat format if it has one.
func readText(model *format.File) (generate.Text, error) {
	text := generate.Text{Places: decoder.LogitPlaces, Context: int(model.Header.Model.Context)}
	section, err := model.Section(tokenizerSection)
	if err != nil {
		return text, err
	}
	spec, err := tokenizer.Parse(section)
	if err != nil {
		return text, fmt.Errorf("section %s: %w", tokenizerSection, err)
	}
	if text.Tokenizer, err = tokenizer.New(spec); err != nil {
		return text, fmt.Errorf("section %s: %w", tokenizerSection, err)
	}
	if _, _, found := model.Part(chatSection); !found {
		return text, nil
	}
	if section, err = model.Section(chatSection); err != nil {
		return text, err
	}
	form, err := chat.Parse(section)
	if err != nil {
		return text, fmt.Errorf("section %s: %w", chatSection, err)
	}
	text.Chat = &form
	return text, nil
}
