package tensors

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"os"
	"slices"

	"github.com/thetaedge/theta/executor"
	"github.com/thetaedge/theta/executor/manifest"
	"github.com/thetaedge/theta/executor/wasm"
	"github.com/thetaedge/theta/tensor"
)

// traceDomain separates the traces of runs from all other hashes.
const traceDomain = "theta/tensor/run/1"

// run serves the calls of one program.
type run struct {
	device  *lent
	session *tensor.Session
	serve   []call
	// inputs are the files of the task.
	inputs []executor.Input
	// buffer holds a piece of a file on its way into a tensor.
	buffer []byte
	// records and fuel are those of the operations since the device was last waited for.
	records int
	fuel    uint64
}

// open opens a file of the task by its digest.
func (r *run) open(digest [32]byte) (*os.File, error) {
	for _, in := range r.inputs {
		if in.Digest == digest {
			return os.Open(in.Path)
		}
	}
	return nil, fmt.Errorf("expected an input with the digest %x, found none", digest)
}

// Call implements wasm.Run.
func (r *run) Call(c *wasm.Call) (uint32, error) {
	if err := c.Charge(tensor.FuelLaunch); err != nil {
		return 0, err
	}
	result, err := r.serve[c.Function].serve(r, c)
	return result, ended(err)
}

// ended turns the errors of a session into the ends of a program. Errors of the device never are
// one, whatever they wrap: other machines have other devices.
func ended(err error) error {
	var trap *tensor.Trap
	switch {
	case errors.Is(err, executor.ErrDevice):
		return err
	case errors.As(err, &trap):
		return &wasm.End{Reason: manifest.ReasonTrapped, Detail: trap.Error()}
	case errors.Is(err, tensor.ErrOutOfMemory):
		return &wasm.End{Reason: manifest.ReasonOutOfMemory, Detail: err.Error()}
	}
	return err
}

// charge takes the fuel for bytes, in addition to that of the call.
func charge(c *wasm.Call, bytes uint64) error {
	return c.Charge(tensor.FuelForBytes(bytes) - tensor.FuelLaunch)
}

// wait waits for the device.
func (r *run) wait() error {
	r.records, r.fuel = 0, 0
	return r.session.Wait()
}

// Seal implements wasm.Run.
func (r *run) Seal(traces []executor.Trace) ([]executor.Trace, error) {
	own, err := r.session.Traces()
	if err != nil {
		return nil, err
	}
	sealed := make([]executor.Trace, len(traces))
	for i := range traces {
		sealed[i] = sha256.Sum256(slices.Concat([]byte(traceDomain), traces[i][:], own[i][:]))
	}
	if len(traces) == 0 {
		return nil, nil
	}
	return sealed, nil
}

// Close implements wasm.Run. The result does not depend on it any more: a device that cannot give
// up its tensors is closed.
func (r *run) Close() error {
	if err := r.session.Close(); err != nil {
		r.device.failed = true
	}
	return r.device.Close()
}
