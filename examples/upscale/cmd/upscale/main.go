// Command upscale enlarges a picture with a network. It is meant to be compiled to wasm and run in a
// sandbox of the profile tensor/1, with a read-only folder /in and an output folder /out. Built
// for another system, it computes on the processor.
package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/thetaedge/theta/examples/upscale/device"
	"github.com/thetaedge/theta/examples/upscale/network"
	"github.com/thetaedge/theta/examples/upscale/picture"
)

// Exit codes: the arguments are wrong, or the work failed.
const (
	exitUsage  = 2
	exitFailed = 1
)

var errUsage = errors.New("usage")

func main() {
	err := run(os.Args[1:], os.Stderr)
	switch {
	case err == nil:
	case errors.Is(err, flag.ErrHelp):
	case errors.Is(err, errUsage):
		fmt.Fprintln(os.Stderr, "upscale:", err)
		os.Exit(exitUsage)
	default:
		fmt.Fprintln(os.Stderr, "upscale:", err)
		os.Exit(exitFailed)
	}
}

// options are the command line.
type options struct {
	model, picture, out string
	tile                int
}

func parse(args []string, stderr io.Writer) (options, error) {
	var o options
	flags := flag.NewFlagSet("upscale", flag.ContinueOnError)
	flags.SetOutput(stderr)
	flags.StringVar(&o.model, "model", "/in/model", "file of the network")
	flags.StringVar(&o.picture, "picture", "", "PNG or JPEG file to enlarge; by default picture.png or, without it, picture.jpg next to the model")
	flags.StringVar(&o.out, "out", "/out/picture.png", "PNG file to write")
	flags.IntVar(&o.tile, "tile", 128, "side of the tiles in pixels; smaller ones need less memory and more time")
	if err := flags.Parse(args); err != nil {
		if errors.Is(err, flag.ErrHelp) {
			return o, err
		}
		return o, fmt.Errorf("%w: %w", errUsage, err)
	}
	if flags.NArg() > 0 {
		return o, fmt.Errorf("%w: expected flags only, found %q", errUsage, flags.Arg(0))
	}
	if o.tile < network.MinTile || o.tile > network.MaxTile {
		return o, fmt.Errorf("%w: expected tiles of %d to %d pixels, found %d", errUsage, network.MinTile, network.MaxTile, o.tile)
	}
	return o, nil
}

func run(args []string, stderr io.Writer) error {
	o, err := parse(args, stderr)
	if err != nil {
		return err
	}
	model, err := network.Open(o.model)
	if err != nil {
		return fmt.Errorf("read model: %w", err)
	}
	defer func() { _ = model.Close() }()
	path, content, err := find(o.picture, filepath.Dir(o.model))
	if err != nil {
		return fmt.Errorf("read picture: %w", err)
	}
	scale := model.Network.Scale
	small, err := picture.Decode(content, scale)
	if err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	colours, err := network.Enlarge(device.New(), model, small.Picture, o.tile)
	if err != nil {
		return fmt.Errorf("enlarge: %w", err)
	}
	return write(o.out, small.Enlarged(colours, scale))
}

// find reads the picture. Without a path it is one of two files next to the model.
func find(path, folder string) (string, []byte, error) {
	if path != "" {
		content, err := read(path)
		return path, content, err
	}
	path = filepath.Join(folder, "picture.png")
	content, err := read(path)
	if errors.Is(err, os.ErrNotExist) {
		path = filepath.Join(folder, "picture.jpg")
		content, err = read(path)
	}
	return path, content, err
}

// read returns a file that is not too large for a picture.
func read(path string) ([]byte, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer func() { _ = file.Close() }()
	return io.ReadAll(io.LimitReader(file, picture.MaxFile+1))
}

// write writes a picture as PNG.
func write(path string, p picture.Picture) error {
	file, err := os.Create(path)
	if err != nil {
		return fmt.Errorf("write picture: %w", err)
	}
	if err := errors.Join(picture.Encode(file, p), file.Close()); err != nil {
		return fmt.Errorf("write picture: %w", err)
	}
	return nil
}
