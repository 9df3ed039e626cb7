package wasi

import (
	"bytes"
	"encoding/binary"
)

// vectors is a list of I/O vectors in the guest's memory, at most MaxVectors.
type vectors struct {
	list []byte
	mem  memory
	// total is the sum of their lengths.
	total uint64
	// own says that one of the vectors covers a part of the list itself.
	own bool
}

// vectors checks a list of I/O vectors after the program has paid for it.
func (h *Host) vectors(ptr, count uint32) (vectors, Errno) {
	v := vectors{mem: h.mem}
	if count > MaxVectors {
		return v, errInval
	}
	if !h.charge(uint64(count) * FuelPerEntry) {
		return v, errInval
	}
	var found bool
	if v.list, found = h.mem.slice(ptr, count*8); !found {
		return v, errFault
	}
	first, last := uint64(ptr), uint64(ptr)+uint64(len(v.list))
	for list := v.list; len(list) > 0; list = list[8:] {
		at, size := binary.LittleEndian.Uint32(list), binary.LittleEndian.Uint32(list[4:])
		if _, found := h.mem.slice(at, size); !found {
			return v, errFault
		}
		v.total += uint64(size)
		v.own = v.own || size > 0 && uint64(at) < last && uint64(at)+uint64(size) > first
	}
	if v.total > 1<<32-1 {
		return v, errInval
	}
	return v, ok
}

// fixed returns the vectors as they are now, so that writes through them do not change the
// list.
func (v vectors) fixed() vectors {
	if v.own {
		v.list = bytes.Clone(v.list)
	}
	return v
}

// each calls visit with each vector's bytes, in order, until it returns false.
func (v vectors) each(visit func(b []byte) bool) {
	for list := v.list; len(list) > 0; list = list[8:] {
		// The list was checked before, and nothing has changed it since.
		b, _ := v.mem.slice(binary.LittleEndian.Uint32(list), binary.LittleEndian.Uint32(list[4:]))
		if !visit(b) {
			return
		}
	}
}

func (h *Host) fdRead(a args) Errno {
	d, errno := h.descriptor(a.u32(0))
	if errno != ok {
		return errno
	}
	if d.stream != nil {
		if d.stream == &h.stdout || d.stream == &h.stderr {
			return errBadf
		}
		return h.mem.putU32(a.u32(3), 0)
	}
	n, errno := h.read(d, a.u32(1), a.u32(2), d.offset)
	if errno != ok {
		return errno
	}
	d.moveTo(d.offset + n)
	return h.mem.putU32(a.u32(3), uint32(n))
}

func (h *Host) fdPread(a args) Errno {
	d, errno := h.descriptor(a.u32(0))
	switch {
	case errno != ok:
		return errno
	case d.stream != nil:
		return errSpipe
	}
	if a[3] > 1<<63-1 {
		return errInval
	}
	n, errno := h.read(d, a.u32(1), a.u32(2), a[3])
	if errno != ok {
		return errno
	}
	return h.mem.putU32(a.u32(4), uint32(n))
}

// read fills the vectors from a file and returns the number of bytes. The number is smaller
// than the size of the vectors only at the end of the file.
func (h *Host) read(d *descriptor, ptr, count uint32, offset uint64) (uint64, Errno) {
	if d.node.isDir() {
		return 0, errIsdir
	}
	if !d.readable {
		return 0, errBadf
	}
	v, errno := h.vectors(ptr, count)
	if errno != ok {
		return 0, errno
	}
	var rest uint64
	if size := d.node.size(); offset < size {
		rest = size - offset
	}
	if !h.charge(min(v.total, rest) * FuelPerByte) {
		return 0, errInval
	}
	var done uint64
	var failed error
	v.fixed().each(func(b []byte) bool {
		n, err := d.node.readAt(b, offset+done)
		failed = err
		done += uint64(n)
		return err == nil && n == len(b)
	})
	if failed != nil {
		h.stop(HaltHost, failed)
		return 0, errInval
	}
	return done, ok
}

func (h *Host) fdWrite(a args) Errno {
	d, errno := h.descriptor(a.u32(0))
	if errno != ok {
		return errno
	}
	if d.stream != nil {
		return h.writeStream(d.stream, a)
	}
	if d.flags&fdAppend != 0 && !d.node.isDir() {
		d.offset = d.node.size()
	}
	n, errno := h.write(d, a.u32(1), a.u32(2), d.offset)
	if errno != ok {
		return errno
	}
	d.moveTo(d.offset + n)
	return h.mem.putU32(a.u32(3), uint32(n))
}

func (h *Host) writeStream(s *stream, a args) Errno {
	if s != &h.stdout && s != &h.stderr {
		return errBadf
	}
	v, errno := h.vectors(a.u32(1), a.u32(2))
	if errno != ok {
		return errno
	}
	if !h.charge(v.total * FuelPerByte) {
		return errInval
	}
	v.each(func(b []byte) bool {
		s.write(b)
		return true
	})
	return h.mem.putU32(a.u32(3), uint32(v.total))
}

func (h *Host) fdPwrite(a args) Errno {
	d, errno := h.file(a.u32(0))
	if errno != ok {
		return errno
	}
	if a[3] > 1<<63-1 {
		return errInval
	}
	n, errno := h.write(d, a.u32(1), a.u32(2), a[3])
	if errno != ok {
		return errno
	}
	return h.mem.putU32(a.u32(4), uint32(n))
}

// write stores the vectors in a file, which grows as needed. If the file exceeds the limit of
// outputs, write halts the program.
func (h *Host) write(d *descriptor, ptr, count uint32, offset uint64) (uint64, Errno) {
	if d.node.isDir() || !d.writable {
		return 0, errBadf
	}
	v, errno := h.vectors(ptr, count)
	if errno != ok {
		return 0, errno
	}
	if !h.charge(v.total * FuelPerByte) {
		return 0, errInval
	}
	if v.total == 0 || d.node.null {
		return v.total, ok
	}
	if end := offset + v.total; end > d.node.size() {
		if errno := h.resize(d.node, end); errno != ok {
			return 0, errno
		}
	}
	v.each(func(b []byte) bool {
		d.node.content.writeAt(b, offset)
		offset += uint64(len(b))
		return true
	})
	return v.total, ok
}
