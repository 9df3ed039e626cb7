//go:build !wasip1

package main

import (
	"os"

	"github.com/thetaedge/theta/models/decoder"
	"github.com/thetaedge/theta/tensor"
	"github.com/thetaedge/theta/tensor/cpu"
)

// maxTensors is the highest number of bytes of tensors outside of a sandbox: more than a machine
// has.
const maxTensors = 1 << 42

// newMachine returns tensors in the memory of the process.
func newMachine(model *os.File) (machine decoder.Machine, done func(), err error) {
	session := tensor.NewSession(cpu.New(), maxTensors)
	return decoder.OnSession(session, model), func() { _ = session.Close() }, nil
}
