package adversary

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"

	"github.com/thetaedge/theta/executor"
	"github.com/thetaedge/theta/executor/tensors"
	"github.com/thetaedge/theta/models/format"
	"github.com/thetaedge/theta/tests/tampered"
	computetypes "github.com/thetaedge/theta/x/compute/types"
)

const (
	// request is what the model is asked. The text is short, so that two cores serve all nodes.
	request = `{"prompt": "It is a truth universally acknowledged, that", "max_tokens": 12, "temperature": 0}`
	// modelInput, requestInput and answerFile are the files of examples/llm.
	modelInput, requestInput, answerFile = "model", "request.json", "answer.json"
	// answerFuel, answerMemory, answerDevice and answerOutput bound it.
	answerFuel, answerMemory, answerDevice, answerOutput = 1_000_000_000, 64 << 20, 16 << 20, 1 << 16
	// smallBits is the number of bits of a weight of the smaller model.
	smallBits = "4"
)

// decoders are what nodes execute for a job that asks a language model: the model of the job, and
// what costs a dishonest node less or was damaged.
type decoders struct {
	// asked is the model of the job.
	asked work
	// flipped has one flipped bit in its weights, small has weights of four bits, shallow lacks the
	// last layer, and headless does not multiply with the matrix of the output.
	flipped, small, shallow, headless work
}

// makeDecoders converts a published model and its changed copies.
func makeDecoders(ctx context.Context, dir string, opts Options) (d decoders, err error) {
	if err := os.MkdirAll(dir, 0o750); err != nil {
		return d, err
	}
	program, err := os.ReadFile(opts.LLM)
	if err != nil {
		return d, fmt.Errorf("expected the program of examples/llm: %w; make llm builds it", err)
	}
	files := []executor.Input{{Name: modelInput}, {Name: requestInput, Path: filepath.Join(dir, requestInput)}}
	if err := os.WriteFile(files[1].Path, []byte(request), 0o600); err != nil {
		return d, err
	}
	on := func(model string) work {
		return work{
			profile: tensors.Profile, program: program,
			inputs: []executor.Input{{Name: modelInput, Path: filepath.Join(dir, model)}, files[1]},
			resources: computetypes.Resources{
				Fuel: answerFuel, MemoryBytes: answerMemory, DeviceBytes: answerDevice, OutputBytes: answerOutput,
			},
		}
	}
	d = decoders{asked: on("asked"), flipped: on("flipped"), small: on("small"), shallow: on("shallow"), headless: on("asked")}
	convert := func(to work, bits string) error {
		command := exec.CommandContext(ctx, filepath.Join(opts.Bin, "thetaedge"), "model", "convert", opts.Model, to.inputs[0].Path, "--bits", bits)
		if out, err := command.CombinedOutput(); err != nil {
			return fmt.Errorf("convert %s to %s bits: %w: %s", opts.Model, bits, err, out)
		}
		return nil
	}
	return d, errors.Join(convert(d.asked, "8"), convert(d.small, smallBits),
		tampered.FlipBit(d.asked.inputs[0].Path, d.flipped.inputs[0].Path),
		tampered.DropLastLayer(d.asked.inputs[0].Path, d.shallow.inputs[0].Path))
}

// learn executes the model of the job, and tells the device without a head what to answer.
func (d *decoders) learn(ctx context.Context, l *lab) error {
	result, content, err := l.execute(ctx, d.asked, nil, answerFile)
	if err != nil {
		return err
	}
	var found struct {
		Tokens []int32 `json:"tokens"`
	}
	if err := json.Unmarshal(content, &found); err != nil || len(found.Tokens) == 0 {
		return fmt.Errorf("expected tokens in %s, found %q; the program ended with %s %d", answerFile, content, result.Reason, result.ExitCode)
	}
	vocabulary, err := vocabularyOf(d.asked.inputs[0].Path)
	d.headless.lazy = &headless{vocabulary: vocabulary, tokens: found.Tokens}
	return err
}

// vocabularyOf returns the number of tokens that a converted model knows.
func vocabularyOf(path string) (uint32, error) {
	file, err := os.Open(path)
	if err != nil {
		return 0, err
	}
	defer file.Close() //nolint:errcheck // read only
	stat, err := file.Stat()
	if err != nil {
		return 0, err
	}
	model, err := format.Open(file, stat.Size())
	if err != nil {
		return 0, err
	}
	return model.Header.Model.Vocabulary, nil
}
