// Command train fits the textgen model to a text and writes its model file.
package main

import (
	"flag"
	"fmt"
	"os"

	"github.com/thetaedge/theta/examples/textgen/tokenizer"
	"github.com/thetaedge/theta/examples/textgen/train"
)

// validationPart is the last 1/20 of the corpus, never trained on.
const validationPart = 20

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "train:", err)
		os.Exit(1)
	}
}

func run(args []string) error {
	flags := flag.NewFlagSet("train", flag.ContinueOnError)
	corpus := flags.String("corpus", "examples/textgen/corpus/pride-and-prejudice.txt", "text to learn, ascii, one paragraph a line")
	out := flags.String("out", "examples/textgen/model.bin", "model file to write")
	var options train.Options
	flags.IntVar(&options.Hidden, "hidden", 320, "hidden units")
	flags.IntVar(&options.Batch, "batch", 32, "texts read side by side")
	flags.IntVar(&options.Steps, "steps", 64, "characters a gradient reaches back")
	flags.IntVar(&options.Updates, "updates", 3300, "gradient steps")
	flags.Float64Var(&options.Rate, "rate", 0.003, "highest learning rate")
	flags.IntVar(&options.Evaluate, "evaluate", 250, "updates between measurements on the validation text")
	flags.Uint64Var(&options.Seed, "seed", 1, "seed of the first weights")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if options.Hidden < 1 || options.Batch < 1 || options.Steps < 1 || options.Updates < 1 || options.Evaluate < 1 {
		return fmt.Errorf("options: expected hidden, batch, steps, updates and evaluate of at least 1, found %+v", options)
	}
	text, err := os.ReadFile(*corpus)
	if err != nil {
		return fmt.Errorf("read corpus: %w", err)
	}
	alphabet, err := tokenizer.FromText(text)
	if err != nil {
		return err
	}
	symbols, err := alphabet.Encode(text)
	if err != nil {
		return err
	}
	split := len(symbols) - len(symbols)/validationPart
	training, validation := symbols[:split], symbols[split:]
	result, err := train.Run(alphabet, training, validation, options, os.Stdout)
	if err != nil {
		return err
	}
	quantised := train.Quantise(result.Parameters, alphabet)
	file := quantised.Encode()
	if err := os.WriteFile(*out, file, 0o644); err != nil {
		return fmt.Errorf("write model: %w", err)
	}
	fmt.Printf("characters: %d to train, %d to validate, %d symbols\n", len(training), len(validation), alphabet.Size())
	fmt.Printf("best at update %d: training %.4f, validation %.4f nats per character\n", result.Update, result.Training, result.Validation)
	fmt.Printf("validation as int8: %.4f; unigram baseline: %.4f\n", train.QuantisedLoss(quantised, validation),
		train.UnigramLoss(training, validation, alphabet.Size()))
	fmt.Printf("wrote %s: %d parameters, %d bytes\n", *out, quantised.Parameters(), len(file))
	return nil
}
