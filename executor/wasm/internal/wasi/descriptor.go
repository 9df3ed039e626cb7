package wasi

// stream keeps the beginning of the data that is written to it.
type stream struct {
	kept []byte
}

func (s *stream) write(b []byte) {
	room := StreamBytes - len(s.kept)
	s.kept = append(s.kept, b[:min(room, len(b))]...)
}

// descriptor is an open stream, file or directory.
type descriptor struct {
	stream  *stream // nil for a node
	node    *node
	preopen string // guest path of a preopened directory

	offset   uint64
	flags    uint32
	readable bool
	writable bool
}

// rights returns the rights of the descriptor, and those that descriptors opened through it
// may have.
func (d *descriptor) rights() (base, inheriting uint64) {
	if d.node != nil && d.node.isDir() {
		// A program may try everything below a directory, so that an attempt to write below
		// /in reaches path_open, which refuses it with a clear answer.
		return rightsAll &^ rightsFile, rightsAll
	}
	// A stream also has the rights to seek, because a C library treats a stream without them
	// as a terminal.
	base = rightsAll &^ rightsPaths
	if !d.readable {
		base &^= rightsRead
	}
	if !d.writable {
		base &^= rightsWrite
	}
	return base, base
}

func (d *descriptor) fileType() byte {
	if d.stream != nil {
		return typeCharacterDevice
	}
	return d.node.fileType()
}

// moveTo sets the position at which the next read or write happens. The position of /dev/null
// is always its start.
func (d *descriptor) moveTo(offset uint64) {
	if !d.node.null {
		d.offset = offset
	}
}

func (h *Host) descriptor(fd uint32) (*descriptor, Errno) {
	if uint64(fd) >= uint64(len(h.fds)) || h.fds[fd] == nil {
		return nil, errBadf
	}
	return h.fds[fd], ok
}

// file returns a descriptor of a regular file. For a directory it returns EBADF, as WASI
// requires, although POSIX would allow a seek in it.
func (h *Host) file(fd uint32) (*descriptor, Errno) {
	d, errno := h.descriptor(fd)
	switch {
	case errno != ok:
		return nil, errno
	case d.stream != nil:
		return nil, errSpipe
	case d.node.isDir():
		return nil, errBadf
	}
	return d, ok
}

// outputFile returns a descriptor of a file that can be written.
func (h *Host) outputFile(fd uint32) (*descriptor, Errno) {
	d, errno := h.file(fd)
	if errno != ok {
		return nil, errno
	}
	if !d.writable {
		return nil, errBadf
	}
	return d, ok
}

// open gives d the lowest free number.
func (h *Host) open(d *descriptor) (uint32, Errno) {
	fd := -1
	for i, used := range h.fds {
		if used == nil {
			fd = i
			break
		}
	}
	if fd < 0 {
		if len(h.fds) >= MaxDescriptors {
			return 0, errNfile
		}
		fd = len(h.fds)
		h.fds = append(h.fds, nil)
	}
	d.node.refs++
	h.fds[fd] = d
	return uint32(fd), ok
}

func (h *Host) drop(fd uint32) {
	d := h.fds[fd]
	h.fds[fd] = nil
	if d.node != nil && d.preopen == "" {
		d.node.refs--
		h.tree.release(d.node)
	}
}
