package cmd

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"hash"
	"io"
	"os"

	"github.com/spf13/cobra"

	"github.com/thetaedge/theta/models/convert"
	"github.com/thetaedge/theta/models/decoder"
	"github.com/thetaedge/theta/models/format"
	"github.com/thetaedge/theta/models/published"
	"github.com/thetaedge/theta/tensor"
	"github.com/thetaedge/theta/tensor/cpu"
)

func modelCommand() *cobra.Command {
	command := &cobra.Command{
		Use:   "model",
		Short: "Prepare language models for programs of the profile tensor/1",
	}
	command.AddCommand(modelConvertCommand())
	return command
}

// conversion is the flags of a conversion.
type conversion struct {
	bits, group        int
	calibrate, measure string
	windows, length    int
}

func modelConvertCommand() *cobra.Command {
	var c conversion
	command := &cobra.Command{
		Use:   "convert MODEL FILE",
		Short: "Convert a published language model to exact integers",
		Long: `Convert MODEL, a folder with config.json, model.safetensors and tokenizer.json or a GGUF file,
into FILE, which contains integers, the tokenizer and the chat format. Jobs name it by its
digest. Families are Llama, Mistral, Qwen2, Qwen3, SmolLM and SmolLM3.

A text given with --calibrate, such as some pages of what the model will read, shows which
activations are large; they are moved into the weights. With --measure, the loss of the
integers on another text is compared with that of the floats. Both execute the model in
floats on the processor, which takes minutes for models of a billion weights.`,
		Example: "thetaedge model convert ./SmolLM2-135M-Instruct smollm2.theta --calibrate pages.txt",
		Args:    cobra.ExactArgs(2),
		RunE: func(command *cobra.Command, args []string) error {
			return c.run(command.OutOrStdout(), args[0], args[1])
		},
	}
	flags := command.Flags()
	flags.IntVar(&c.bits, "bits", 8, "bits of a weight, 8 or 4; 4 halve the memory, lose more and cost more fuel")
	flags.IntVar(&c.group, "group", 32, "weights that share a factor with 4 bits, a multiple of 8")
	flags.StringVar(&c.calibrate, "calibrate", "", "file with a text that shows which activations are large")
	flags.StringVar(&c.measure, "measure", "", "file with a text to measure the loss on")
	flags.IntVar(&c.windows, "windows", 8, "pieces of each text that are read")
	flags.IntVar(&c.length, "window-tokens", 256, "tokens of a piece")
	return command
}

func (c conversion) run(out io.Writer, source, target string) (err error) {
	if _, err := os.Lstat(target); err == nil {
		return fmt.Errorf("expected %s not to exist yet; remove it, or name another file", target)
	}
	model, err := published.Open(source)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, model.Close()) }()
	options, err := c.options(model)
	if err != nil {
		return err
	}
	measured, err := c.read(model, c.measure)
	if err != nil {
		return err
	}
	if model.Chat == nil {
		fmt.Fprintf(out, "without a chat format: %v; programs can continue texts with this model, not answer messages\n", model.ChatError)
	}
	digest, err := writeNew(target, func(w io.Writer) error {
		return convert.Convert(w, model.Weights, model.Config, options)
	})
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "sha256 %x\n", digest.Sum(nil))
	if len(measured) == 0 {
		return nil
	}
	return measureModel(out, model, target, measured)
}

// options collects what the conversion needs.
func (c conversion) options(model *published.Model) (convert.Options, error) {
	options := convert.Options{Bits: c.bits, Group: c.group}
	tokenizer, err := model.Spec.Encode()
	if err != nil {
		return options, err
	}
	options.Sections = []convert.Section{{Name: "tokenizer", Content: tokenizer}}
	if model.Chat != nil {
		chat, err := model.Chat.Encode()
		if err != nil {
			return options, err
		}
		options.Sections = append(options.Sections, convert.Section{Name: "chat", Content: chat})
	}
	options.Calibration, err = c.read(model, c.calibrate)
	return options, err
}

// read cuts windows of tokens out of a text; none without a path.
func (c conversion) read(model *published.Model, path string) ([][]int32, error) {
	if path == "" {
		return nil, nil
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("read a text: %w", err)
	}
	windows, err := model.Windows(string(text), c.windows, min(c.length, model.Config.MaxPositionEmbeddings))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return windows, nil
}

// writeNew creates a file that must not exist yet, and returns the digest of its content. If it
// fails, there is no file.
func writeNew(path string, write func(io.Writer) error) (hash.Hash, error) {
	file, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o644) //nolint:gosec // a model is no secret
	if err != nil {
		return nil, err
	}
	digest := sha256.New()
	err = write(io.MultiWriter(file, digest))
	if err == nil {
		err = file.Sync()
	}
	if err = errors.Join(err, file.Close()); err != nil {
		return nil, errors.Join(err, os.Remove(path))
	}
	return digest, nil
}

// modelMemory bounds the tensors of a measurement, in bytes: more than machines have.
const modelMemory = 1 << 42

// measureModel compares the converted model with its floats.
func measureModel(out io.Writer, model *published.Model, path string, windows [][]int32) (err error) {
	file, err := os.Open(path)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	stat, err := file.Stat()
	if err != nil {
		return err
	}
	converted, err := format.Open(file, stat.Size())
	if err != nil {
		return err
	}
	session := tensor.NewSession(cpu.New(), modelMemory)
	defer func() { err = errors.Join(err, session.Close()) }()
	longest := 0
	for _, w := range windows {
		longest = max(longest, len(w))
	}
	d, err := decoder.New(decoder.OnSession(session, file), converted, decoder.Options{Context: uint32(longest)}) //nolint:gosec // a number of tokens of a text
	if err != nil {
		return err
	}
	report, err := convert.Compare(model.Weights, model.Config, d, windows)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintln(out, report)
	return err
}
