package wasi

// stream keeps the beginning of what is written to it.
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

// rights returns what the descriptor may be used for, and what may be opened by it.
func (d *descriptor) rights() (base, inheriting uint64) {
	if d.node != nil && d.node.isDir() {
		// Everything may be tried below a directory, so that a wish to write below /in
		// reaches path_open and is refused there with a plain answer.
		return rightsAll &^ rightsFile, rightsAll
	}
	// A stream has the rights to seek too: a C library takes one without for a terminal.
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

// moveTo sets the place at which a file is read and written next. That of /dev/null is
// always its start.
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

// file returns a descriptor of a regular file. WASI says EBADF of a directory where
// POSIX would let one seek in it.
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

// outputFile returns a descriptor of a file that may be written.
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

// open puts d at the lowest free number.
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
