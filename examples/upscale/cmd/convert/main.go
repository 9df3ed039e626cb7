// Command convert turns a network in the layers format of TensorFlow.js into the file of integers
// that upscale reads. The name of the file contains its digest.
package main

import (
	"crypto/sha256"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/thetaedge/theta/examples/upscale/convert"
	"github.com/thetaedge/theta/examples/upscale/network"
	"github.com/thetaedge/theta/examples/upscale/picture"
	"github.com/thetaedge/theta/examples/upscale/tfjs"
)

func main() {
	if err := run(os.Args[1:], os.Stdout); err != nil && !errors.Is(err, flag.ErrHelp) {
		fmt.Fprintln(os.Stderr, "convert:", err)
		os.Exit(1)
	}
}

func run(args []string, stdout io.Writer) error {
	flags := flag.NewFlagSet("convert", flag.ContinueOnError)
	from := flags.String("model", "", "model.json; the files of weights lie next to it")
	out := flags.String("out", "", "beginning of the name of the file to write; 16 digits of its SHA-256 follow")
	var o convert.Options
	flags.IntVar(&o.Tail, "tail", convert.Tail, "numbers of each channel that may be too large for eight bits, in millionths")
	flags.BoolVar(&o.OneScale, "one-scale", false, "give all channels of a layer the same scale")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if *from == "" || *out == "" || flags.NArg() == 0 {
		return errors.New("expected --model, --out and pictures to measure the network on")
	}
	content, err := convertFile(*from, flags.Args(), o)
	if err != nil {
		return err
	}
	digest := sha256.Sum256(content)
	path := fmt.Sprintf("%s-%x.model", *out, digest[:8])
	if err := os.WriteFile(path, content, 0o644); err != nil {
		return fmt.Errorf("write the network: %w", err)
	}
	fmt.Fprintf(stdout, "%s: %d bytes, SHA-256 %x\n", path, len(content), digest)
	return nil
}

// convertFile converts a model with the help of example pictures.
func convertFile(path string, examples []string, o convert.Options) ([]byte, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("read the model: %w", err)
	}
	model, err := tfjs.Read(text, func(name string) ([]byte, error) {
		return os.ReadFile(filepath.Join(filepath.Dir(path), name))
	})
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	var pictures []network.Picture
	for _, example := range examples {
		content, err := os.ReadFile(example)
		if err != nil {
			return nil, fmt.Errorf("read a picture: %w", err)
		}
		p, err := picture.Decode(content, 1)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", example, err)
		}
		pictures = append(pictures, p.Picture)
	}
	return convert.Run(model, pictures, o)
}
