package wasi

import "encoding/binary"

// buffers decodes a list of I/O vectors after it has been paid for: each entry
// and each byte that it spans. The second value is the sum of their lengths.
func (h *Host) buffers(ptr, count uint32) ([][]byte, uint64, Errno) {
	if !h.charge(uint64(count) * FuelPerEntry) {
		return nil, 0, errInval
	}
	if uint64(count)*8 > uint64(len(h.mem)) {
		return nil, 0, errFault
	}
	list, found := h.mem.slice(ptr, count*8)
	if !found {
		return nil, 0, errFault
	}
	buffers := make([][]byte, 0, min(count, 1024))
	var total uint64
	for ; len(list) > 0; list = list[8:] {
		size := binary.LittleEndian.Uint32(list[4:])
		b, found := h.mem.slice(binary.LittleEndian.Uint32(list), size)
		if !found {
			return nil, 0, errFault
		}
		total += uint64(size)
		buffers = append(buffers, b)
	}
	if total > 1<<32-1 {
		return nil, 0, errInval
	}
	return buffers, total, ok
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
	d.offset += n
	return h.mem.putU32(a.u32(3), uint32(n))
}

func (h *Host) fdPread(a args) Errno {
	d, errno := h.file(a.u32(0))
	if errno != ok {
		return errno
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

// read fills the vectors from a file and returns the number of bytes, which
// falls short only at the end of the file.
func (h *Host) read(d *descriptor, ptr, count uint32, offset uint64) (uint64, Errno) {
	if d.node.isDir() {
		return 0, errIsdir
	}
	if !d.readable {
		return 0, errBadf
	}
	buffers, total, errno := h.buffers(ptr, count)
	if errno != ok {
		return 0, errno
	}
	var rest uint64
	if size := d.node.size(); offset < size {
		rest = size - offset
	}
	if !h.charge(min(total, rest) * FuelPerByte) {
		return 0, errInval
	}
	var done uint64
	for _, b := range buffers {
		n, err := d.node.readAt(b, offset+done)
		if err != nil {
			h.stop(HaltHost, err)
			return 0, errInval
		}
		done += uint64(n)
		if n < len(b) {
			break
		}
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
	d.offset += n
	return h.mem.putU32(a.u32(3), uint32(n))
}

func (h *Host) writeStream(s *stream, a args) Errno {
	if s != &h.stdout && s != &h.stderr {
		return errBadf
	}
	buffers, total, errno := h.buffers(a.u32(1), a.u32(2))
	if errno != ok {
		return errno
	}
	if !h.charge(total * FuelPerByte) {
		return errInval
	}
	for _, b := range buffers {
		s.write(b)
	}
	return h.mem.putU32(a.u32(3), uint32(total))
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

// write stores the vectors in a file, which grows as needed; passing the limit
// of outputs halts the program.
func (h *Host) write(d *descriptor, ptr, count uint32, offset uint64) (uint64, Errno) {
	if d.node.isDir() {
		return 0, errIsdir
	}
	if !d.writable {
		return 0, errBadf
	}
	buffers, total, errno := h.buffers(ptr, count)
	if errno != ok {
		return 0, errno
	}
	if !h.charge(total * FuelPerByte) {
		return 0, errInval
	}
	if total == 0 {
		return 0, ok
	}
	if end := offset + total; end > d.node.size() {
		if errno := h.resize(d.node, end); errno != ok {
			return 0, errno
		}
	}
	at := d.node.content[offset:]
	for _, b := range buffers {
		at = at[copy(at, b):]
	}
	return total, ok
}

const direntBytes = 24

// fdReaddir lists a directory in the byte order of names, "." and ".." first.
// Reading from cookie zero takes a snapshot that later calls continue.
func (h *Host) fdReaddir(a args) Errno {
	d, errno := h.descriptor(a.u32(0))
	if errno != ok {
		return errno
	}
	if d.stream != nil || !d.node.isDir() {
		return errNotdir
	}
	dst, found := h.mem.slice(a.u32(1), a.u32(2))
	if !found {
		return errFault
	}
	cookie := a[3]
	if cookie == 0 || d.listing == nil {
		if !h.charge(uint64(len(d.node.children)) * FuelPerEntry) {
			return errInval
		}
		d.listing = append([]string{".", ".."}, d.node.names()...)
	}
	used := 0
	for next := cookie; next < uint64(len(d.listing)) && used < len(dst); next++ {
		entry := h.dirent(d.node, d.listing[next], next+1)
		if !h.charge(FuelPerEntry + uint64(len(entry))*FuelPerByte) {
			return errInval
		}
		used += copy(dst[used:], entry)
	}
	return h.mem.putU32(a.u32(4), uint32(used))
}

func (h *Host) dirent(dir *node, name string, next uint64) []byte {
	entry := make([]byte, direntBytes, direntBytes+len(name))
	child := dir
	switch name {
	case ".":
	case "..":
		if dir.parent != nil {
			child = dir.parent
		}
	default:
		// It may be gone since the snapshot: then its number is zero, as of a
		// file that was removed while the directory was read.
		if child = dir.children[name]; child == nil {
			child = &node{}
		}
	}
	binary.LittleEndian.PutUint64(entry, next)
	binary.LittleEndian.PutUint64(entry[8:], child.ino)
	binary.LittleEndian.PutUint32(entry[16:], uint32(len(name)))
	entry[20] = child.fileType()
	return append(entry, name...)
}
