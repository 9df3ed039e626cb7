//go:build wasip1

package main

import (
	"os"

	"github.com/thetaedge/theta/models/decoder"
	"github.com/thetaedge/theta/models/decoder/wasi"
)

// newMachine returns the tensors of the profile tensor/1.
func newMachine(model *os.File) (machine decoder.Machine, done func(), err error) {
	return wasi.New(model), func() {}, nil
}
