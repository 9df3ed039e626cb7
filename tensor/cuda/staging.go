package cuda

import "unsafe"

// stagingSize is the size of the memory that bytes pass through, in bytes, each way.
const stagingSize = 8 << 20

// staging is memory of the host that the card reads and writes by itself.
type staging struct {
	up, down hostMemory
	// used counts bytes of up that commands under way may still read.
	used int
}

// hostMemory is memory of the host that does not move.
type hostMemory struct {
	at   unsafe.Pointer
	size int
}

// host takes such memory from the driver.
func (d *Device) host(size int) (hostMemory, error) {
	h := hostMemory{size: size}
	err := d.memHostAlloc.call(uintptr(unsafe.Pointer(&h.at)), uintptr(size), 0).check("taking memory of the machine")
	return h, err
}

func (h hostMemory) bytes() []byte { return unsafe.Slice((*byte)(h.at), h.size) }

func (h hostMemory) close(d *Device) {
	if h.at != nil {
		d.memFreeHost.call(uintptr(h.at))
	}
}

func (d *Device) openStaging() error {
	var err error
	if d.staging.up, err = d.host(stagingSize); err != nil {
		return err
	}
	d.staging.down, err = d.host(stagingSize)
	return err
}

func (s *staging) close(d *Device) {
	s.up.close(d)
	s.down.close(d)
}

// fill asks for words of memory to be set. Both ends are at multiples of four bytes.
func (d *Device) fill(at uintptr, size uint64, word uint32) error {
	if err := d.begin(0); err != nil {
		return err
	}
	return d.fail(d.memsetD32Async.call(at, uintptr(word), uintptr(size/4), d.stream.handle).check("setting memory"))
}

// upload asks for a copy of bytes of the host. The bytes may change after it has returned.
func (d *Device) upload(at uintptr, p []byte) error {
	s := &d.staging
	for len(p) > 0 {
		if s.used == s.up.size {
			if err := d.finish(); err != nil {
				return err
			}
		}
		if err := d.begin(0); err != nil {
			return err
		}
		from := s.up.bytes()[s.used:]
		n := copy(from, p)
		if err := d.fail(d.memcpyHtoDAsync.call(at, uintptr(unsafe.Pointer(&from[0])), uintptr(n), d.stream.handle).check("writing memory")); err != nil {
			return err
		}
		s.used = min(s.up.size, (s.used+n+unit-1)/unit*unit)
		p, at = p[n:], at+uintptr(n)
	}
	return nil
}

// download waits for everything that was asked for and returns bytes.
func (d *Device) download(at uintptr, p []byte) error {
	down := d.staging.down
	for len(p) > 0 {
		n := min(len(p), down.size)
		if err := d.begin(0); err != nil {
			return err
		}
		if err := d.fail(d.memcpyDtoHAsync.call(uintptr(down.at), at, uintptr(n), d.stream.handle).check("reading memory")); err != nil {
			return err
		}
		if err := d.finish(); err != nil {
			return err
		}
		copy(p, down.bytes()[:n])
		p, at = p[n:], at+uintptr(n)
	}
	return nil
}
