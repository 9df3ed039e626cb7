package cpu

import (
	"errors"
	"fmt"
	"runtime"
	"sync"

	"github.com/thetaedge/theta/tensor"
	"github.com/thetaedge/theta/tensor/ref"
)

// Device executes calls on cores as they are submitted.
type Device struct {
	cores   int
	vectors Vectors
	sums    []uint64
	// team helps while a submission runs; it may be nil.
	team *team
	// held are the tensors with memory of their own.
	held map[*ref.Buffer]struct{}
	// tally is nil outside of tests.
	tally *tally
}

// Option changes a device.
type Option func(*Device)

// WithCores bounds the number of cores; the default is all of them.
func WithCores(n int) Option { return func(d *Device) { d.cores = max(n, 1) } }

// New returns a device.
func New(options ...Option) *Device {
	d := &Device{cores: runtime.GOMAXPROCS(0), held: map[*ref.Buffer]struct{}{}}
	WithVectors(AVX512VNNI)(d)
	for _, option := range options {
		option(d)
	}
	return d
}

// Name says what executes.
func (d *Device) Name() string {
	name := fmt.Sprintf("%d cores", d.cores)
	if d.cores == 1 {
		name = "1 core"
	}
	if d.vectors > Plain {
		name += " with " + d.vectors.String()
	}
	return name
}

// Vectors reports whether the device has vector instructions for sums of products. Without them,
// a unit of fuel takes up to ten times as long.
func (d *Device) Vectors() bool { return d.vectors > Plain }

// ownBytes is the size from which a tensor has memory of its own, in bytes.
const ownBytes = 32 << 10

// New returns a tensor of zeros. A large one lies outside of the heap of Go: its memory is given back
// as soon as the tensor is given up, and memory that the machine does not have is an error.
func (d *Device) New(s tensor.Shape) (tensor.Buffer, error) {
	size := s.Type.Bytes(s.Count)
	if size < ownBytes || size > maxBytes {
		return ref.NewBuffer(s)
	}
	memory, err := reserve(size)
	if err != nil {
		return nil, fmt.Errorf("memory for a tensor of %d bytes: %w", size, err)
	}
	var b *ref.Buffer
	b, err = ref.NewBufferIn(s, memory, func() error {
		delete(d.held, b)
		return release(memory)
	})
	if err != nil {
		return nil, errors.Join(err, release(memory))
	}
	d.held[b] = struct{}{}
	return b, nil
}

// maxBytes bounds the memory of a tensor, in bytes.
const maxBytes = 1 << 40

// Submit executes calls.
func (d *Device) Submit(calls []tensor.Call) error {
	if d.team = d.gather(len(calls)); d.team != nil {
		defer func() {
			d.team.dismiss()
			d.team = nil
		}()
	}
	for _, call := range calls {
		if err := d.run(call); err != nil {
			return err
		}
		d.sums = append(d.sums, d.checksums(call)...)
	}
	return nil
}

// Wait returns the checksums since the last Wait.
func (d *Device) Wait() ([]uint64, error) {
	sums := d.sums
	d.sums = nil
	return sums, nil
}

// Close gives up the tensors that are left.
func (d *Device) Close() error {
	var err error
	for b := range d.held {
		err = errors.Join(err, b.Free())
	}
	return err
}

// maxScratch bounds the memory that the cores take for rows that they work on, in bytes. No task
// pays for it.
const maxScratch = 64 << 20

// scratch returns the memory that a core takes for a row, in bytes.
func scratch(op tensor.Op) int {
	switch o := op.(type) {
	case *tensor.RMSNorm:
		return 4 * int(o.Cols)
	case *tensor.LayerNorm:
		return 4 * int(o.Cols)
	case *tensor.GroupNorm:
		return 4 * int(o.Pixels) * int(o.Channels/o.Groups)
	}
	return 1
}

// run executes a call by a kernel of its own, by rows, or as a whole.
func (d *Device) run(call tensor.Call) error {
	operands := ref.OperandsOf(call)
	switch o := call.Op.(type) {
	case *tensor.Gemm:
		d.gemm(o, operands)
		return nil
	case *tensor.Expand4:
		d.expand4(o, operands)
		return nil
	case *tensor.Rescale:
		if acc, out := operands.S32(0), operands.S32(4); acc != nil && out != nil {
			d.rescale(o, operands)
			return nil
		}
	case *tensor.Quant:
		d.quant(o, operands)
		return nil
	case *tensor.RMSNorm:
		if o.Cols <= maxGains {
			d.rmsNorm(o, operands)
			return nil
		}
	case *tensor.Rope:
		d.rotate(o, operands)
		return nil
	case *tensor.Gate:
		d.activate(o, operands)
		return nil
	case *tensor.Sum:
		d.sum(o, operands)
		return nil
	case *tensor.Conv2D:
		d.conv(o, operands)
		return nil
	case *tensor.AttnScores:
		d.scores(o, operands)
		return nil
	case *tensor.Softmax:
		d.softmax(o, operands)
		return nil
	case *tensor.AttnValues:
		d.values(o, operands)
		return nil
	}
	rows, elements, part := tensor.Rows(call.Op)
	if part == nil {
		return ref.Run(call)
	}
	var lock sync.Mutex
	var failed error
	cores := min(d.cores, max(maxScratch/scratch(call.Op), 1))
	d.divide(cores, rows, elements, func(from, to int) {
		if err := ref.Run(tensor.Call{Op: part(uint64(from), uint32(to-from)), Buffers: call.Buffers}); err != nil {
			lock.Lock()
			defer lock.Unlock()
			failed = err
		}
	})
	return failed
}

// checksums returns those of the output of a traced call, divided among the cores.
func (d *Device) checksums(call tensor.Call) []uint64 {
	count := ref.Outputs(call.Op)
	if count == 0 || len(call.Keys) == 0 {
		return nil
	}
	output := ref.OperandsOf(call).S32(len(call.Buffers) - 1)[:count]
	sums := make([]uint64, len(call.Keys))
	var lock sync.Mutex
	d.split(count, 4, func(from, to int) {
		for i, key := range call.Keys {
			part := d.checksum(key, uint64(from), output[from:to])
			lock.Lock()
			sums[i] += part
			lock.Unlock()
		}
	})
	return sums
}
