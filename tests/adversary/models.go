package adversary

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/thetaedge/theta/executor"
	"github.com/thetaedge/theta/executor/tensors"
	"github.com/thetaedge/theta/models/convert"
	"github.com/thetaedge/theta/models/published"
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
	smallBits = 4
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
func makeDecoders(dir string, opts Options) (d decoders, err error) {
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
	model, err := published.Open(opts.Model)
	if err != nil {
		return d, err
	}
	defer func() { err = errors.Join(err, model.Close()) }()
	d.headless.lazy = &headless{vocabulary: uint32(model.Config.VocabSize)} //nolint:gosec // the converter bounds it
	return d, errors.Join(convertTo(d.asked.inputs[0].Path, model, 8), convertTo(d.small.inputs[0].Path, model, smallBits),
		tampered.FlipBit(d.asked.inputs[0].Path, d.flipped.inputs[0].Path),
		tampered.DropLastLayer(d.asked.inputs[0].Path, d.shallow.inputs[0].Path))
}

// convertTo converts a published model with its tokenizer, as thetaedge model convert does.
func convertTo(path string, model *published.Model, bits int) (err error) {
	tokenizer, err := model.Spec.Encode()
	if err != nil {
		return err
	}
	file, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	return convert.Convert(file, model.Weights, model.Config, convert.Options{
		Bits: bits, Sections: []convert.Section{{Name: "tokenizer", Content: tokenizer}},
	})
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
	d.headless.lazy.tokens = found.Tokens
	return nil
}
