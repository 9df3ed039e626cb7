package tensors

import (
	"errors"
	"fmt"

	"github.com/thetaedge/theta/executor/wasm"
	"github.com/thetaedge/theta/tensor"
)

// call is a function of the import module.
type call struct {
	wasm.Function

	serve func(r *run, c *wasm.Call) (uint32, error)
}

// calls returns the functions of the import module. They are part of the profile. Each has taken
// the fuel of a launch.
func calls() []call {
	return []call{
		{wasm.Function{Name: "alloc", Params: "iI", Returns: true}, (*run).alloc},
		{wasm.Function{Name: "free", Params: "i"}, (*run).free},
		{wasm.Function{Name: "write", Params: "iIii"}, (*run).write},
		{wasm.Function{Name: "read", Params: "iIii"}, (*run).read},
		{wasm.Function{Name: "load", Params: "iIiII", Returns: true}, (*run).load},
		{wasm.Function{Name: "submit", Params: "ii"}, (*run).submit},
	}
}

// invalid is WASI's number for an argument that is not valid.
const invalid = 28

// alloc makes a tensor: type, count.
func (r *run) alloc(c *wasm.Call) (uint32, error) {
	shape := tensor.Shape{Type: tensor.Type(c.Params[0]), Count: c.Params[1]}
	if err := r.session.Fits(shape); err != nil {
		return 0, err
	}
	if err := charge(c, shape.Type.Bytes(shape.Count)); err != nil {
		return 0, err
	}
	handle, err := r.session.Alloc(shape)
	return uint32(handle), err
}

// free gives up a tensor: handle.
func (r *run) free(c *wasm.Call) (uint32, error) {
	return 0, r.session.Free(tensor.Handle(c.Params[0]))
}

// move checks and pays for a call that moves bytes between a tensor and the memory of the
// program: handle, offset, ptr, len.
func (r *run) move(c *wasm.Call) (handle tensor.Handle, offset uint64, p []byte, err error) {
	handle, offset = tensor.Handle(c.Params[0]), c.Params[1]
	ptr, length := uint32(c.Params[2]), uint32(c.Params[3])
	if err := r.session.Range(handle, offset, uint64(length)); err != nil {
		return 0, 0, nil, err
	}
	if p, err = memory(c, ptr, length); err != nil {
		return 0, 0, nil, err
	}
	return handle, offset, p, charge(c, uint64(length))
}

// memory returns bytes of the program. It fails with a *tensor.Trap.
func memory(c *wasm.Call, ptr, length uint32) ([]byte, error) {
	p, found := c.Memory(ptr, length)
	if !found {
		return nil, &tensor.Trap{Reason: fmt.Sprintf("expected bytes within the exported memory, found %d from %d on", length, ptr)}
	}
	return p, nil
}

func (r *run) write(c *wasm.Call) (uint32, error) {
	handle, offset, p, err := r.move(c)
	if err != nil {
		return 0, err
	}
	return 0, r.session.Write(handle, offset, p)
}

func (r *run) read(c *wasm.Call) (uint32, error) {
	handle, offset, p, err := r.move(c)
	if err != nil {
		return 0, err
	}
	if err := r.wait(); err != nil {
		return 0, err
	}
	return 0, r.session.Read(handle, offset, p)
}

// pieceBytes is the size of the pieces in which a file is moved into a tensor: a multiple of four.
const pieceBytes = 4 << 20

// load moves bytes of a file into a tensor: fd, position, handle, offset, len.
func (r *run) load(c *wasm.Call) (uint32, error) {
	position, handle, offset, length := c.Params[1], tensor.Handle(c.Params[2]), c.Params[3], c.Params[4]
	if err := r.session.Range(handle, offset, length); err != nil {
		return 0, err
	}
	file, errno := c.File(uint32(c.Params[0]))
	if errno != 0 {
		return errno, nil
	}
	if size := file.Size(); position > size || length > size-position {
		return invalid, nil
	}
	if err := charge(c, length); err != nil {
		return 0, err
	}
	to := r.session.Buffer(handle).(*lentBuffer)
	shape := to.Shape()
	if digest, known := file.Digest(); known && offset == 0 && length > 0 && length == shape.Type.Bytes(shape.Count) {
		return 0, r.loadWhole(c, file, to, part{digest, position, shape})
	}
	return 0, r.pieces(file, position, length, c.Pause, func(at uint64, p []byte) error { return to.Write(offset+at, p) })
}

// errRest interrupts the load of a whole tensor, which then begins again.
var errRest = errors.New("the program is to rest")

// loadWhole fills a tensor with a part of a file. If the program is to rest meanwhile, it rests and then begins
// again: the program has not seen the part of the content yet.
func (r *run) loadWhole(c *wasm.Call, file wasm.File, to *lentBuffer, p part) error {
	pause := func() error {
		if c.RestWanted() {
			return errRest
		}
		return c.Stopped()
	}
	for {
		err := to.load(p, func(write func(offset uint64, p []byte) error) error {
			return r.pieces(file, p.offset, p.shape.Type.Bytes(p.shape.Count), pause, write)
		})
		if !errors.Is(err, errRest) {
			return err
		}
		if err := to.empty(); err != nil {
			return err
		}
		if err := c.Pause(); err != nil {
			return err
		}
	}
}

// pieces reads bytes of a file from a position on, and writes them piece by piece from 0 on. It calls pause
// before each piece.
func (r *run) pieces(file wasm.File, position, length uint64, pause func() error, write func(offset uint64, p []byte) error) error {
	if need := min(length, pieceBytes); uint64(len(r.buffer)) < need {
		r.buffer = make([]byte, need)
	}
	for offset := uint64(0); offset < length; {
		if err := pause(); err != nil {
			return err
		}
		piece := r.buffer[:min(length-offset, pieceBytes)]
		if err := file.Read(piece, position+offset); err != nil {
			return err
		}
		if err := write(offset, piece); err != nil {
			return err
		}
		offset += uint64(len(piece))
	}
	return nil
}

const (
	// batchFuel is the fuel of the operations that are given to the device at once. Between two
	// batches, a run can be given up.
	batchFuel = 1 << 30
	// waitFuel is the fuel after which the device is waited for, so that a run that is given up
	// does not hold the device for long.
	waitFuel = 1 << 34
)

// submit begins operations: ptr, count.
func (r *run) submit(c *wasm.Call) (uint32, error) {
	ptr, count := uint32(c.Params[0]), uint32(c.Params[1])
	if count > tensor.MaxRecords {
		return 0, &tensor.Trap{Reason: fmt.Sprintf("submit: expected at most %d records, found %d", tensor.MaxRecords, count)}
	}
	p, err := memory(c, ptr, count*tensor.RecordBytes)
	if err != nil {
		return 0, err
	}
	submission, err := r.session.Check(p)
	if err != nil {
		return 0, err
	}
	if err := c.Charge(submission.Fuel - tensor.FuelLaunch); err != nil {
		return 0, err
	}
	return 0, r.begin(c, submission.Ops)
}

// begin gives operations to the device in batches.
func (r *run) begin(c *wasm.Call, ops []tensor.Op) error {
	for len(ops) > 0 {
		if err := c.Pause(); err != nil {
			return err
		}
		count, fuel := 0, uint64(0)
		for count < len(ops) && fuel < batchFuel {
			fuel += tensor.Fuel(ops[count])
			count++
		}
		if r.records+count > tensor.MaxRecords || r.fuel+fuel > waitFuel {
			if err := r.wait(); err != nil {
				return err
			}
		}
		r.records, r.fuel = r.records+count, r.fuel+fuel
		if err := r.session.Run(tensor.Submission{Ops: ops[:count]}); err != nil {
			return err
		}
		ops = ops[count:]
	}
	return nil
}
