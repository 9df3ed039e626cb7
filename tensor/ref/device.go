package ref

import (
	"fmt"

	"github.com/thetaedge/theta/tensor"
)

// Device executes calls as they are submitted.
type Device struct {
	sums []uint64
}

// NewDevice returns a device in memory.
func NewDevice() *Device { return &Device{} }

// Name says what executes.
func (*Device) Name() string { return "reference" }

// New returns a tensor of zeros.
func (*Device) New(s tensor.Shape) (tensor.Buffer, error) { return NewBuffer(s) }

// Submit executes calls.
func (d *Device) Submit(calls []tensor.Call) error {
	for _, call := range calls {
		if err := Run(call); err != nil {
			return err
		}
		d.sums = append(d.sums, Checksums(call)...)
	}
	return nil
}

// Wait returns the checksums since the last Wait.
func (d *Device) Wait() ([]uint64, error) {
	sums := d.sums
	d.sums = nil
	return sums, nil
}

// Close has nothing to end.
func (*Device) Close() error { return nil }

// Checksums returns those of the output of a traced call that has run, one for each key.
func Checksums(call tensor.Call) []uint64 {
	if !call.Op.Code().Traced() {
		return nil
	}
	operands := tensor.Operands(call.Op)
	last := len(operands) - 1
	output := Operands{call, operands}.S32(last)[:Outputs(call.Op)]
	sums := make([]uint64, len(call.Keys))
	for i, key := range call.Keys {
		sums[i] = tensor.Checksum(key, 0, output)
	}
	return sums
}

// Outputs returns the number of elements of the output of a traced operation.
func Outputs(op tensor.Op) int {
	switch o := op.(type) {
	case *tensor.Gemm:
		return int(o.Batch) * int(o.M) * int(o.N)
	case *tensor.Conv2D:
		return int(o.Batch) * int(o.Window.OutHeight) * int(o.Window.OutWidth) * int(o.OutChannels)
	case *tensor.Depthwise2D:
		return int(o.Batch) * int(o.Window.OutHeight) * int(o.Window.OutWidth) * int(o.Channels)
	case *tensor.AttnValues:
		return int(o.Queries) * int(o.Heads) * int(o.Dim)
	}
	return 0
}

// errUnknown is an operation that has no reference.
func errUnknown(op tensor.Op) error {
	return fmt.Errorf("expected an operation of the profile, found %v", op.Code())
}
