// Logits reads tokens, loads the model /in/model, and writes the logits after each token to
// /out/logits.
package main

import (
	"encoding/binary"
	"fmt"
	"os"
	"strconv"

	"github.com/thetaedge/theta/models/decoder"
	"github.com/thetaedge/theta/models/decoder/wasi"
	"github.com/thetaedge/theta/models/format"
)

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(args []string) error {
	tokens := make([]int32, len(args))
	for i, arg := range args {
		n, err := strconv.ParseInt(arg, 10, 32)
		if err != nil {
			return err
		}
		tokens[i] = int32(n)
	}
	file, err := os.Open("/in/model")
	if err != nil {
		return err
	}
	stat, err := file.Stat()
	if err != nil {
		return err
	}
	model, err := format.Open(file, stat.Size())
	if err != nil {
		return err
	}
	d, err := decoder.New(wasi.New(file), model, decoder.Options{})
	if err != nil {
		return err
	}
	logits, err := d.Every(tokens)
	if err != nil {
		return err
	}
	var out []byte
	for _, l := range logits {
		out = binary.LittleEndian.AppendUint32(out, uint32(l))
	}
	return os.WriteFile("/out/logits", out, 0o600)
}
