package vulkan

import "unsafe"

// stagingSize is the size of the memory that bytes pass through, in bytes, each way.
const stagingSize = 8 << 20

// staging is memory that host and device see.
type staging struct {
	up, down allocation
	// used counts bytes of up that commands under way may still read.
	used uint64
}

func (d *Device) openStaging() error {
	var err error
	if d.staging.up, err = d.allocate(stagingSize, memoryHostVisible|memoryHostCoherent, 0); err != nil {
		return err
	}
	d.staging.down, err = d.allocate(stagingSize, memoryHostVisible|memoryHostCoherent, memoryHostCached)
	return err
}

func (s *staging) close(d *Device) {
	s.up.close(d)
	s.down.close(d)
}

// copyBytes records a copy between buffers.
func (d *Device) copyBytes(from handle, fromByte uint64, to handle, toByte, size uint64) error {
	if err := d.barrier(); err != nil {
		return err
	}
	c := bufferCopy{from: fromByte, to: toByte, size: size}
	d.cmdCopyBuffer.do(uintptr(d.stream.open.commands), uintptr(from), uintptr(to), 1, uintptr(unsafe.Pointer(&c)))
	d.stream.dirty = true
	return nil
}

// fill records that words of a buffer are set. Both ends are at multiples of four bytes.
func (d *Device) fill(buffer handle, from, size uint64, word uint32) error {
	if err := d.barrier(); err != nil {
		return err
	}
	d.cmdFillBuffer.do(uintptr(d.stream.open.commands), uintptr(buffer), uintptr(from), uintptr(size), uintptr(word))
	d.stream.dirty = true
	return nil
}

// upload records a copy of bytes of the host. The bytes may change after it has returned.
func (d *Device) upload(buffer handle, at uint64, p []byte) error {
	s := &d.staging
	for len(p) > 0 {
		if s.used == s.up.size {
			if err := d.finish(); err != nil {
				return err
			}
		}
		n := copy(s.up.bytes()[s.used:], p)
		if err := d.copyBytes(s.up.buffer, s.used, buffer, at, uint64(n)); err != nil {
			return err
		}
		s.used = min(s.up.size, (s.used+uint64(n)+unit-1)/unit*unit)
		p, at = p[n:], at+uint64(n)
	}
	return nil
}

// download waits for everything that was recorded and returns bytes.
func (d *Device) download(buffer handle, at uint64, p []byte) error {
	s := &d.staging
	for len(p) > 0 {
		n := min(uint64(len(p)), s.down.size)
		if err := d.copyBytes(buffer, at, s.down.buffer, 0, n); err != nil {
			return err
		}
		d.order(pipelineStageHost, accessHostRead)
		d.stream.dirty = true
		if err := d.finish(); err != nil {
			return err
		}
		copy(p, s.down.bytes()[:n])
		p, at = p[n:], at+n
	}
	return nil
}
