package cuda

import (
	"encoding/binary"

	"github.com/thetaedge/theta/tensor"
	"github.com/thetaedge/theta/tensor/ref"
	"github.com/thetaedge/theta/tensor/vulkan/plan"
)

// sumCount is the number of checksums that the device holds before the host has to read them.
const sumCount = 1 << 14

// sums are the checksums of traced outputs.
type sums struct {
	all span
	// used counts those on the device, which follow the ones that the host has found.
	used  int
	found []uint64
}

func (d *Device) openSums() error {
	var err error
	if d.sums.all, err = d.allocate(8 * sumCount); err != nil {
		return err
	}
	return d.fill(d.sums.all.at, 8*sumCount, 0)
}

// drain waits for all calls and reads the checksums.
func (d *Device) drain() error {
	s := &d.sums
	if s.used == 0 {
		return d.finish()
	}
	bytes := make([]byte, 8*s.used)
	if err := d.download(s.all.at, bytes); err != nil {
		return err
	}
	for i := range s.used {
		s.found = append(s.found, binary.LittleEndian.Uint64(bytes[8*i:]))
	}
	s.used = 0
	return d.fill(s.all.at, uint64(len(bytes)), 0)
}

// trace asks for the checksums of the output of a call.
func (d *Device) trace(call tensor.Call, held []*buffer) error {
	if !call.Op.Code().Traced() || len(call.Keys) == 0 {
		return nil
	}
	output := len(call.Buffers) - 1
	for _, key := range call.Keys {
		if d.sums.used == sumCount {
			if err := d.drain(); err != nil {
				return err
			}
		}
		parts, fit := plan.Sums(call.Op, output, uint64(ref.Outputs(call.Op)), key, uint32(2*d.sums.used), d.limits)
		if !fit {
			return errDivide(call.Op)
		}
		d.sums.used++
		for _, part := range parts {
			if err := d.record(held, part); err != nil {
				return err
			}
		}
	}
	return nil
}
